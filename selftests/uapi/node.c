// SPDX-License-Identifier: GPL-2.0
/*
 * The port's node: its owner and permissions from the moment it exists, after a
 * rename, in another namespace and back; and who may change the MAC address
 * through it.
 *
 *	/dev/tap<ifindex>                          in the initial namespace
 *	/dev/stabletap.ns/<namespace>/tap<ifindex>       elsewhere
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "st.h"

FIXTURE(node) {
	int initial;	/* the initial namespace */
	int home;	/* the test's namespace */
	int control;
	struct stabletap_create create;
	struct stabletap_get get;
	char path[128];
	struct stat st;
};

FIXTURE_SETUP(node)
{
	self->initial = open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->initial);
	ASSERT_EQ(0, st_netns_new());
	self->home = st_netns_fd();
	ASSERT_LE(0, self->home);
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	self->create = (struct stabletap_create) {
		.size = sizeof(self->create),
		.flags = STABLETAP_CREATE_OWNER | STABLETAP_CREATE_GROUP |
			 STABLETAP_CREATE_PERM,
		.owner = 1001, .group = 1002, .perm = 0640,
	};
	strcpy(self->create.name, "vm1");
}

FIXTURE_TEARDOWN(node)
{
	/* A failed test may have left the port in the initial namespace. */
	st_netns_enter(self->initial);
	if (st_ifindex("stnode1") > 0)
		st_link_del(st_ifindex("stnode1"));
	close(self->control);
}

/* The node's path in a namespace, as documented */
static void node_path(char *path, size_t size, int netns, int initial,
		      int ifindex)
{
	struct stat ns, init;

	fstat(netns, &ns);
	fstat(initial, &init);
	if (ns.st_ino == init.st_ino)
		snprintf(path, size, "/dev/tap%d", ifindex);
	else
		snprintf(path, size, "/dev/stabletap.ns/%lu/tap%d",
			 (unsigned long)ns.st_ino, ifindex);
}

#define NODE_PATH(netns, ifindex)					\
	node_path(self->path, sizeof(self->path), netns, self->initial, ifindex)

#define CREATE() st_ioctl(self->control, STABLETAP_IOC_CREATE, &self->create)

/*
 * Check that the node at self->path is the port's: mode, owner, group, device
 * number
 */
#define EXPECT_NODE(mode, uid, gid) do {				\
	EXPECT_EQ(0, stat(self->path, &self->st)) {			\
		TH_LOG("%s", self->path);				\
	}								\
	EXPECT_EQ(S_IFCHR | (mode), self->st.st_mode);			\
	EXPECT_EQ(uid, self->st.st_uid);				\
	EXPECT_EQ(gid, self->st.st_gid);				\
	EXPECT_EQ(makedev(self->get.major, self->get.minor),		\
		  self->st.st_rdev);					\
} while (0)

#define EXPECT_NO_NODE() do {						\
	EXPECT_EQ(-1, stat(self->path, &self->st)) {			\
		TH_LOG("%s", self->path);				\
	}								\
	EXPECT_EQ(ENOENT, errno);					\
} while (0)

TEST_F(node, it_is_there_when_the_ioctl_returns)
{
	int i;

	for (i = 0; i < 20; i++) {
		self->create.port = 0;
		ASSERT_EQ(0, CREATE());
		NODE_PATH(self->home, self->create.port);
		ASSERT_EQ(0, stat(self->path, &self->st));
		ASSERT_EQ(S_IFCHR | 0640, self->st.st_mode);
		ASSERT_EQ(1001, self->st.st_uid);
		ASSERT_EQ(1002, self->st.st_gid);
		ASSERT_EQ(0, st_port_delete(self->control, self->create.port,
					    0));
		EXPECT_NO_NODE();
	}
}

TEST_F(node, it_is_there_when_rtnetlink_returns)
{
	int vm1 = st_link_add("vm1", STABLETAP_KIND, 0);

	NODE_PATH(self->home, vm1);
	ASSERT_EQ(0, stat(self->path, &self->st));
	ASSERT_EQ(0, st_get(self->control, vm1, &self->get));
	EXPECT_NODE(0600, 0, 0);
	EXPECT_STREQ(self->path + strlen("/dev/"), self->get.node);
	ASSERT_EQ(0, st_link_del(vm1));
	EXPECT_NO_NODE();
}

TEST_F(node, the_uevent_has_name_owner_and_permissions)
{
	ASSERT_EQ(0, CREATE());
	NODE_PATH(self->home, self->create.port);
	EXPECT_EQ(0, st_sh("grep -qx 'DEVNAME=%s' /sys/class/net/vm1/tap%u/uevent",
			   self->path + strlen("/dev/"), self->create.port));
	EXPECT_EQ(0, st_sh("grep -qx DEVMODE=0640 /sys/class/net/vm1/tap%u/uevent",
			   self->create.port));
	EXPECT_EQ(0, st_sh("grep -qx DEVUID=1001 /sys/class/net/vm1/tap%u/uevent",
			   self->create.port));
	EXPECT_EQ(0, st_sh("grep -qx DEVGID=1002 /sys/class/net/vm1/tap%u/uevent",
			   self->create.port));
}

TEST_F(node, sysfs_and_get_show_the_device_number)
{
	ASSERT_EQ(0, CREATE());
	ASSERT_EQ(0, st_get(self->control, self->create.port, &self->get));
	EXPECT_EQ(0, st_sh("grep -qx %u:%u /sys/class/net/vm1/tap%u/dev",
			   self->get.major, self->get.minor,
			   self->create.port));
	NODE_PATH(self->home, self->create.port);
	EXPECT_NODE(0640, 1001, 1002);
}

TEST_F(node, a_rename_leaves_it_alone)
{
	ASSERT_EQ(0, CREATE());
	ASSERT_EQ(0, st_get(self->control, self->create.port, &self->get));
	ASSERT_EQ(0, st_sh("ip link set vm1 name vm2"));
	NODE_PATH(self->home, self->create.port);
	EXPECT_NODE(0640, 1001, 1002);
	EXPECT_EQ(0, st_sh("test -e /sys/class/net/vm2/tap%u/dev",
			   self->create.port));
	ASSERT_LE(0, st_port_open(self->control, self->create.port, 0));
	/*
	 * Rename it while it is up, which kernels since 6.2 allow, and while it
	 * is down.
	 */
	ASSERT_EQ(0, st_link_up(self->create.port, false));
	ASSERT_EQ(0, st_sh("ip link set vm2 name vm3"));
	EXPECT_NODE(0640, 1001, 1002);
}

TEST_F(node, it_follows_the_port_to_another_namespace_and_back)
{
	char old[128];
	int there, control;
	int port;

	ASSERT_EQ(0, CREATE());
	port = self->create.port;
	ASSERT_EQ(0, st_get(self->control, port, &self->get));
	NODE_PATH(self->home, port);
	strcpy(old, self->path);

	ASSERT_EQ(0, st_netns_new());
	there = st_netns_fd();
	control = st_control_open();
	ASSERT_LE(0, control);
	ASSERT_EQ(0, st_netns_enter(self->home));
	ASSERT_EQ(0, st_link_netns(port, there));
	EXPECT_NO_NODE();
	ASSERT_EQ(0, st_netns_enter(there));
	port = st_ifindex("vm1");
	NODE_PATH(there, port);
	EXPECT_NODE(0640, 1001, 1002);
	EXPECT_EQ(0, st_sh("grep -qx %u:%u /sys/class/net/vm1/tap%u/dev",
			   self->get.major, self->get.minor, port));

	ASSERT_EQ(0, st_link_netns(port, self->home));
	EXPECT_NO_NODE();
	ASSERT_EQ(0, st_netns_enter(self->home));
	NODE_PATH(self->home, st_ifindex("vm1"));
	EXPECT_STREQ(old, self->path);
	EXPECT_NODE(0640, 1001, 1002);
}

TEST_F(node, in_the_initial_namespace_it_has_macvtaps_name)
{
	int port;

	/* An ifindex that is not in use there */
	strcpy(self->create.name, "stnode1");
	self->create.port = 1000000 + getpid();
	ASSERT_EQ(0, CREATE());
	port = self->create.port;
	ASSERT_EQ(0, st_get(self->control, port, &self->get));
	ASSERT_EQ(0, st_link_netns(port, self->initial));
	ASSERT_EQ(0, st_netns_enter(self->initial));
	port = st_ifindex("stnode1");
	ASSERT_LT(0, port);
	snprintf(self->path, sizeof(self->path), "/dev/tap%d", port);
	EXPECT_NODE(0640, 1001, 1002);

	ASSERT_EQ(0, st_link_netns(port, self->home));
	EXPECT_NO_NODE();
	ASSERT_EQ(0, st_netns_enter(self->home));
	NODE_PATH(self->home, st_ifindex("stnode1"));
	EXPECT_NODE(0640, 1001, 1002);
}

TEST_F(node, a_name_that_is_taken_below_dev_is_not_opened_by_mistake)
{
	/*
	 * If the name exists, devtmpfs creates no node; the device number
	 * differs then.
	 */
	self->create.port = 4712;
	NODE_PATH(self->home, 4712);
	ASSERT_EQ(0, st_sh("mkdir -p $(dirname %s)", self->path));
	ASSERT_EQ(0, mknod(self->path, S_IFCHR | 0666, makedev(1, 3)));
	ASSERT_EQ(0, CREATE());
	EXPECT_EQ(-ENXIO, st_port_open(self->control, 4712, 0));
	ASSERT_EQ(0, st_port_delete(self->control, 4712, 0));
	/* The other node is not removed. */
	EXPECT_EQ(0, stat(self->path, &self->st));
	EXPECT_EQ(makedev(1, 3), self->st.st_rdev);
	EXPECT_EQ(0, unlink(self->path));
}

/* /proc/self/fd/N opens the inode again, without a look at its path. */
TEST_F(node, of_a_deleted_port_does_not_open_the_port_that_has_its_minor_now)
{
	char path[32];
	int found, minor;

	ASSERT_EQ(0, CREATE());
	ASSERT_EQ(0, st_get(self->control, self->create.port, &self->get));
	minor = self->get.minor;
	NODE_PATH(self->home, self->create.port);
	found = open(self->path, O_PATH | O_CLOEXEC);
	ASSERT_LE(0, found);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", found);
	EXPECT_LE(0, open(path, O_RDWR | O_CLOEXEC));

	ASSERT_EQ(0, st_port_delete(self->control, self->create.port,
				    STABLETAP_DELETE_FORCE));
	self->create.port = 0;
	ASSERT_EQ(0, CREATE());
	ASSERT_EQ(0, st_get(self->control, self->create.port, &self->get));
	ASSERT_EQ(minor, self->get.minor);
	EXPECT_EQ(-1, open(path, O_RDWR | O_CLOEXEC));
	EXPECT_EQ(ENODEV, errno);
	ASSERT_EQ(0, st_get(self->control, self->create.port, &self->get));
	EXPECT_EQ(0, self->get.open_queues);
}

/* The MAC address */

static const uint8_t new_mac[6] = { 0x52, 0x54, 0, 0, 9, 9 };

static int set_mac(int fd, const uint8_t *mac)
{
	struct ifreq ifr = {};

	ifr.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(ifr.ifr_hwaddr.sa_data, mac, 6);
	return ioctl(fd, SIOCSIFHWADDR, &ifr) ? -errno : 0;
}

FIXTURE(mac) {
	int control;
	int vm1;
	int mv0;
	int fd;
	uint8_t mac[6];
};

FIXTURE_SETUP(mac)
{
	struct stabletap_create create = {
		.size = sizeof(create), .name = "vm1",
		.flags = STABLETAP_CREATE_OWNER, .owner = 65534,
		.mac = ST_MAC_PORT,
	};

	ASSERT_EQ(0, st_netns_new());
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	ASSERT_EQ(0, st_ioctl(self->control, STABLETAP_IOC_CREATE, &create));
	self->vm1 = create.port;
	ASSERT_EQ(0, st_link_up(self->vm1, true));
	ASSERT_LT(0, st_link_add("d0", "dummy", 0));
	ASSERT_EQ(0, st_link_up(st_ifindex("d0"), true));
	self->mv0 = st_macvlan_add("mv0", st_ifindex("d0"),
				   (uint8_t *)ST_MAC_PORT, self->vm1);
	ASSERT_LT(0, self->mv0);
	self->fd = st_port_open(self->control, self->vm1, 0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(mac)
{
	close(self->fd);
	close(self->control);
}

TEST_F(mac, the_nodes_owner_may_open_it_but_not_change_the_mac)
{
	pid_t child;
	int status;

	close(self->fd);
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		int fd;

		if (setresuid(65534, 65534, 65534))
			_exit(1);
		fd = st_port_open(self->control, self->vm1, 0);
		if (fd < 0)
			_exit(2);
		if (set_mac(fd, new_mac) != -EPERM)
			_exit(3);
		/* The other ioctls of a VMM need no capability. */
		_exit(ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM) ? 4 : 0);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, st_link_state(self->vm1, NULL, NULL, self->mac, NULL));
	EXPECT_EQ(0, memcmp(ST_MAC_PORT, self->mac, 6));
	ASSERT_EQ(0, st_link_state(self->mv0, NULL, NULL, self->mac, NULL));
	EXPECT_EQ(0, memcmp(ST_MAC_PORT, self->mac, 6));
}

TEST_F(mac, a_capable_users_change_through_the_fd_reaches_the_lower)
{
	EXPECT_EQ(0, set_mac(self->fd, new_mac));
	ASSERT_EQ(0, st_link_state(self->vm1, NULL, NULL, self->mac, NULL));
	EXPECT_EQ(0, memcmp(new_mac, self->mac, 6));
	ASSERT_EQ(0, st_link_state(self->mv0, NULL, NULL, self->mac, NULL));
	EXPECT_EQ(0, memcmp(new_mac, self->mac, 6));
}

TEST_F(mac, a_multicast_address_is_refused_and_nothing_changes)
{
	EXPECT_EQ(-EADDRNOTAVAIL, set_mac(self->fd, (uint8_t *)ST_BROADCAST));
	ASSERT_EQ(0, st_link_state(self->vm1, NULL, NULL, self->mac, NULL));
	EXPECT_EQ(0, memcmp(ST_MAC_PORT, self->mac, 6));
	ASSERT_EQ(0, st_link_state(self->mv0, NULL, NULL, self->mac, NULL));
	EXPECT_EQ(0, memcmp(ST_MAC_PORT, self->mac, 6));
}

TEST_F(mac, a_multicast_address_is_refused_while_detached_too)
{
	ASSERT_EQ(0, st_detach(self->control, self->vm1));
	EXPECT_EQ(-EADDRNOTAVAIL, set_mac(self->fd, (uint8_t *)ST_BROADCAST));
	ASSERT_EQ(0, st_link_state(self->vm1, NULL, NULL, self->mac, NULL));
	EXPECT_EQ(0, memcmp(ST_MAC_PORT, self->mac, 6));
}

TEST_F(mac, an_address_that_the_lower_refuses_is_refused_and_nothing_changes)
{
	int mv1 = st_macvlan_add("mv1", st_ifindex("d0"), new_mac, 0);

	ASSERT_EQ(0, st_link_up(mv1, true));
	EXPECT_EQ(-EADDRINUSE, set_mac(self->fd, new_mac));
	ASSERT_EQ(0, st_link_state(self->vm1, NULL, NULL, self->mac, NULL));
	EXPECT_EQ(0, memcmp(ST_MAC_PORT, self->mac, 6));
	ASSERT_EQ(0, st_link_state(self->mv0, NULL, NULL, self->mac, NULL));
	EXPECT_EQ(0, memcmp(ST_MAC_PORT, self->mac, 6));
}

TEST_HARNESS_MAIN
