// SPDX-License-Identifier: GPL-2.0
/*
 * What libstabletap.so has for programs that are not built with this tree.  The
 * caller's structs may be older or newer than the library's: only the kernel
 * looks at their size.
 */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

int stabletap_version(struct stabletap *st, struct stabletap_version *version)
{
	return st_control_ioctl(st, STABLETAP_IOC_VERSION, version);
}

int stabletap_find(struct stabletap *st, const char *name)
{
	struct stabletap_link link;
	int port = stabletap_link_find(st, name, &link);

	if (port)
		return port;
	port = link.ifindex;
	if (!stabletap_link_is_port(&link)) {
		st_message_set(st, "%s is not a port", link.name);
		port = -EMEDIUMTYPE;
	}
	stabletap_link_release(&link);
	return port;
}

int stabletap_create(struct stabletap *st, struct stabletap_create *create)
{
	return st_control_call(st, STABLETAP_IOC_CREATE, create);
}

int stabletap_delete(struct stabletap *st, int port, uint32_t flags)
{
	return stabletap_place_delete(st, port, flags);
}

int stabletap_set(struct stabletap *st, struct stabletap_set *set)
{
	return st_control_call(st, STABLETAP_IOC_SET, set);
}

int stabletap_get(struct stabletap *st, struct stabletap_get *get)
{
	return st_control_call(st, STABLETAP_IOC_GET, get);
}

int stabletap_stats(struct stabletap *st, struct stabletap_stats *stats)
{
	return st_control_call(st, STABLETAP_IOC_STATS, stats);
}

int stabletap_list(struct stabletap *st, int **ports, size_t *count)
{
	return stabletap_port_list(st, ports, count);
}

int stabletap_set_up(struct stabletap *st, int port, bool up)
{
	return stabletap_link_set_up(st, port, up);
}

int stabletap_attach(struct stabletap *st, int port, int device,
		     enum stabletap_mode mode, uint32_t flags)
{
	struct stabletap_place place = {
		.port = port, .dev = device, .mode = mode, .flags = flags,
	};
	int err = stabletap_place_plan(st, &place);

	if (!err)
		err = stabletap_place_run(st, &place);
	stabletap_place_release(&place);
	return err;
}

int stabletap_detach(struct stabletap *st, int port)
{
	return stabletap_place_remove(st, port, 0);
}

int stabletap_announce(struct stabletap *st, int port)
{
	struct stabletap_link link;
	int err = stabletap_link_get(st, port, &link);

	if (err)
		return err;
	err = link.port.lower ?
	      stabletap_announce_rarp((int)link.port.lower, link.addr) :
	      -ENOTCONN;
	stabletap_link_release(&link);
	return err;
}

int stabletap_open_queues(struct stabletap *st, int port, unsigned int count,
			  int *fds)
{
	struct stabletap_get get;
	int err = stabletap_port_get(st, port, &get);

	return err ? err : stabletap_node_open(st, &get, count, fds);
}

/* ---- following changes ---- */

struct stabletap_watch {
	struct stabletap_monitor *mon;
	/* those of the call that is reading */
	stabletap_watch_fn fn;
	void *arg;
};

int stabletap_watch_open(struct stabletap_watch **out)
{
	struct stabletap_watch *watch = calloc(1, sizeof(*watch));
	int err;

	if (!watch)
		return -ENOMEM;
	err = stabletap_monitor_open(&watch->mon, 0);
	if (err) {
		free(watch);
		return err;
	}
	*out = watch;
	return 0;
}

void stabletap_watch_close(struct stabletap_watch *watch)
{
	if (!watch)
		return;
	stabletap_monitor_close(watch->mon);
	free(watch);
}

int stabletap_watch_fd(const struct stabletap_watch *watch)
{
	return stabletap_monitor_fd(watch->mon);
}

static int take_change(const struct stabletap_link *link, bool gone, void *arg)
{
	const struct stabletap_watch *watch = arg;

	if (!stabletap_link_is_port(link))
		return 0;
	return watch->fn(link->ifindex, gone, watch->arg);
}

int stabletap_watch_read(struct stabletap_watch *watch, stabletap_watch_fn fn,
			 void *arg)
{
	watch->fn = fn;
	watch->arg = arg;
	return stabletap_monitor_read(watch->mon, take_change, watch);
}
