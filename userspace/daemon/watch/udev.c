// SPDX-License-Identifier: GPL-2.0
/* Follows udev: a device has its name, or its properties have changed. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-device.h>
#include <unistd.h>

#include "model/model.h"
#include "util/log.h"
#include "util/priority.h"
#include "watch/rtnl.h"
#include "watch/udev.h"

#define RCVBUF (16 << 20)

struct udev {
	struct model *m;
	struct rtnl *rtnl;
	sd_device_monitor *monitor;
	sd_event_source *overrun;
};

static int on_device(sd_device_monitor *monitor, sd_device *device, void *arg)
{
	struct udev *u = arg;
	int ifindex = 0;

	(void)monitor;
	if (sd_device_get_ifindex(device, &ifindex) < 0)
		return 0;
	/* Read the kernel's messages about the device first. */
	rtnl_read(u->rtnl);
	model_facts_changed(u->m, ifindex);
	return 0;
}

/*
 * sd-device ignores the error by which the kernel reports lost messages.  So a
 * copy of the fd, which epoll takes for another one, is checked for the error
 * before sd-device reads.
 */
static int on_overrun(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct udev *u = arg;
	int err = 0;
	socklen_t len = sizeof(err);
	size_t i;

	(void)s;
	if (!(revents & EPOLLERR) ||
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) || !err)
		return 0;
	log_line(LOG_INFO, NULL,
		 "messages of udev were lost; all devices are evaluated again");
	rtnl_read(u->rtnl);
	for (i = 0; i < u->m->devices_n; i++)
		model_facts_changed(u->m, u->m->devices[i]->link.ifindex);
	return 0;
}

static int watch_overrun(struct udev *u, sd_event *loop)
{
	sd_event_source *io = sd_device_monitor_get_event_source(u->monitor);
	int fd = io ? sd_event_source_get_io_fd(io) : -EINVAL;
	int err;

	if (fd < 0)
		return fd;
	sd_event_source_set_priority(io, PRIORITY_EVENTS);
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return -errno;
	err = sd_event_add_io(loop, &u->overrun, fd, 0, on_overrun, u);
	if (err < 0) {
		close(fd);
		return err;
	}
	sd_event_source_set_io_fd_own(u->overrun, 1);
	return sd_event_source_set_priority(u->overrun, PRIORITY_EVENTS - 1);
}

int udev_start(sd_event *loop, struct model *m, struct rtnl *rtnl,
	       struct udev **out)
{
	struct udev *u;
	int err;

	if (access("/run/udev/control", F_OK))
		return 0;
	u = calloc(1, sizeof(*u));
	if (!u)
		return -ENOMEM;
	u->m = m;
	u->rtnl = rtnl;
	*out = u;
	err = sd_device_monitor_new(&u->monitor);
	if (err >= 0)
		err = sd_device_monitor_filter_add_match_subsystem_devtype(
			u->monitor, "net", NULL);
	if (err >= 0)
		err = sd_device_monitor_set_receive_buffer_size(u->monitor,
								RCVBUF);
	if (err >= 0)
		err = sd_device_monitor_attach_event(u->monitor, loop);
	if (err >= 0)
		err = sd_device_monitor_start(u->monitor, on_device, u);
	if (err >= 0)
		err = watch_overrun(u, loop);
	return err < 0 ? err : 0;
}

void udev_stop(struct udev *u)
{
	if (!u)
		return;
	sd_event_source_disable_unref(u->overrun);
	sd_device_monitor_unref(u->monitor);
	free(u);
}
