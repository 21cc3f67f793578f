// SPDX-License-Identifier: GPL-2.0
/* The control device's ioctls. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "internal.h"

int stabletap_control_open(struct stabletap *st)
{
	st_message_clear(st);
	if (st->control >= 0)
		return 0;
	st->control = open(STABLETAP_CONTROL, O_RDWR | O_CLOEXEC |
			   (st->no_wait ? O_NONBLOCK : 0));
	if (st->control < 0)
		return -errno;
	return 0;
}

int st_control_ioctl(struct stabletap *st, unsigned long cmd, void *arg)
{
	int err = stabletap_control_open(st);

	if (err)
		return err;
	if (ioctl(st->control, cmd, arg) < 0) {
		err = -errno;
		st->msg[sizeof(st->msg) - 1] = '\0';
		return err;
	}
	return 0;
}

/* How the struct of each ioctl but VERSION begins */
struct control_head {
	uint32_t size;
	uint32_t msg_size;
	uint64_t msg;
};

int st_control_call(struct stabletap *st, unsigned long cmd, void *arg)
{
	struct control_head *head = arg;
	int err;

	head->msg = (uintptr_t)st->msg;
	head->msg_size = sizeof(st->msg);
	err = st_control_ioctl(st, cmd, arg);
	/* The pointer means nothing to the caller. */
	head->msg = 0;
	head->msg_size = 0;
	return err;
}

#define control_call(st, cmd, arg)					\
	((arg)->size = sizeof(*(arg)), st_control_call(st, cmd, arg))

int stabletap_version_get(struct stabletap *st, struct stabletap_version *out)
{
	struct stabletap_version arg = { .size = sizeof(arg) };
	int err = st_control_ioctl(st, STABLETAP_IOC_VERSION, &arg);

	if (err)
		return err;
	arg.version[sizeof(arg.version) - 1] = '\0';
	*out = arg;
	return 0;
}

int stabletap_port_create(struct stabletap *st, struct stabletap_create *port)
{
	int err = control_call(st, STABLETAP_IOC_CREATE, port);

	st_fault("port-created");
	return err;
}

int stabletap_port_delete(struct stabletap *st, int port, uint32_t flags)
{
	struct stabletap_delete arg = { .port = port, .flags = flags };

	return control_call(st, STABLETAP_IOC_DELETE, &arg);
}

int stabletap_port_attach(struct stabletap *st, int port, int lower,
			  uint32_t flags)
{
	struct stabletap_attach arg = {
		.port = port, .lower = lower, .flags = flags,
	};

	return control_call(st, STABLETAP_IOC_ATTACH, &arg);
}

int stabletap_port_detach(struct stabletap *st, int port, int lower)
{
	struct stabletap_detach arg = { .port = port, .lower = lower };

	return control_call(st, STABLETAP_IOC_DETACH, &arg);
}

int stabletap_port_get(struct stabletap *st, int port,
		       struct stabletap_get *out)
{
	struct stabletap_get arg = { .port = port };
	int err = control_call(st, STABLETAP_IOC_GET, &arg);

	if (err)
		return err;
	*out = arg;
	return 0;
}

int stabletap_port_stats(struct stabletap *st, int port,
			 struct stabletap_stats *out)
{
	struct stabletap_stats arg = { .port = port };
	int err = control_call(st, STABLETAP_IOC_STATS, &arg);

	if (err)
		return err;
	*out = arg;
	return 0;
}

int stabletap_port_list(struct stabletap *st, int **ports, size_t *count)
{
	struct stabletap_list arg = { 0 };
	uint32_t room = 0;
	int *v = NULL;
	int *grown;
	int err;

	for (;;) {
		arg.flags = 0;
		arg.count = room;
		arg.ports = (uintptr_t)v;
		err = control_call(st, STABLETAP_IOC_LIST, &arg);
		if (err) {
			free(v);
			return err;
		}
		if (arg.count <= room)
			break;
		/* Leave room for ports that are created meanwhile. */
		room = arg.count + 16;
		grown = realloc(v, room * sizeof(*v));
		if (!grown) {
			free(v);
			return -ENOMEM;
		}
		v = grown;
	}
	*ports = v;
	*count = arg.count;
	return 0;
}
