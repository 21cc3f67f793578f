// SPDX-License-Identifier: GPL-2.0
/*
 * The rights of five users, as in the table of Documentation/architecture.md.
 * Each user tries every operation: on a port in the user's own network
 * namespace, and through fds that the host has opened and passed on.
 *
 *	fd -- vm1 (group 4242, 0660) -/- d0 (dummy)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "st.h"

#define GROUP		4242
#define MAPPED_ROOT	100000
/* Another address: newer kernels skip a change to the present address. */
#define OTHER_MAC	"\x52\x54\x00\x00\x00\x33"

enum { HOST_ROOT, CONTAINER_ROOT, USERNS_ROOT, MEMBER, NOBODY, USERS };

struct user {
	int control;		/* opened by the user */
	int port;		/* vm1 in the user's network namespace */
	int lower;		/* d0 in the user's network namespace */
	char path[128];		/* path of the port's node */
	int host_port;
	int host_control;	/* both passed on by the host */
	int host_tap;
};

/* The operations.  Each returns 0 or a negative errno. */

static int open_control(struct user *user)
{
	user->control = st_control_open();
	return user->control < 0 ? user->control : 0;
}

static int ask_version(struct user *user)
{
	struct stabletap_version version = { .size = sizeof(version) };

	return st_ioctl(user->control, STABLETAP_IOC_VERSION, &version);
}

static int ask_list(struct user *user)
{
	struct stabletap_list list = { .size = sizeof(list) };
	int err = st_ioctl(user->control, STABLETAP_IOC_LIST, &list);

	return err ? err : list.count ? 0 : -ENODATA;
}

static int ask_get(struct user *user)
{
	struct stabletap_get get;

	return st_get(user->control, user->port, &get);
}

static int ask_stats(struct user *user)
{
	struct stabletap_stats stats;

	return st_stats(user->control, user->port, &stats);
}

static int ask_link(struct user *user)
{
	struct st_told told;
	int err = st_told(user->port, &told);

	return err ? err : told.ifindex == user->port ? 0 : -ENODATA;
}

static int create(struct user *user)
{
	struct stabletap_create create = {
		.size = sizeof(create), .name = "r1",
	};

	return st_ioctl(user->control, STABLETAP_IOC_CREATE, &create);
}

static int newlink(struct user *user)
{
	return st_port_newlink("r2", 0, 0);
}

static int attach(struct user *user)
{
	return st_attach(user->control, user->port, user->lower, 0);
}

static int detach(struct user *user)
{
	return st_detach(user->control, user->port);
}

static int attach_by_attribute(struct user *user)
{
	return st_port_set(user->port, { IFLA_STABLETAP_LOWER, user->lower });
}

static int detach_by_attribute(struct user *user)
{
	return st_port_set(user->port, { IFLA_STABLETAP_LOWER, 0 });
}

static int attach_by_master(struct user *user)
{
	return st_link_master(user->lower, user->port);
}

static int detach_by_master(struct user *user)
{
	return st_link_master(user->lower, 0);
}

static int set(struct user *user)
{
	struct stabletap_set set = {
		.size = sizeof(set), .port = user->port,
		.mask = STABLETAP_SET_ON_DETACH,
	};

	return st_ioctl(user->control, STABLETAP_IOC_SET, &set);
}

static int changelink(struct user *user)
{
	return st_port_set(user->port, { IFLA_STABLETAP_ON_DETACH,
					 STABLETAP_ON_DETACH_DROP });
}

static int set_mac(struct user *user)
{
	return st_link_mac(user->port, (uint8_t *)OTHER_MAC);
}

/* The device that the user has created, or else the existing one */
static int mine(const struct user *user, const char *name)
{
	int ifindex = st_ifindex(name);

	return ifindex > 0 ? ifindex : user->port;
}

static int delete(struct user *user)
{
	return st_port_delete(user->control, mine(user, "r1"),
			      STABLETAP_DELETE_FORCE);
}

static int dellink(struct user *user)
{
	return st_link_del(mine(user, "r2"));
}

static int open_node(struct user *user)
{
	int fd = open(user->path, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* Through the host's fds */

static int ask_host(struct user *user)
{
	struct stabletap_get get;

	return st_get(user->host_control, user->host_port, &get);
}

static int create_at_host(struct user *user)
{
	struct stabletap_create create = { .size = sizeof(create) };
	int err = st_ioctl(user->host_control, STABLETAP_IOC_CREATE, &create);

	return err ? err : st_port_delete(user->host_control, create.port, 0);
}

static int detach_at_host(struct user *user)
{
	int err = st_detach(user->host_control, user->host_port);

	/* The port has no lower: ENOTCONN means that the user may detach. */
	return err == -ENOTCONN ? 0 : err;
}

static int write_to_host(struct user *user)
{
	uint8_t frame[60];
	int ret;

	st_frame(frame, sizeof(frame), ST_BROADCAST, ST_MAC_PORT, 1);
	ret = st_fd_write(user->host_tap, frame, sizeof(frame));
	return ret == sizeof(frame) ? 0 : ret;
}

static int set_offload_of_host(struct user *user)
{
	return ioctl(user->host_tap, TUNSETOFFLOAD, TUN_F_CSUM) ? -errno : 0;
}

static int set_mac_of_host(struct user *user)
{
	struct ifreq ifr = { .ifr_hwaddr.sa_family = 1 /* ARPHRD_ETHER */ };

	memcpy(ifr.ifr_hwaddr.sa_data, OTHER_MAC, 6);
	return ioctl(user->host_tap, SIOCSIFHWADDR, &ifr) ? -errno : 0;
}

#define EVERYBODY	{ 0, 0, 0, 0, 0 }
#define ADMINS		{ 0, 0, -EPERM, -EPERM, -EPERM }
#define HOST_ONLY	{ 0, -EPERM, -EPERM, -EPERM, -EPERM }

/*
 * In the order of the document's table; later operations delete what earlier
 * ones have created.
 */
static const struct right {
	const char *what;
	int (*run)(struct user *user);
	int error[USERS];
} rights[] = {
	{ "open the control device", open_control, EVERYBODY },
	{ "VERSION", ask_version, EVERYBODY },
	{ "LIST", ask_list, EVERYBODY },
	{ "GET", ask_get, EVERYBODY },
	{ "STATS", ask_stats, EVERYBODY },
	{ "RTM_GETLINK", ask_link, EVERYBODY },
	{ "CREATE", create, ADMINS },
	{ "RTM_NEWLINK", newlink, ADMINS },
	{ "ATTACH", attach, ADMINS },
	{ "DETACH", detach, ADMINS },
	{ "attach by attribute", attach_by_attribute, ADMINS },
	{ "detach by attribute", detach_by_attribute, ADMINS },
	{ "attach by master", attach_by_master, ADMINS },
	{ "detach by master", detach_by_master, ADMINS },
	{ "SET", set, ADMINS },
	{ "change by attribute", changelink, ADMINS },
	{ "MAC address by rtnetlink", set_mac, ADMINS },
	{ "DELETE", delete, ADMINS },
	{ "RTM_DELLINK", dellink, ADMINS },
	{ "open the node", open_node, { 0, 0, -EACCES, 0, -EACCES } },
	{ "host's control fd: GET", ask_host, EVERYBODY },
	{ "host's control fd: CREATE, DELETE", create_at_host, HOST_ONLY },
	{ "host's control fd: DETACH", detach_at_host, HOST_ONLY },
	{ "host's tap fd: write", write_to_host, EVERYBODY },
	{ "host's tap fd: TUNSETOFFLOAD", set_offload_of_host, EVERYBODY },
	{ "host's tap fd: SIOCSIFHWADDR", set_mac_of_host, HOST_ONLY },
};

#define RIGHTS ARRAY_SIZE(rights)

/* Create vm1 and d0 in the present namespace */
static int port_make(struct user *user, int control)
{
	struct stabletap_create create = {
		.size = sizeof(create), .name = "vm1", .perm = 0660,
		.flags = STABLETAP_CREATE_PERM, .queues = 2,
		.mac = ST_MAC_PORT,
	};
	struct stabletap_get get;
	int err;

	/* In a container, group 4242 is not mapped. */
	if (!user->host_port) {
		create.flags |= STABLETAP_CREATE_GROUP;
		create.group = GROUP;
	}
	err = st_ioctl(control, STABLETAP_IOC_CREATE, &create);
	if (err)
		return err;
	user->port = create.port;
	user->lower = st_link_add("d0", "dummy", 0);
	if (user->lower < 0)
		return user->lower;
	err = st_get(control, user->port, &get);
	snprintf(user->path, sizeof(user->path), "/dev/%s", get.node);
	return err;
}

static int send_fds(int sock, const int *fds)
{
	char space[CMSG_SPACE(2 * sizeof(int))] = {}, c = 0;
	struct iovec iov = { &c, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = space, .msg_controllen = sizeof(space),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, 2 * sizeof(int));
	return sendmsg(sock, &msg, 0) == 1 ? 0 : -errno;
}

static int receive_fds(int sock, int *fds)
{
	char space[CMSG_SPACE(2 * sizeof(int))], c;
	struct iovec iov = { &c, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = space, .msg_controllen = sizeof(space),
	};
	struct cmsghdr *cmsg;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1)
		return -EIO;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_len != CMSG_LEN(2 * sizeof(int)))
		return -ENODATA;
	memcpy(fds, CMSG_DATA(cmsg), 2 * sizeof(int));
	return 0;
}

static int become_unprivileged(int id, gid_t group)
{
	if (setgroups(group ? 1 : 0, &group) || setresgid(id, id, id) ||
	    setresuid(id, id, id))
		return -errno;
	return 0;
}

/* Enter a new user namespace; the parent maps its ids meanwhile */
static int become_root_of_userns(int sock)
{
	char c = 0;

	if (unshare(CLONE_NEWUSER))
		return -errno;
	if (write(sock, &c, 1) != 1 || read(sock, &c, 1) != 1)
		return -EIO;
	return setresgid(0, 0, 0) || setresuid(0, 0, 0) ? -errno : 0;
}

static int become(int who, struct user *user, int sock)
{
	int err, control;

	switch (who) {
	case MEMBER:
		return become_unprivileged(1001, GROUP);
	case NOBODY:
		return become_unprivileged(65534, 0);
	case USERNS_ROOT:
		return become_root_of_userns(sock);
	case CONTAINER_ROOT:
		err = become_root_of_userns(sock);
		if (!err)
			err = st_netns_new();
		if (err)
			return err;
		control = st_control_open();
		err = port_make(user, control);
		close(control);
		return err;
	}
	return 0;
}

/*
 * In the child: try all operations and send the results, in the table's order
 */
static void try_all(int who, struct user user, int sock)
{
	int result[RIGHTS + 1] = {}, fds[2], i;

	result[RIGHTS] = become(who, &user, sock);
	if (!result[RIGHTS])
		result[RIGHTS] = receive_fds(sock, fds);
	user.host_control = fds[0];
	user.host_tap = fds[1];
	for (i = 0; i < RIGHTS && !result[RIGHTS]; i++)
		result[i] = rights[i].run(&user);
	_exit(write(sock, result, sizeof(result)) != sizeof(result));
}

static int map_ids(int sock, pid_t child)
{
	char c;

	if (read(sock, &c, 1) != 1 ||
	    st_sh("echo 0 %d 1000 >/proc/%d/uid_map && "
		  "echo 0 %d 1000 >/proc/%d/gid_map", MAPPED_ROOT, child,
		  MAPPED_ROOT, child))
		return -EIO;
	return write(sock, &c, 1) == 1 ? 0 : -errno;
}

FIXTURE(rights) {
	int control;
	int fds[2];
	struct user user;
	int result[RIGHTS + 1];
	struct stabletap_get before;
	struct stabletap_get after;
};

FIXTURE_VARIANT(rights) {
	int who;
};

FIXTURE_VARIANT_ADD(rights, of_the_hosts_root) { .who = HOST_ROOT };
FIXTURE_VARIANT_ADD(rights, of_a_containers_root) { .who = CONTAINER_ROOT };
FIXTURE_VARIANT_ADD(rights, of_a_user_namespaces_root) { .who = USERNS_ROOT };
FIXTURE_VARIANT_ADD(rights, of_a_user_in_the_group) { .who = MEMBER };
FIXTURE_VARIANT_ADD(rights, of_nobody) { .who = NOBODY };

FIXTURE_SETUP(rights)
{
	ASSERT_EQ(0, st_netns_new());
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	ASSERT_EQ(0, port_make(&self->user, self->control));
	self->user.host_port = self->user.port;
	self->fds[0] = self->control;
	self->fds[1] = st_port_open(self->control, self->user.port, 0);
	ASSERT_LE(0, self->fds[1]);
}

FIXTURE_TEARDOWN(rights)
{
	close(self->fds[0]);
	close(self->fds[1]);
}

TEST_F(rights, are_those_of_the_table)
{
	const struct right *right;
	int sock[2], status, i;
	pid_t child;

	ASSERT_EQ(0, st_get(self->control, self->user.port, &self->before));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(sock[0]);
		try_all(variant->who, self->user, sock[1]);
	}
	close(sock[1]);
	if (variant->who == CONTAINER_ROOT || variant->who == USERNS_ROOT)
		ASSERT_EQ(0, map_ids(sock[0], child));
	ASSERT_EQ(0, send_fds(sock[0], self->fds));
	ASSERT_EQ(sizeof(self->result), recv(sock[0], self->result,
					     sizeof(self->result),
					     MSG_WAITALL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(0, status);
	ASSERT_EQ(0, self->result[RIGHTS]);
	for (i = 0; i < RIGHTS; i++) {
		right = &rights[i];
		EXPECT_EQ(right->error[variant->who], self->result[i]) {
			TH_LOG("%s", right->what);
		}
	}

	/* A refused operation must have changed nothing. */
	if (variant->who == HOST_ROOT)
		return;
	ASSERT_EQ(0, st_get(self->control, self->user.port, &self->after));
	EXPECT_EQ(0, memcmp(&self->before, &self->after,
			    sizeof(self->after)));
}

/*
 * The reverse: the host's root can act in the container through its control fd.
 */
TEST(a_containers_control_fd_has_the_rights_of_its_holder)
{
	struct user user = { .host_port = 1 };
	int sock[2], fds[2], status;
	pid_t child, other;

	ASSERT_EQ(0, st_netns_new());
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		int err = become(CONTAINER_ROOT, &user, sock[1]);

		fds[0] = st_control_open();
		fds[1] = st_port_open(fds[0], user.port, 0);
		err = err ? err : send_fds(sock[1], fds);
		/* The control fd keeps the container's namespace alive. */
		_exit(err != 0);
	}
	ASSERT_EQ(0, map_ids(sock[0], child));
	ASSERT_EQ(0, receive_fds(sock[0], fds));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(0, status);
	user.host_control = fds[0];
	user.host_tap = fds[1];

	other = fork();
	ASSERT_LE(0, other);
	if (!other)
		_exit(become_unprivileged(65534, 0) ||
		      create_at_host(&user) != -EPERM ||
		      write_to_host(&user));
	ASSERT_EQ(other, waitpid(other, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, create_at_host(&user));
	EXPECT_EQ(0, write_to_host(&user));
	EXPECT_EQ(0, set_mac_of_host(&user));
	close(fds[0]);
	close(fds[1]);
}

TEST_HARNESS_MAIN
