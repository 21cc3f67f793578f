// SPDX-License-Identifier: GPL-2.0
/*
 * Makes a port, attaches it to a device, opens its node, and shows each change
 * of the port for a number of seconds:
 *
 *	cc port.c $(pkg-config --cflags --libs libstabletap) -o port
 *	./port vm1 eth0 60
 *
 * The port is deleted at the end.
 */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libstabletap.h>

static struct stabletap *st;

static int complain(const char *what, int err)
{
	fprintf(stderr, "can't %s: %s%s%s\n", what, strerror(-err),
		*stabletap_message(st) ? ": " : "", stabletap_message(st));
	return 1;
}

static int show(int port, bool gone, void *arg)
{
	const int *wanted = arg;
	struct stabletap_get get = { .size = sizeof(get), .port = port };
	char name[IF_NAMESIZE];

	if (port != *wanted)
		return 0;
	if (gone)
		return 1;
	/* Deleted meanwhile?  Then there is another message. */
	if (stabletap_get(st, &get))
		return 0;
	printf("%s: %s%s%s\n", get.name, stabletap_state_name(get.state),
	       get.lower ? " by " : "",
	       get.lower && if_indextoname(get.lower, name) ? name : "");
	fflush(stdout);
	return 0;
}

/* Returns 0 at the end of the time, 1 if the port is gone. */
static int follow(struct stabletap_watch *watch, int port, int seconds)
{
	struct pollfd pfd = { stabletap_watch_fd(watch), POLLIN, 0 };
	time_t end = time(NULL) + seconds;
	int err;

	while (time(NULL) < end) {
		if (poll(&pfd, 1, 1000) <= 0)
			continue;
		err = stabletap_watch_read(watch, show, &port);
		/* Changes were lost: look at the port itself. */
		if (err == -ENOBUFS)
			err = show(port, false, &port);
		if (err)
			return err < 0 ? complain("follow the port", err) : 1;
	}
	return 0;
}

static int run(const char *name, int device, int seconds)
{
	struct stabletap_create create = {
		.size = sizeof(create), .on_detach = STABLETAP_ON_DETACH_HOLD,
	};
	struct stabletap_watch *watch;
	int err, fd, status = 1;

	snprintf(create.name, sizeof(create.name), "%s", name);
	err = stabletap_watch_open(&watch);
	if (err)
		return complain("open a netlink socket", err);
	err = stabletap_create(st, &create);
	if (err) {
		complain("create the port", err);
		goto out;
	}
	err = stabletap_set_up(st, (int)create.port, true);
	if (!err)
		err = stabletap_attach(st, (int)create.port, device,
				       STABLETAP_MODE_BRIDGE, 0);
	if (!err)
		err = stabletap_open_queues(st, (int)create.port, 1, &fd);
	if (err) {
		complain("attach or open the port", err);
		goto out_delete;
	}
	/* This would be QEMU's: -netdev tap,id=n0,fd=<fd> */
	printf("%s is open as fd %d\n", create.name, fd);
	status = follow(watch, (int)create.port, seconds);
	close(fd);
out_delete:
	stabletap_delete(st, (int)create.port, 0);
out:
	stabletap_watch_close(watch);
	return status;
}

int main(int argc, char **argv)
{
	int device, status;

	device = argc == 4 ? (int)if_nametoindex(argv[2]) : 0;
	if (!device) {
		fprintf(stderr, "usage: %s PORT DEVICE SECONDS\n", argv[0]);
		return 2;
	}
	if (stabletap_open(&st)) {
		perror("can't open a netlink socket");
		return 1;
	}
	/* The control device appears with the module. */
	stabletap_module_load();
	status = run(argv[1], device, atoi(argv[3]));
	stabletap_close(st);
	return status;
}
