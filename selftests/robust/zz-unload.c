// SPDX-License-Identifier: GPL-2.0
/*
 * Unloading the module is refused while an fd or a control device is open.
 * Otherwise it deletes the ports, waits until their lowers have sent what waits
 * in their queues, and restores the lowers.  The file's name makes it the last
 * test of its directory, because it unloads the module.
 *
 *	fd -- vm1 -- mv0 (macvlan) -- d0 (dummy)
 *	      vm2 -- d1 (dummy)
 *
 * STABLETAP_KO: path of the module, to load it again.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "scene.h"
#include "st.h"

static bool is_unloaded(void *arg)
{
	int *err = arg;

	*err = st_module_unload();
	return *err != -EWOULDBLOCK;
}

FIXTURE(unload) {
	int control;
	int vm1;
	int vm2;
	int d1;
	int mv0;
	uint8_t d1_mac[6];
};

static const uint8_t child_mac[6] = { 0x52, 0x54, 0, 0, 0, 0x77 };

FIXTURE_SETUP(unload)
{
	ASSERT_EQ(0, st_netns_new());
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	self->vm1 = st_port_new(self->control, "vm1", 0, 1);
	ASSERT_LT(0, self->vm1);
	self->vm2 = st_port_new(self->control, "vm2", 1, 1);
	ASSERT_LT(0, self->vm2);
	self->d1 = st_link_add("d1", "dummy", 0);
	ASSERT_LT(0, self->d1);
	ASSERT_EQ(0, st_link_state(self->d1, NULL, NULL, self->d1_mac, NULL));
	ASSERT_LT(0, st_link_add("d0", "dummy", 0));
	ASSERT_EQ(0, st_link_up(st_ifindex("d0"), true));
	self->mv0 = st_macvlan_add("mv0", st_ifindex("d0"), child_mac, 0);
	ASSERT_LT(0, self->mv0);
	ASSERT_EQ(0, st_attach(self->control, self->vm1, self->mv0, 0));
	ASSERT_EQ(0, st_attach(self->control, self->vm2, self->d1, 0));
}

FIXTURE_TEARDOWN(unload)
{
	if (access("/sys/module/stabletap", F_OK))
		st_module_load();
}

TEST_F(unload, is_refused_while_a_fd_is_open)
{
	struct stabletap_get get;
	int fd = st_port_open(self->control, self->vm1, 0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, st_get(self->control, self->vm1, &get));
	/* Close it, so that only the fd keeps the module */
	close(self->control);
	EXPECT_EQ(-EWOULDBLOCK, st_module_unload());
	EXPECT_EQ(self->vm1, st_ifindex("vm1"));
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	EXPECT_EQ(0, st_get(self->control, self->vm1, &get));
	EXPECT_EQ(self->mv0, get.lower);
}

TEST_F(unload, is_refused_while_a_control_device_is_open)
{
	EXPECT_EQ(-EWOULDBLOCK, st_module_unload());
	EXPECT_EQ(self->vm1, st_ifindex("vm1"));
}

TEST_F(unload, takes_the_ports_and_leaves_the_lowers_as_they_were)
{
	unsigned int flags;
	uint8_t mac[6];
	int master, err;

	if (!getenv("STABLETAP_KO"))
		SKIP(return, "STABLETAP_KO, the module's path, is not set");
	close(self->control);
	ASSERT_TRUE(st_wait(is_unloaded, &err, ST_DEADLINE));
	ASSERT_EQ(0, err);
	EXPECT_EQ(-ENODEV, st_ifindex("vm1"));
	EXPECT_EQ(-ENODEV, st_ifindex("vm2"));
	EXPECT_EQ(-1, access(STABLETAP_CONTROL, F_OK));

	ASSERT_EQ(0, st_link_state(self->mv0, NULL, &flags, mac, &master));
	EXPECT_EQ(0, master);
	EXPECT_EQ(0, flags & (IFF_UP | IFF_SLAVE));
	EXPECT_EQ(0, memcmp(child_mac, mac, 6));
	ASSERT_EQ(0, st_link_state(self->d1, NULL, &flags, mac, &master));
	EXPECT_EQ(0, master);
	EXPECT_EQ(0, flags & (IFF_UP | IFF_SLAVE | IFF_PROMISC));
	EXPECT_EQ(0, memcmp(self->d1_mac, mac, 6));

	ASSERT_EQ(0, st_module_load());
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	self->vm1 = st_port_new(self->control, "vm1", 0, 1);
	ASSERT_LT(0, self->vm1);
	EXPECT_EQ(0, st_attach(self->control, self->vm1, self->mv0, 0));
	EXPECT_LE(0, st_port_open(self->control, self->vm1, 0));
}

/*
 * In the tests below, a frame waits in the queue of mv0 for longer than the
 * module lets it: mv0 is closed after a second.
 */
#define DRAIN	1000000000	/* ns */

static int queue_frame(FIXTURE_DATA(unload) *self)
{
	int fd = st_port_open(self->control, self->vm1, 0);
	uint8_t frame[60];
	ssize_t len;

	if (fd < 0)
		return fd;
	if (!st_wait_up(self->mv0, ST_DEADLINE))
		return -ETIMEDOUT;
	st_frame(frame, sizeof(frame), ST_MAC_PEER, ST_MAC_PORT, 0);
	len = st_fd_write(fd, frame, sizeof(frame));
	close(fd);
	if (len != sizeof(frame))
		return len < 0 ? len : -EIO;
	close(self->control);
	return 0;
}

/* Load the module again, and attach mv0 again. */
static int load_and_attach(FIXTURE_DATA(unload) *self)
{
	int err;

	err = st_module_load();
	if (err)
		return err;
	self->control = st_control_open();
	if (self->control < 0)
		return self->control;
	self->vm1 = st_port_new(self->control, "vm1", 0, 1);
	if (self->vm1 < 0)
		return self->vm1;
	return st_attach(self->control, self->vm1, self->mv0, 0);
}

struct unloader {
	pthread_t thread;
	uint64_t took;		/* ns */
	int err;
};

static bool unloader_try(void *arg)
{
	struct unloader *unloader = arg;
	uint64_t begin = st_now();
	bool done = is_unloaded(&unloader->err);

	unloader->took = st_now() - begin;
	return done;
}

static void *unloader_run(void *arg)
{
	struct unloader *unloader = arg;

	if (!st_wait(unloader_try, unloader, ST_DEADLINE))
		unloader->err = -ETIMEDOUT;
	return NULL;
}

static bool is_unloading(void *unused)
{
	return scene_file_has("/sys/module/stabletap/initstate", "going");
}

TEST_F(unload, waits_for_the_lower_of_a_port_that_it_deletes)
{
	struct unloader unloader = {};
	unsigned int flags;
	uint8_t mac[6];
	int master;

	if (!getenv("STABLETAP_KO"))
		SKIP(return, "STABLETAP_KO, the module's path, is not set");
	ASSERT_EQ(0, st_sh("tc qdisc replace dev mv0 root netem delay 100s"));
	ASSERT_EQ(0, queue_frame(self));
	unloader_run(&unloader);
	ASSERT_EQ(0, unloader.err);
	EXPECT_LE(DRAIN, unloader.took);
	ASSERT_EQ(0, st_link_state(self->mv0, NULL, &flags, mac, &master));
	EXPECT_EQ(0, master);
	EXPECT_EQ(0, flags & (IFF_UP | IFF_SLAVE));
	EXPECT_EQ(0, memcmp(child_mac, mac, 6));
	EXPECT_EQ(0, st_link_del(self->mv0));
}

/*
 * A bridge ends the wait, in the context of the process that adds the lower to
 * it.  The module must stay until the lower has been let go, which takes a
 * while, because closing a macvlan waits for RCU.
 */
TEST_F(unload, waits_for_a_bridge_that_takes_the_lower)
{
	struct unloader unloader;
	int br0, i, early = 0;

	if (!getenv("STABLETAP_KO"))
		SKIP(return, "STABLETAP_KO, the module's path, is not set");
	br0 = st_link_add("br0", "bridge", 0);
	ASSERT_LT(0, br0);
	ASSERT_EQ(0, st_sh("tc qdisc replace dev mv0 root netem delay 100s"));
	for (i = 0; i < 10; i++) {
		if (i)
			ASSERT_EQ(0, load_and_attach(self));
		ASSERT_EQ(0, queue_frame(self));
		unloader = (struct unloader){};
		ASSERT_EQ(0, pthread_create(&unloader.thread, NULL,
					    unloader_run, &unloader));
		ASSERT_TRUE(st_wait(is_unloading, NULL, ST_DEADLINE));
		ASSERT_EQ(0, st_link_master(self->mv0, br0));
		ASSERT_EQ(0, pthread_join(unloader.thread, NULL));
		ASSERT_EQ(0, unloader.err);
		early += unloader.took < DRAIN;
		EXPECT_EQ(br0, st_link_master_of(self->mv0));
		ASSERT_EQ(0, st_link_master(self->mv0, 0));
	}
	EXPECT_LT(0, early);
	EXPECT_EQ(0, st_link_del(self->mv0));
}

TEST_HARNESS_MAIN
