// SPDX-License-Identifier: GPL-2.0
/* Creates ports, and sets their options. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "act/act.h"
#include "act/port.h"
#include "util/log.h"

/*
 * Versions can be compared wherever the daemon runs.  As a service it does not
 * see which module is installed: the unit hides them.
 */
void create_check_module(struct model *m)
{
	struct stabletap_module module;
	bool other = stabletap_module_compare(&module) > 0;

	m->module_differs = *module.loaded_version &&
		strcmp(module.loaded_version, stabletap_release()) != 0;
	if (m->module_differs)
		log_line(LOG_WARNING, NULL,
			 "the loaded module is of version %s, stabletapd of %s: load the module of version %s when no port is in use",
			 module.loaded_version, stabletap_release(),
			 stabletap_release());
	else if (other)
		log_line(LOG_WARNING, NULL,
			 "the loaded module is not the installed one (version %s): load that one when no port is in use",
			 module.version);
}

static bool is_module_missing(int err)
{
	return err == -ENOENT || err == -ENXIO || err == -ENODEV;
}

static int module_missing(struct model *m, struct port *port)
{
	snprintf(port->create_why, sizeof(port->create_why),
		 "the module is not loaded");
	if (!m->module_missing)
		log_line(LOG_ERR, NULL,
			 "the module is not loaded; waiting for it: 'modprobe stabletap' loads it; if this fails, 'stabletap doctor' says why");
	m->module_missing = true;
	return -ENODEV;
}

static struct stabletap_create request_of(const struct conf_port *conf)
{
	const struct stabletap_change options = port_options(conf);
	struct stabletap_create r = {
		.mtu = conf->mtu, .queues = conf->queues, .owner = conf->owner,
		.group = conf->group, .perm = conf->perm,
		.on_detach = options.on_detach,
		.hold_frames = options.hold_frames,
		.hold_time = options.hold_time,
		.hold_bytes = options.hold_bytes,
		/* 0 means not set, or root, which is the module's default. */
		.flags = (conf->owner ? STABLETAP_CREATE_OWNER : 0) |
			 (conf->group ? STABLETAP_CREATE_GROUP : 0) |
			 (conf->perm ? STABLETAP_CREATE_PERM : 0),
	};

	strncpy(r.name, conf->name, sizeof(r.name) - 1);
	if (conf->mac_set)
		memcpy(r.mac, conf->mac, sizeof(r.mac));
	return r;
}

static void tell_made(const struct port *port)
{
	const char *name = port->conf->name;

	if (!port->was_there || port->end == PORT_RENAMED)
		log_line(LOG_INFO, name, "made");
	else if (port->end == PORT_DELETED)
		log_line(LOG_ERR, name,
			 "was deleted, and is made anew: a guest that had the old one open has no network until it is restarted");
	else if (port->end == PORT_MOVED)
		log_line(LOG_WARNING, name,
			 "went to another network namespace, where its guest still has it but stabletapd does not manage it; a new port was made here");
	else
		log_line(LOG_ERR, name,
			 "was deleted, or moved to another network namespace, and is made anew: a guest that had the old one open may have no network until it is restarted");
}

static void tell_refused(struct port *port, const char *why)
{
	if (log_is_new_cause(port->create_why, sizeof(port->create_why), why))
		log_line(LOG_ERR, port->conf->name, "can't be made: %s", why);
}

int create_port(struct act *a, struct port *port)
{
	struct stabletap_create request = request_of(port->conf);
	int err = stabletap_control_open(a->st);

	if (err && is_module_missing(err))
		return module_missing(a->m, port);
	if (a->m->module_missing)
		create_check_module(a->m);
	a->m->module_missing = false;
	/* It is set up when its event comes. */
	if (!err)
		err = stabletap_port_create(a->st, &request);
	if (err)
		tell_refused(port, act_why(a, err));
	else
		tell_made(port);
	return err;
}

/* ---- options ---- */

/* In the words of stabletap(8) */
static void format_options(const struct stabletap_change *c, char *buf,
			   size_t size)
{
	int n = 0;

	buf[0] = '\0';
	if (c->options & STABLETAP_SET_ON_DETACH)
		n += snprintf(buf, size, " on-detach %s",
			      stabletap_on_detach_name(c->on_detach));
	if (c->options & STABLETAP_SET_HOLD_FRAMES)
		n += snprintf(buf + n, size - (size_t)n, " frames %u",
			      c->hold_frames);
	if (c->options & STABLETAP_SET_HOLD_BYTES)
		n += snprintf(buf + n, size - (size_t)n, " bytes %llu",
			      (unsigned long long)c->hold_bytes);
	if (c->options & STABLETAP_SET_HOLD_TIME)
		snprintf(buf + n, size - (size_t)n, " time %u", c->hold_time);
}

int set_port_options(struct act *a, struct port *port)
{
	const struct stabletap_change change = port_options_due(port);
	int err = stabletap_port_change(a->st, port->ifindex, &change);
	char text[160];

	format_options(&change, text, sizeof(text));
	if (!err)
		log_line(LOG_INFO, port->conf->name, "set to%s, as configured",
			 text);
	else if (!port->options_retry.failures && err != -ENODEV)
		log_line(LOG_WARNING, port->conf->name,
			 "can't be set to%s: %s; retried until it succeeds",
			 text, act_why(a, err));
	return err;
}
