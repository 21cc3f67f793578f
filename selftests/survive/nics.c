// SPDX-License-Identifier: GPL-2.0
/*
 * One fd, opened once, survives changes of a real NIC: its driver, its PCI
 * device, its name, its namespace.
 *
 *	fd -- vm1 -- mv0 (macvlan) -- e1000e ==== vmxnet3 -- packet socket
 *	fd -- vm1 -- e1000e ==== vmxnet3 -- packet socket	(direct)
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "nics.h"
#include "scene.h"
#include "st.h"

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
	int err;

	if (access("/sys/bus/pci/drivers", F_OK))
		SKIP(return, "no PCI bus here");
	if (!nics_have_driver())
		SKIP(return, "this kernel has no e1000e");
	err = nics_new(&self->nics, &self->s, variant->macvlan);
	ASSERT_EQ(0, err) {
		TH_LOG("the machine needs --nics");
	}
	self->s.lower = self->s.v0;
	ASSERT_EQ(0, scene_attach(&self->s)) {
		TH_LOG("%s", st_msg);
	}
	ASSERT_EQ(0, scene_flows_again(&self->s, NICS_DEADLINE));
}

FIXTURE_TEARDOWN(nic)
{
	EXPECT_EQ(1, scene_get(&self->s)->open_queues);
	nics_end(&self->nics, &self->s);
}

/* The NIC and its macvlan are gone; the fd shows no error. */
static int lost(struct scene *s)
{
	uint64_t dropped;

	if (scene_get(s)->state != STABLETAP_STATE_DETACHED ||
	    s->get.detach_reason != STABLETAP_REASON_LOWER_GONE ||
	    s->get.losses != 1)
		return -EPROTO;
	dropped = SCENE_STAT(s, tx_detached);
	if (scene_write(s))
		return -EIO;
	return SCENE_STAT(s, tx_detached) == dropped + 1 ? 0 : -EBADMSG;
}

/*
 * The NIC is back in its first namespace: fetch it, attach it, and send frames.
 */
static int found_again(struct nics *nics, struct scene *s)
{
	int err;

	err = nics_fetch(nics, s);
	if (err)
		return err;
	s->lower = s->v0;
	err = scene_attach(s);
	return err ? err : scene_flows_again(s, NICS_DEADLINE);
}

TEST_F(nic, its_driver_is_removed_and_loaded_again)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, st_sh("rmmod e1000e"));
	ASSERT_EQ(0, lost(s));
	ASSERT_EQ(0, st_sh("modprobe e1000e"));
	EXPECT_EQ(0, found_again(&self->nics, s));
}

TEST_F(nic, its_PCI_device_is_removed_and_found_again)
{
	struct scene *s = &self->s;
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove",
		 self->nics.pci);
	ASSERT_EQ(0, scene_file_write(path, "1"));
	ASSERT_EQ(0, lost(s));
	ASSERT_EQ(0, scene_file_write("/sys/bus/pci/rescan", "1"));
	EXPECT_EQ(0, found_again(&self->nics, s));
}

TEST_F(nic, it_is_set_down_renamed_and_set_up)
{
	struct scene *s = &self->s;
	char name[IFNAMSIZ];

	ASSERT_NE(NULL, if_indextoname(s->v0, name));
	ASSERT_EQ(0, st_link_up(s->v0, false));
	EXPECT_TRUE(scene_await_state(s, STABLETAP_STATE_LOWER_DOWN));
	EXPECT_EQ(0, scene_write(s));
	ASSERT_EQ(0, st_sh("ip link set %s name wan9", name));
	ASSERT_EQ(0, st_link_up(s->v0, true));
	EXPECT_EQ(0, scene_flows_again(s, NICS_DEADLINE));
	EXPECT_EQ(0, scene_get(s)->losses);
}

TEST_F(nic, it_goes_to_another_namespace_and_comes_back)
{
	struct nics *nics = &self->nics;
	struct scene *s = &self->s;

	ASSERT_EQ(0, st_link_netns(s->v0, nics->home));
	EXPECT_EQ(0, scene_write(s));
	ASSERT_EQ(0, nics_fetch(nics, s));
	if (variant->macvlan) {
		/*
		 * The move has flushed the NIC's address list, and with it the
		 * macvlan's address, as for every macvlan.  Opening the macvlan
		 * again adds the address.
		 */
		EXPECT_EQ(0, scene_get(s)->losses);
		ASSERT_EQ(0, st_link_up(s->mv0, false));
		ASSERT_EQ(0, st_link_up(s->mv0, true));
	} else {
		EXPECT_EQ(STABLETAP_REASON_LOWER_MOVED,
			  scene_get(s)->detach_reason);
		ASSERT_EQ(0, st_attach(s->control, s->port, s->v0, 0));
	}
	EXPECT_EQ(0, scene_flows_again(s, NICS_DEADLINE));
}

TEST_HARNESS_MAIN
