// SPDX-License-Identifier: GPL-2.0
/*
 * Following udev.  The functions of sd-device are wrapped by the linker: its
 * monitor is a netlink socket of this test, which can be made to lose messages
 * as the kernel loses udev's.
 */
#include <linux/netlink.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-device.h>
#include <unistd.h>

#include "loop.h"
#include "scene.h"
#include "tap.h"
#include "watch/rtnl.h"
#include "watch/udev.h"

#define GROUP 1
#define FLOOD 1000	/* more messages than the socket has room for */

static struct {
	sd_event_source *io;
	int fd;
	int sender;
	unsigned int read;	/* messages that sd-device has read */
	unsigned int rtnl_read;
	struct idset looked_at;
} fake;

int __wrap_access(const char *path, int mode);
int __wrap_sd_device_monitor_new(sd_device_monitor **out);
sd_device_monitor *__wrap_sd_device_monitor_unref(sd_device_monitor *m);
int __wrap_sd_device_monitor_filter_add_match_subsystem_devtype(
	sd_device_monitor *m, const char *subsystem, const char *devtype);
int __wrap_sd_device_monitor_set_receive_buffer_size(sd_device_monitor *m,
						     size_t size);
int __wrap_sd_device_monitor_attach_event(sd_device_monitor *m,
					  sd_event *loop);
int __wrap_sd_device_monitor_start(sd_device_monitor *m,
				   sd_device_monitor_handler_t fn, void *arg);
sd_event_source *__wrap_sd_device_monitor_get_event_source(
	sd_device_monitor *m);
int __wrap_rtnl_read(struct rtnl *r);
void __wrap_model_facts_changed(struct model *m, int ifindex);

/* udev runs. */
int __wrap_access(const char *path, int mode)
{
	(void)path, (void)mode;
	return 0;
}

int __wrap_sd_device_monitor_new(sd_device_monitor **out)
{
	*out = NULL;
	return 0;
}

sd_device_monitor *__wrap_sd_device_monitor_unref(sd_device_monitor *m)
{
	fake.io = sd_event_source_disable_unref(fake.io);
	return m;
}

int __wrap_sd_device_monitor_filter_add_match_subsystem_devtype(
	sd_device_monitor *m, const char *subsystem, const char *devtype)
{
	(void)m, (void)subsystem, (void)devtype;
	return 0;
}

int __wrap_sd_device_monitor_set_receive_buffer_size(sd_device_monitor *m,
						     size_t size)
{
	(void)m, (void)size;
	return 0;
}

/* As sd-device does, which takes an error for no message */
static int on_readable(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	char buf[64];

	(void)s, (void)revents, (void)arg;
	if (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		fake.read++;
	return 0;
}

int __wrap_sd_device_monitor_attach_event(sd_device_monitor *m, sd_event *loop)
{
	(void)m;
	return sd_event_add_io(loop, &fake.io, fake.fd, EPOLLIN, on_readable,
			       NULL);
}

int __wrap_sd_device_monitor_start(sd_device_monitor *m,
				   sd_device_monitor_handler_t fn, void *arg)
{
	(void)m, (void)fn, (void)arg;
	return 0;
}

sd_event_source *__wrap_sd_device_monitor_get_event_source(
	sd_device_monitor *m)
{
	(void)m;
	return fake.io;
}

int __wrap_rtnl_read(struct rtnl *r)
{
	(void)r;
	fake.rtnl_read++;
	return 0;
}

void __wrap_model_facts_changed(struct model *m, int ifindex)
{
	(void)m;
	idset_add(&fake.looked_at, ifindex);
}

static int open_socket(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK);
	int size = 1;

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)))
		abort();
	return fd;
}

static void send_messages(unsigned int n)
{
	static const struct sockaddr_nl to = {
		.nl_family = AF_NETLINK, .nl_groups = 1 << (GROUP - 1),
	};

	/*
	 * The send fails after the group got the message: the kernel takes
	 * none.
	 */
	while (n--)
		sendto(fake.sender, "message", 7, 0,
		       (const struct sockaddr *)&to, sizeof(to));
}

static bool all_is_read(void *arg)
{
	char byte;

	(void)arg;
	return fake.read && recv(fake.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0;
}

static void forget(int log)
{
	log_forget(log);
	idset_clear(&fake.looked_at);
	fake.read = 0;
	fake.rtnl_read = 0;
}

static void test_lost(struct tap *t, sd_event *loop, int log)
{
	forget(log);
	send_messages(1);
	ok(t, loop_until(loop, all_is_read, NULL, SOON) &&
	   !fake.looked_at.n && !log_count(log, "were lost"),
	   "a message that comes causes no evaluation of all devices");
	forget(log);
	send_messages(FLOOD);
	ok(t, loop_until(loop, all_is_read, NULL, SOON) && fake.read < FLOOD,
	   "messages are lost");
	ok(t, log_count(log, "messages of udev were lost") == 1,
	   "lost messages are logged once");
	ok(t, fake.looked_at.n == 2 &&
	   idset_has(&fake.looked_at, scene_device("a")->link.ifindex) &&
	   idset_has(&fake.looked_at, scene_device("b")->link.ifindex),
	   "all devices are evaluated again");
	ok(t, fake.rtnl_read == 1, "after what the kernel has said of them");
	forget(log);
	send_messages(FLOOD);
	loop_until(loop, all_is_read, NULL, SOON);
	ok(t, fake.looked_at.n == 2, "and when messages are lost again");
}

int main(void)
{
	int group = GROUP, log = log_capture();
	struct udev *u = NULL;
	struct tap t = { 0 };
	sd_event *loop;

	if (sd_event_new(&loop) < 0)
		abort();
	fake.fd = open_socket();
	fake.sender = open_socket();
	if (setsockopt(fake.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
		       sizeof(group)))
		abort();
	scene_begin("[Port p]\nCandidate=a\n");
	scene_play("a b");
	ok(&t, !udev_start(loop, &scene.m, NULL, &u) && u, "udev is followed");
	test_lost(&t, loop, log);
	udev_stop(u);
	scene_end();
	idset_release(&fake.looked_at);
	close(fake.fd);
	close(fake.sender);
	sd_event_unref(loop);
	return tap_end(&t);
}
