// SPDX-License-Identifier: GPL-2.0
/*
 * A network namespace is deleted with a port, a child and an open fd in it; and
 * a container that owns a network namespace can't affect anything outside.
 *
 *	here          | there
 *	fd -------------- vm1 -- mv0 (macvlan) -- d0 (dummy)
 *	seen -------------- ties
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "st.h"

FIXTURE(namespace) {
	int home;
	int there;
	int control;	/* control device of "there" */
	int port;
	int mv0;
	char path[128];
	struct stabletap_get get;
	struct stat st;
};

FIXTURE_SETUP(namespace)
{
	ASSERT_EQ(0, st_netns_new());
	self->home = st_netns_fd();
	ASSERT_LE(0, self->home);
	ASSERT_EQ(0, st_netns_new());
	self->there = st_netns_fd();
	ASSERT_LE(0, self->there);
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	self->port = st_port_new(self->control, "vm1", 0, 2);
	ASSERT_LT(0, self->port);
	ASSERT_LT(0, st_link_add("d0", "dummy", 0));
	ASSERT_EQ(0, st_link_up(st_ifindex("d0"), true));
	self->mv0 = st_macvlan_add("mv0", st_ifindex("d0"),
				   (uint8_t *)ST_MAC_PORT, self->port);
	ASSERT_LT(0, self->mv0);
	ASSERT_EQ(0, st_get(self->control, self->port, &self->get));
	snprintf(self->path, sizeof(self->path), "/dev/%s", self->get.node);
	ASSERT_EQ(0, st_netns_enter(self->home));
	ASSERT_EQ(0, st_veth_add("seen", "ties", self->there));
}

FIXTURE_TEARDOWN(namespace)
{
	close(self->home);
}

static int open_queue(const char *path)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 || ioctl(fd, TUNSETIFF, &ifr) ? -errno : fd;
}

TEST_F(namespace, goes_and_the_fd_answers_as_a_taps)
{
	unsigned int offload = TUN_F_CSUM;
	struct pollfd pfd = { .events = POLLIN | POLLOUT };
	uint8_t frame[60];
	struct ifreq ifr = {};
	int size = 12;

	pfd.fd = open_queue(self->path);
	ASSERT_LE(0, pfd.fd);
	close(self->control);
	close(self->there);
	ASSERT_TRUE(st_wait(st_link_is_gone, "seen", ST_DEADLINE));
	ASSERT_TRUE(st_netns_cleaned());

	EXPECT_EQ(-1, stat(self->path, &self->st));
	EXPECT_EQ(ENOENT, errno);
	st_frame(frame, sizeof(frame), ST_BROADCAST, ST_MAC_PORT, 1);
	EXPECT_EQ(sizeof(frame), st_fd_write(pfd.fd, frame, sizeof(frame)));
	EXPECT_EQ(-EAGAIN, st_fd_read(pfd.fd, frame, sizeof(frame)));
	EXPECT_EQ(-1, ioctl(pfd.fd, TUNGETIFF, &ifr));
	EXPECT_EQ(ENOLINK, errno);
	EXPECT_EQ(-1, ioctl(pfd.fd, TUNSETOFFLOAD, offload));
	EXPECT_EQ(ENOLINK, errno);
	EXPECT_EQ(-1, ioctl(pfd.fd, SIOCGIFHWADDR, &ifr));
	EXPECT_EQ(ENOLINK, errno);
	ifr.ifr_flags = IFF_DETACH_QUEUE;
	EXPECT_EQ(-1, ioctl(pfd.fd, TUNSETQUEUE, &ifr));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, ioctl(pfd.fd, TUNSETVNETHDRSZ, &size));
	EXPECT_LE(0, poll(&pfd, 1, 0));
	EXPECT_EQ(0, pfd.revents & (POLLERR | POLLHUP | POLLNVAL));
	EXPECT_EQ(0, close(pfd.fd));
}

TEST_F(namespace, goes_while_the_port_is_detached)
{
	int fd = open_queue(self->path);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, st_detach(self->control, self->port));
	close(self->control);
	close(self->there);
	EXPECT_TRUE(st_netns_cleaned());
	EXPECT_EQ(-ENODEV, st_ifindex("seen"));
	close(fd);
}

/* As with every tap, the fd's socket belongs to the namespace of its opener. */
TEST_F(namespace, stays_while_a_fd_that_was_opened_in_it_is_open)
{
	uint8_t frame[60];
	int fd;

	ASSERT_EQ(0, st_netns_enter(self->there));
	fd = open_queue(self->path);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, st_netns_enter(self->home));
	close(self->control);
	close(self->there);
	ASSERT_TRUE(st_netns_cleaned());
	EXPECT_LT(0, st_ifindex("seen"));
	EXPECT_EQ(0, stat(self->path, &self->st));
	st_frame(frame, sizeof(frame), ST_BROADCAST, ST_MAC_PORT, 1);
	EXPECT_EQ(sizeof(frame), st_fd_write(fd, frame, sizeof(frame)));
	close(fd);
	EXPECT_TRUE(st_wait(st_link_is_gone, "seen", ST_DEADLINE));
	EXPECT_TRUE(st_netns_cleaned());
}

TEST_F(namespace, stays_while_its_control_device_is_open)
{
	close(self->there);
	ASSERT_TRUE(st_netns_cleaned());
	EXPECT_EQ(0, st_get(self->control, self->port, &self->get));
	close(self->control);
	EXPECT_TRUE(st_wait(st_link_is_gone, "seen", ST_DEADLINE));
}

TEST_F(namespace, of_a_lower_goes_and_the_port_lives_on)
{
	int control, port;

	/* The port is moved back; its lower stays and is detached. */
	ASSERT_EQ(0, st_netns_enter(self->there));
	ASSERT_EQ(0, st_link_netns(self->port, self->home));
	ASSERT_EQ(0, st_netns_enter(self->home));
	control = st_control_open();
	ASSERT_LE(0, control);
	port = st_ifindex("vm1");
	close(self->control);
	close(self->there);
	ASSERT_TRUE(st_netns_cleaned());
	ASSERT_EQ(0, st_get(control, port, &self->get));
	EXPECT_EQ(STABLETAP_REASON_PORT_MOVED, self->get.detach_reason);
	EXPECT_EQ(STABLETAP_STATE_DETACHED, self->get.state);
	EXPECT_STREQ("mv0", self->get.last_lower);
}

/* A container: a user namespace that owns its network namespace */

#define CONTAINER_ROOT 100000

FIXTURE(container) {
	int control;	/* control device of the initial namespace */
	int port;	/* port in the initial namespace */
	int lower;
	char path[64];
	struct stat before;
	struct stat after;
	int to_child[2];
	int to_parent[2];
	pid_t child;
};

FIXTURE_SETUP(container)
{
	struct stabletap_create create = {
		.size = sizeof(create), .name = "sthost%d",
		.port = 2000000 + getpid(),
	};

	/* A container's ports count until its namespace is cleaned up. */
	ASSERT_TRUE(st_netns_cleaned());
	/* In the initial namespace, since the test is about the host's node. */
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	ASSERT_EQ(0, st_ioctl(self->control, STABLETAP_IOC_CREATE, &create));
	self->port = create.port;
	self->lower = st_link_add("stlower0", "dummy", 0);
	ASSERT_LT(0, self->lower);
	snprintf(self->path, sizeof(self->path), "/dev/tap%d", self->port);
	ASSERT_EQ(0, stat(self->path, &self->before));
	ASSERT_EQ(0, pipe(self->to_child));
	ASSERT_EQ(0, pipe(self->to_parent));
}

FIXTURE_TEARDOWN(container)
{
	st_port_delete(self->control, self->port, STABLETAP_DELETE_FORCE);
	st_link_del(st_ifindex("stlower0"));
	close(self->control);
}

/*
 * In the child: become user @id of a container.  Returns 0 or a negative errno.
 */
static int container_enter(int to_parent, int from_parent, int id)
{
	char c = 0;

	if (unshare(CLONE_NEWUSER))
		return -errno;
	if (write(to_parent, &c, 1) != 1 || read(from_parent, &c, 1) != 1)
		return -EIO;
	if (setresgid(id, id, id) || setresuid(id, id, id))
		return -errno;
	return st_netns_new();
}

/* In the parent: map the child's ids, from @id on, and let it continue */
static int container_map(pid_t child, int to_child, int from_child, int id)
{
	char c = 0;

	if (read(from_child, &c, 1) != 1 ||
	    st_sh("echo %d %d 1000 >/proc/%d/uid_map", id, CONTAINER_ROOT,
		  child) ||
	    st_sh("echo %d %d 1000 >/proc/%d/gid_map", id, CONTAINER_ROOT,
		  child) ||
	    write(to_child, &c, 1) != 1)
		return -EIO;
	return 0;
}

/*
 * Run @what as user @id of a container, with all capabilities there.  Returns
 * its result, or a negative errno.
 */
static int container_run(int (*what)(int control, int port, int lower),
			 int id, int to_child[2], int to_parent[2],
			 int control, int port, int lower)
{
	pid_t child = fork();
	int status, err;

	if (!child) {
		err = container_enter(to_parent[1], to_child[0], id);
		_exit(err ? 255 : what(control, port, lower));
	}
	err = container_map(child, to_child[1], to_parent[0], id);
	if (waitpid(child, &status, 0) != child)
		return -errno;
	return err ? err : !WIFEXITED(status) ? -EINTR : WEXITSTATUS(status);
}

#define CONTAINER_RUN_AS(id, what)					\
	container_run(what, id, self->to_child, self->to_parent,	\
		      self->control, self->port, self->lower)
#define CONTAINER_RUN(what) CONTAINER_RUN_AS(0, what)

/* Each of these returns the number of the failed step, or 0. */
static int occupy(int host, int port, int lower)
{
	struct stabletap_create create = {
		.size = sizeof(create), .name = "vm1", .port = port,
	};
	struct stabletap_get get;
	char want[128];
	struct stat st;
	int control = st_control_open();

	if (control < 0)
		return 1;
	if (st_ioctl(control, STABLETAP_IOC_CREATE, &create) ||
	    create.port != port)
		return 2;
	if (st_get(control, port, &get))
		return 3;
	if (stat("/proc/self/ns/net", &st))
		return 4;
	snprintf(want, sizeof(want), "stabletap.ns/%lu/tap%d",
		 (unsigned long)st.st_ino, port);
	if (strcmp(want, get.node))
		return 5;
	snprintf(want, sizeof(want), "/dev/%s", get.node);
	if (stat(want, &st) || st.st_rdev != makedev(get.major, get.minor))
		return 6;
	/* The node belongs to the container's root. */
	if (st.st_uid || st.st_gid || (st.st_mode & 0777) != 0600)
		return 7;
	/* The node of the host's port is still that of the host's port. */
	snprintf(want, sizeof(want), "/dev/tap%d", port);
	if (stat(want, &st) || st.st_rdev == makedev(get.major, get.minor))
		return 8;
	return 0;
}

TEST_F(container, can_not_occupy_the_node_of_a_host_port)
{
	EXPECT_EQ(0, CONTAINER_RUN(occupy));
	ASSERT_EQ(0, stat(self->path, &self->after));
	EXPECT_EQ(self->before.st_rdev, self->after.st_rdev);
	EXPECT_EQ(self->before.st_mode, self->after.st_mode);
	EXPECT_EQ(self->before.st_uid, self->after.st_uid);
	EXPECT_EQ(self->before.st_ino, self->after.st_ino);
}

static int occupy_by_rtnetlink(int host, int port, int lower)
{
	struct stabletap_get get;
	char want[128];
	struct stat st;
	int control = st_control_open();

	if (st_sh("ip link add vm1 index %d type stabletap", port))
		return 1;
	if (st_get(control, port, &get))
		return 2;
	snprintf(want, sizeof(want), "/dev/tap%d", port);
	if (stat(want, &st) || st.st_rdev == makedev(get.major, get.minor))
		return 3;
	return 0;
}

TEST_F(container, can_not_occupy_the_node_by_rtnetlink)
{
	EXPECT_EQ(0, CONTAINER_RUN(occupy_by_rtnetlink));
	ASSERT_EQ(0, stat(self->path, &self->after));
	EXPECT_EQ(self->before.st_rdev, self->after.st_rdev);
	EXPECT_EQ(self->before.st_ino, self->after.st_ino);
}

static int use_ports(int host, int port, int lower)
{
	uint8_t frame[60];
	int control = st_control_open();
	int vm1 = st_port_new(control, "vm1", 0, 1);
	int d0 = st_link_add("d0", "dummy", 0);
	int fd, peer;

	if (vm1 < 0 || d0 < 0)
		return 1;
	fd = st_port_open(control, vm1, 0);
	if (fd < 0)
		return 2;
	if (st_attach(control, vm1, d0, 0))
		return 3;
	peer = st_packet_open(d0, true);
	st_frame(frame, sizeof(frame), ST_MAC_PEER, ST_MAC_PORT, 1);
	if (st_fd_write(fd, frame, sizeof(frame)) != sizeof(frame) ||
	    st_readable(peer, ST_DEADLINE) != 1)
		return 4;
	if (st_detach(control, vm1) || st_link_master(d0, vm1))
		return 5;
	if (st_link_mac(vm1, (uint8_t *)ST_MAC_PEER))
		return 6;
	if (st_port_delete(control, vm1, 0) != -EBUSY ||
	    st_port_delete(control, vm1, STABLETAP_DELETE_FORCE))
		return 7;
	return 0;
}

TEST_F(container, can_use_ports_in_its_own_namespace)
{
	EXPECT_EQ(0, CONTAINER_RUN(use_ports));
}

static int reach_out(int host, int port, int lower)
{
	struct stabletap_get get;
	char path[64];
	int control = st_control_open();
	int vm1 = st_port_new(control, "vm1", 0, 1);

	if (vm1 < 0)
		return 1;
	if (st_get(control, port, &get) != -ENODEV ||
	    st_port_delete(control, port, STABLETAP_DELETE_FORCE) != -ENODEV ||
	    st_detach(control, port) != -ENODEV)
		return 2;
	if (st_attach(control, vm1, lower, 0) != -ENODEV ||
	    st_attach(control, port, lower, 0) != -ENODEV)
		return 3;
	snprintf(path, sizeof(path), "/dev/tap%d", port);
	if (open(path, O_RDWR) >= 0 || errno != EACCES)
		return 4;
	return 0;
}

TEST_F(container, reaches_no_port_or_lower_of_the_host)
{
	EXPECT_EQ(0, CONTAINER_RUN(reach_out));
}

static int use_host_control(int host, int port, int lower)
{
	struct stabletap_create create = { .size = sizeof(create) };
	struct stabletap_set set = { .size = sizeof(set), .port = port };

	if (st_ioctl(host, STABLETAP_IOC_CREATE, &create) != -EPERM ||
	    strcmp(st_msg, "stabletap: CAP_NET_ADMIN is missing over this network namespace"))
		return 1;
	if (st_port_delete(host, port, STABLETAP_DELETE_FORCE) != -EPERM)
		return 2;
	if (st_attach(host, port, lower, 0) != -EPERM)
		return 3;
	if (st_detach(host, port) != -EPERM)
		return 4;
	if (st_ioctl(host, STABLETAP_IOC_SET, &set) != -EPERM)
		return 5;
	return 0;
}

TEST_F(container, may_not_use_a_control_device_that_the_host_gave_it)
{
	EXPECT_EQ(0, CONTAINER_RUN(use_host_control));
}

static int foreign_owner(int host, int port, int lower)
{
	struct stabletap_create create = {
		.size = sizeof(create), .owner = 5000,
		.flags = STABLETAP_CREATE_OWNER | STABLETAP_CREATE_GROUP,
	};
	struct stabletap_get get;
	char path[128];
	struct stat st;
	int control = st_control_open();

	/* Only the ids 0 to 999 are mapped. */
	if (st_ioctl(control, STABLETAP_IOC_CREATE, &create) != -EINVAL)
		return 1;
	create.owner = 0;
	create.group = 5000;
	if (st_ioctl(control, STABLETAP_IOC_CREATE, &create) != -EINVAL)
		return 2;
	create.owner = 999;
	create.group = 998;
	if (st_ioctl(control, STABLETAP_IOC_CREATE, &create) ||
	    st_get(control, create.port, &get))
		return 3;
	snprintf(path, sizeof(path), "/dev/%s", get.node);
	if (stat(path, &st) || st.st_uid != 999 || st.st_gid != 998 ||
	    get.owner != 999 || get.group != 998)
		return 4;
	return 0;
}

TEST_F(container, gives_nodes_to_its_own_users_only)
{
	EXPECT_EQ(0, CONTAINER_RUN(foreign_owner));
}

/* In a user namespace without a root, the default owner is the host's root. */
static int default_owner(int host, int port, int lower)
{
	struct stabletap_create create = {
		.size = sizeof(create), .name = "vm1",
	};
	struct stabletap_get get;
	int control = st_control_open();
	char path[128];
	struct stat st;

	if (control < 0)
		return 1;
	if (st_ioctl(control, STABLETAP_IOC_CREATE, &create))
		return 2;
	if (st_get(control, create.port, &get))
		return 3;
	snprintf(path, sizeof(path), "/dev/%s", get.node);
	/* 65534 stands for an id that is not mapped here. */
	if (stat(path, &st) || st.st_uid != 65534 || st.st_gid != 65534)
		return 4;
	if (open(path, O_RDWR) >= 0 || errno != EACCES)
		return 5;
	return 0;
}

TEST_F(container, without_a_root_can_make_ports_that_only_the_hosts_root_opens)
{
	EXPECT_EQ(0, CONTAINER_RUN_AS(1000, default_owner));
}

/*
 * The host's root acts in a network namespace that a container owns: nodes can
 * belong to either root.
 */
FIXTURE(visitor) {
	int control;	/* control device of the container's namespace */
	int to_child[2];
	int to_parent[2];
	pid_t child;
	struct stabletap_create create;
	struct stabletap_get get;
	char path[128];
	struct stat st;
};

FIXTURE_SETUP(visitor)
{
	char c = 0;
	int there;

	/* A container's ports count until its namespace is cleaned up. */
	ASSERT_TRUE(st_netns_cleaned());
	ASSERT_EQ(0, pipe(self->to_child));
	ASSERT_EQ(0, pipe(self->to_parent));
	self->child = fork();
	if (!self->child) {
		if (!container_enter(self->to_parent[1], self->to_child[0], 0))
			(void)!write(self->to_parent[1], &c, 1);
		close(self->to_parent[1]);
		/* Wait until the test's process ends */
		close(self->to_child[1]);
		(void)!read(self->to_child[0], &c, 1);
		_exit(0);
	}
	ASSERT_EQ(0, container_map(self->child, self->to_child[1],
				   self->to_parent[0], 0));
	ASSERT_EQ(1, read(self->to_parent[0], &c, 1));
	snprintf(self->path, sizeof(self->path), "/proc/%d/ns/net",
		 self->child);
	there = open(self->path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, there);
	ASSERT_EQ(0, st_netns_enter(there));
	close(there);
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	self->create.size = sizeof(self->create);
}

FIXTURE_TEARDOWN(visitor)
{
	close(self->control);
	close(self->to_child[1]);
	waitpid(self->child, NULL, 0);
}

static int visitor_look(FIXTURE_DATA(visitor) *self, const char *name)
{
	int err = st_get(self->control, st_ifindex(name), &self->get);

	if (err)
		return err;
	snprintf(self->path, sizeof(self->path), "/dev/%s", self->get.node);
	return stat(self->path, &self->st) ? -errno : 0;
}

TEST_F(visitor, can_give_a_node_to_the_hosts_root_by_ioctl)
{
	self->create.flags = STABLETAP_CREATE_OWNER | STABLETAP_CREATE_GROUP;
	strcpy(self->create.name, "vm1");
	ASSERT_EQ(0, st_ioctl(self->control, STABLETAP_IOC_CREATE,
			      &self->create));
	ASSERT_EQ(0, visitor_look(self, "vm1"));
	EXPECT_EQ(0, self->st.st_uid);
	EXPECT_EQ(0, self->st.st_gid);
	EXPECT_EQ(0, self->get.owner);
	EXPECT_EQ(0, self->get.group);

	/* Only the group is given, so the owner is the default. */
	strcpy(self->create.name, "vm2");
	self->create.port = 0;
	self->create.flags = STABLETAP_CREATE_GROUP;
	ASSERT_EQ(0, st_ioctl(self->control, STABLETAP_IOC_CREATE,
			      &self->create));
	ASSERT_EQ(0, visitor_look(self, "vm2"));
	EXPECT_EQ(CONTAINER_ROOT, self->st.st_uid);
	EXPECT_EQ(0, self->st.st_gid);
	EXPECT_EQ(CONTAINER_ROOT, self->get.owner);
	EXPECT_EQ(0, self->get.group);
}

TEST_F(visitor, can_give_a_node_to_the_hosts_root_by_rtnetlink)
{
	ASSERT_EQ(0, st_port_newlink("vm1", IFLA_STABLETAP_OWNER, 0));
	ASSERT_EQ(0, visitor_look(self, "vm1"));
	EXPECT_EQ(0, self->st.st_uid);
	EXPECT_EQ(CONTAINER_ROOT, self->st.st_gid);
	EXPECT_EQ(0, self->get.owner);
	EXPECT_EQ(CONTAINER_ROOT, self->get.group);
}

TEST_F(visitor, gives_it_to_the_containers_root_by_default)
{
	strcpy(self->create.name, "vm1");
	ASSERT_EQ(0, st_ioctl(self->control, STABLETAP_IOC_CREATE,
			      &self->create));
	ASSERT_EQ(0, visitor_look(self, "vm1"));
	EXPECT_EQ(CONTAINER_ROOT, self->st.st_uid);
	EXPECT_EQ(CONTAINER_ROOT, self->st.st_gid);

	ASSERT_EQ(0, st_port_newlink("vm2", 0, 0));
	ASSERT_EQ(0, visitor_look(self, "vm2"));
	EXPECT_EQ(CONTAINER_ROOT, self->st.st_uid);
	EXPECT_EQ(CONTAINER_ROOT, self->st.st_gid);
}

/*
 * Ids are those of the namespace's owner, whichever process sends the request.
 */
TEST_F(visitor, reads_link_messages_in_the_containers_ids)
{
	struct st_told told;

	ASSERT_EQ(0, st_port_newlink("vm1", IFLA_STABLETAP_OWNER, 0));
	ASSERT_EQ(0, st_told(st_ifindex("vm1"), &told));
	/* The host's root is not mapped in the container, */
	EXPECT_EQ(65534, told.value[IFLA_STABLETAP_OWNER]);
	/* and the container's root is 0. */
	EXPECT_EQ(0, told.value[IFLA_STABLETAP_GROUP]);

	ASSERT_EQ(0, st_port_newlink("vm2", IFLA_STABLETAP_OWNER,
				     CONTAINER_ROOT + 5));
	ASSERT_EQ(0, st_told(st_ifindex("vm2"), &told));
	EXPECT_EQ(5, told.value[IFLA_STABLETAP_OWNER]);
	ASSERT_EQ(0, visitor_look(self, "vm2"));
	EXPECT_EQ(CONTAINER_ROOT + 5, self->get.owner);
}

TEST_HARNESS_MAIN
