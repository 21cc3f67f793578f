// SPDX-License-Identifier: GPL-2.0
/*
 * Real NICs, their drivers and the port's fd come back from suspend to memory.
 *
 *	fd -- vm1 -- mv0 (macvlan) -- e1000e ==== vmxnet3 -- packet socket
 *	fd -- vm1 -- e1000e ==== vmxnet3 -- packet socket	(direct)
 *
 * vm-timeout: 3600
 */
#include <errno.h>
#include <poll.h>

#include "harness.h"
#include "nics.h"
#include "scene.h"
#include "st.h"
#include "suspend.h"

#define ROUNDS 5

FIXTURE(nic) {
	struct scene s;
	struct nics nics;
};

FIXTURE_VARIANT(nic) {
	bool macvlan;
};

FIXTURE_VARIANT_ADD(nic, macvlan) {
	.macvlan = true,
};

FIXTURE_VARIANT_ADD(nic, direct) {
	.macvlan = false,
};

FIXTURE_SETUP(nic)
{
	ASSERT_EQ(0, nics_new(&self->nics, &self->s, variant->macvlan)) {
		TH_LOG("the machine needs --nics");
	}
	ASSERT_EQ(0, scene_attach(&self->s)) {
		TH_LOG("%s", st_msg);
	}
	ASSERT_EQ(0, scene_flows_again(&self->s, NICS_DEADLINE));
}

FIXTURE_TEARDOWN(nic)
{
	nics_end(&self->nics, &self->s);
}

TEST_F_TIMEOUT(nic, sleeps_and_wakes_below_an_attached_port, 1800)
{
	struct scene *s = &self->s;
	struct pollfd pfd = { .fd = s->fd, .events = POLLOUT };
	unsigned int lower = scene_get(s)->lower;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, suspend_to_memory());
		ASSERT_EQ(1, poll(&pfd, 1, NICS_DEADLINE));
		EXPECT_EQ(POLLOUT, pfd.revents);
		EXPECT_EQ(0, scene_flows_again(s, NICS_DEADLINE));
	}
	/* Nothing was lost, nothing was attached again. */
	EXPECT_EQ(STABLETAP_STATE_ATTACHED, scene_get(s)->state);
	EXPECT_EQ(lower, s->get.lower);
	EXPECT_EQ(0, s->get.losses);
	EXPECT_EQ(0, s->get.replaces);
	EXPECT_EQ(1, s->get.open_queues);
}

TEST_HARNESS_MAIN
