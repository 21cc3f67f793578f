// SPDX-License-Identifier: GPL-2.0
/*
 * A lower whose driver's operations run under the device's instance lock (6.15
 * and later; dummy uses it): its features may change only under that lock, and
 * nothing that the kernel calls under the lock may take it again.
 *
 *	fd -- vm1 -- d0, then d1
 *
 * Kernels with lockdep check that themselves.  Here a probe event records the
 * lock's owner at each call of netdev_update_features().
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "scene.h"
#include "st.h"

#define TRACING	"/run/opslock-tracing/"
#define EVENT	"stabletap_opslock"

/*
 * Write to a control file of tracefs: a newline empties it, other text is
 * appended.
 */
static int control_write(const char *name, const char *text)
{
	char path[128];
	ssize_t len;
	int fd, err;

	snprintf(path, sizeof(path), TRACING "%s", name);
	fd = open(path, O_WRONLY | (text[0] == '\n' ? O_TRUNC : O_APPEND));
	if (fd < 0)
		return -errno;
	len = write(fd, text, strlen(text));
	err = len < 0 ? -errno : 0;
	close(fd);
	return err;
}

/* Without instance locks the test only runs the operations. */
static bool kernel_has_ops_locks(void)
{
	struct utsname uts;
	int major, minor;

	if (uname(&uts) || sscanf(uts.release, "%d.%d", &major, &minor) != 2)
		return false;
	return major > 6 || (major == 6 && minor >= 15);
}

/* With PREEMPT_RT struct mutex is different. */
static int probe_add(void)
{
	static const char event[] = "p:" EVENT " netdev_update_features "
				    "wants=dev->request_ops_lock:u8 owner=";
	char text[256];
	int err;

	snprintf(text, sizeof(text), "%sdev->lock.owner.counter:u64\n", event);
	err = control_write("kprobe_events", text);
	if (err != -ENOENT)
		return err;
	snprintf(text, sizeof(text), "%sdev->lock.rtmutex.owner:u64\n", event);
	return control_write("kprobe_events", text);
}

FIXTURE(opslock) {
	int control;
	int port;
	int fd;
	int d0;
	int d1;
	bool probed;
};

FIXTURE_SETUP(opslock)
{
	ASSERT_EQ(0, st_netns_new());
	/* The sysfs of the new namespace hides tracefs. */
	ASSERT_EQ(0, st_sh("mkdir -p " TRACING " && "
			   "mount -t tracefs tracefs " TRACING));
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	self->port = st_port_new(self->control, "vm1", 0, 1);
	ASSERT_LT(0, self->port);
	self->fd = st_port_open(self->control, self->port, 0);
	ASSERT_LE(0, self->fd);
	self->d0 = st_link_add("d0", "dummy", 0);
	ASSERT_LT(0, self->d0);
	self->d1 = st_link_add("d1", "dummy", 0);
	ASSERT_LT(0, self->d1);

	self->probed = kernel_has_ops_locks();
	if (!self->probed)
		return;
	/*
	 * The probe needs the kernel's BTF. The debug kernels have none, but
	 * lockdep.
	 */
	if (access("/sys/kernel/btf/vmlinux", F_OK) &&
	    !access("/proc/lockdep", F_OK)) {
		self->probed = false;
		return;
	}
	ASSERT_EQ(0, probe_add());
	ASSERT_EQ(0, control_write("trace", "\n"));
	ASSERT_EQ(0, control_write("events/kprobes/" EVENT "/enable", "1"));
}

FIXTURE_TEARDOWN(opslock)
{
	close(self->fd);
	close(self->control);
	if (!self->probed)
		return;
	EXPECT_EQ(0, control_write("events/kprobes/" EVENT "/enable", "0"));
	EXPECT_EQ(0, control_write("kprobe_events", "-:" EVENT "\n"));
}

/*
 * Number of calls for a device that uses the lock; -EPERM if the lock had no
 * owner in one of them
 */
static int calls(void)
{
	unsigned long long owner;
	char line[512], *at;
	int count = 0;
	FILE *trace;

	trace = fopen(TRACING "trace", "r");
	if (!trace)
		return -errno;
	while (count >= 0 && fgets(line, sizeof(line), trace)) {
		at = strstr(line, "wants=1 owner=");
		if (line[0] == '#' || !strstr(line, EVENT) || !at)
			continue;
		owner = strtoull(at + strlen("wants=1 owner="), NULL, 0);
		count = owner ? count + 1 : -EPERM;
	}
	fclose(trace);
	return count;
}

/*
 * Check that the function was called since the last check, always under the
 * lock.
 */
#define EXPECT_LOCKED() do {						\
	if (self->probed) {						\
		EXPECT_LT(0, calls());					\
		EXPECT_EQ(0, control_write("trace", "\n"));		\
	}								\
} while (0)

TEST_F(opslock, attach_replace_and_detach_by_either_interface)
{
	ASSERT_EQ(0, st_attach(self->control, self->port, self->d0, 0));
	EXPECT_LOCKED();
	ASSERT_EQ(0, st_attach(self->control, self->port, self->d1,
			       STABLETAP_ATTACH_REPLACE));
	EXPECT_LOCKED();
	ASSERT_EQ(0, st_detach(self->control, self->port));
	EXPECT_LOCKED();
	ASSERT_EQ(0, st_link_master(self->d0, self->port));
	EXPECT_LOCKED();
	ASSERT_EQ(0, st_link_master(self->d0, 0));
	EXPECT_LOCKED();
}

TEST_F(opslock, the_lower_moves_to_another_namespace)
{
	int here = st_netns_fd(), there;

	ASSERT_EQ(0, st_netns_new());
	there = st_netns_fd();
	ASSERT_EQ(0, st_netns_enter(here));
	ASSERT_EQ(0, st_attach(self->control, self->port, self->d0, 0));
	EXPECT_LOCKED();
	EXPECT_EQ(0, st_link_netns(self->d0, there));
	EXPECT_LOCKED();
	close(there);
	close(here);
}

TEST_F(opslock, lower_and_port_are_deleted)
{
	ASSERT_EQ(0, st_attach(self->control, self->port, self->d0, 0));
	EXPECT_LOCKED();
	ASSERT_EQ(0, st_link_del(self->d0));
	ASSERT_EQ(0, st_attach(self->control, self->port, self->d1, 0));
	EXPECT_LOCKED();
	ASSERT_EQ(0, st_port_delete(self->control, self->port,
				    STABLETAP_DELETE_FORCE));
	EXPECT_LOCKED();
}

/*
 * The kernel reports NETDEV_DOWN under the lock.  At that moment the module may
 * still be letting go of the device.
 */

/* How long a lower receives after a replace, and how long it drains, in ms */
#define OVERLAP	60
#define DRAIN	1000

struct child {
	pid_t pid;
	int status;
};

static bool child_has_ended(void *arg)
{
	struct child *child = arg;

	return waitpid(child->pid, &child->status, WNOHANG) == child->pid;
}

/*
 * Set a device down; false if that fails or does not end.  A child does it,
 * because a process that waits for a lock that it holds can't be killed.
 */
static bool set_down(int ifindex)
{
	struct child child = { .pid = fork() };

	if (!child.pid)
		_exit(st_link_up(ifindex, false) != 0);
	return child.pid > 0 && st_wait(child_has_ended, &child, ST_DEADLINE) &&
	       child.status == 0;
}

static bool took_less_than(int ms, uint64_t begin)
{
	return st_now() - begin < ms * 1000000ULL;
}

static bool is_up(int ifindex)
{
	unsigned int flags = 0;

	return !st_link_state(ifindex, NULL, &flags, NULL, NULL) &&
	       flags & IFF_UP;
}

/*
 * Check that the host can use d0 again, and that it stays down.  A macvlan does
 * not end a release that goes on, as a bridge does.
 */
#define EXPECT_HOSTS_AGAIN() do {					\
	EXPECT_TRUE(scene_await_sh("ip link add link d0 type macvlan"));	\
	EXPECT_EQ(0, st_sh("ip link del macvlan0"));			\
	EXPECT_EQ(0, st_link_master_of(self->d0));			\
	EXPECT_FALSE(is_up(self->d0));					\
	EXPECT_LOCKED();						\
	EXPECT_EQ(0, st_sh("ip link add br0 type bridge && "		\
			   "ip link set d0 master br0 && "		\
			   "ip link del br0"));				\
} while (0)

/*
 * Both tests repeat until the device was set down while it was being let go; on
 * a busy host this may take more than one try.  A kernel with debugging options
 * may always be too slow for the second test.
 */
TEST_F(opslock, the_lower_is_set_down_while_it_drains)
{
	uint64_t begin, start = st_now();
	uint8_t frame[60];
	bool fast;

	st_frame(frame, sizeof(frame), ST_MAC_PEER, ST_MAC_PORT, 0);
	ASSERT_EQ(0, st_sh("tc qdisc replace dev d0 root netem delay 100s"));
	do {
		ASSERT_EQ(0, st_attach(self->control, self->port, self->d0, 0));
		ASSERT_EQ(sizeof(frame),
			  st_fd_write(self->fd, frame, sizeof(frame)));
		begin = st_now();
		ASSERT_EQ(0, st_link_master(self->d0, 0));
		ASSERT_TRUE(set_down(self->d0));
		fast = took_less_than(DRAIN, begin);
		EXPECT_HOSTS_AGAIN();
	} while (!fast && took_less_than(ST_DEADLINE, start));
	EXPECT_TRUE(fast);
}

TEST_F(opslock, the_old_lower_of_a_replace_is_set_down_at_once)
{
	uint64_t begin, start = st_now();
	bool fast;

	/* The ioctl must not wait until the old lower has been let go. */
	ASSERT_EQ(0, fcntl(self->control, F_SETFL, O_NONBLOCK));
	do {
		ASSERT_EQ(0, st_attach(self->control, self->port, self->d0,
				       STABLETAP_ATTACH_REPLACE));
		begin = st_now();
		ASSERT_EQ(0, st_attach(self->control, self->port, self->d1,
				       STABLETAP_ATTACH_REPLACE));
		ASSERT_TRUE(set_down(self->d0));
		fast = took_less_than(OVERLAP, begin);
		EXPECT_HOSTS_AGAIN();
		EXPECT_EQ(self->port, st_link_master_of(self->d1));
	} while (!fast && took_less_than(ST_DEADLINE, start));
	EXPECT_TRUE(fast || slowness() > 1);
}

TEST_HARNESS_MAIN
