// SPDX-License-Identifier: GPL-2.0
/*
 * Frames both ways, and what is counted.
 *
 *	fd -- vm1 -- mv0 (macvlan) -- v0 ==== p0 -- packet socket
 *	fd -- vm1 -- v0 ==== p0                  (direct)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "st.h"

FIXTURE(frames) {
	int control;
	int port;
	int fd;
	int v0;
	int p0;
	int peer;	/* packet socket on p0 */
	uint8_t frame[2048];
	uint8_t got[2048];
};

FIXTURE_VARIANT(frames) {
	bool macvlan;
};

FIXTURE_VARIANT_ADD(frames, macvlan) {
	.macvlan = true,
};

FIXTURE_VARIANT_ADD(frames, direct) {
	.macvlan = false,
};

FIXTURE_SETUP(frames)
{
	ASSERT_EQ(0, st_netns_new());
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	self->port = st_port_new(self->control, "vm1", 0, 1);
	ASSERT_LT(0, self->port);
	ASSERT_EQ(0, st_veth_add("v0", "p0", -1));
	self->v0 = st_ifindex("v0");
	self->p0 = st_ifindex("p0");
	self->fd = st_port_open(self->control, self->port, 0);
	ASSERT_LE(0, self->fd);
	self->peer = st_packet_open(self->p0, false);
	ASSERT_LE(0, self->peer);
	if (variant->macvlan) {
		ASSERT_LT(0, st_macvlan_add("mv0", self->v0,
					    (uint8_t *)ST_MAC_PORT,
					    self->port));
	} else {
		ASSERT_EQ(0, st_attach(self->control, self->port, self->v0, 0)) {
			TH_LOG("%s", st_msg);
		}
	}
}

FIXTURE_TEARDOWN(frames)
{
	close(self->fd);
	close(self->peer);
	close(self->control);
}

TEST_F(frames, a_frame_written_right_after_attach_reaches_the_lower)
{
	ssize_t len = st_frame(self->frame, 100, ST_MAC_PEER, ST_MAC_PORT, 7);

	ASSERT_EQ(len, st_fd_write(self->fd, self->frame, len));
	ASSERT_EQ(1, st_readable(self->peer, 5000));
	ASSERT_EQ(len, read(self->peer, self->got, sizeof(self->got)));
	EXPECT_EQ(7, st_frame_number(self->got, len));
}

TEST_F(frames, a_frame_that_the_lower_receives_is_read_from_the_fd)
{
	ssize_t len = st_frame(self->frame, 100, ST_MAC_PORT, ST_MAC_PEER, 9);

	ASSERT_EQ(len, st_packet_send(self->peer, self->p0, self->frame, len));
	ASSERT_EQ(1, st_readable(self->fd, 5000));
	ASSERT_EQ(len, st_fd_read(self->fd, self->got, sizeof(self->got)));
	EXPECT_EQ(9, st_frame_number(self->got, len));
}

TEST_HARNESS_MAIN
