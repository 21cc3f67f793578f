// SPDX-License-Identifier: GPL-2.0
/* The steps by which a port comes to be where it should. */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <syslog.h>

#include "core.h"

static bool is_module_missing(int err)
{
	return err == -ENOENT || err == -ENXIO || err == -ENODEV;
}

static int say_module_missing(struct daemon *d)
{
	if (!d->module_missing)
		log_port(LOG_ERR, NULL,
			 "the module is not loaded: 'modprobe stabletap'; waiting for it");
	d->module_missing = true;
	return -ENODEV;
}

/*
 * Versions can be compared wherever it runs.  As a service it does not see
 * which module is installed: the unit hides them.
 */
void act_say_module(void)
{
	struct stabletap_module module;
	bool other = stabletap_module_compare(&module) > 0;

	if (*module.loaded_version &&
	    strcmp(module.loaded_version, STABLETAP_VERSION) != 0)
		log_port(LOG_WARNING, NULL,
			 "the loaded module is of version %s, stabletapd of " STABLETAP_VERSION ": load the module that belongs to it when no port is needed",
			 module.loaded_version);
	else if (other)
		log_port(LOG_WARNING, NULL,
			 "the loaded module is not the installed one (version %s): load it when no port is needed",
			 module.version);
}

int act_create(struct port *port)
{
	const struct conf_port *conf = port->conf;
	struct daemon *d = port->daemon;
	struct stabletap_create create = {
		.mtu = conf->mtu, .queues = conf->queues, .owner = conf->owner,
		.group = conf->group, .perm = conf->perm,
		.on_detach = conf->on_detach,
		/* Not set is 0, and so is root, the module's default. */
		.flags = (conf->owner ? STABLETAP_CREATE_OWNER : 0) |
			 (conf->group ? STABLETAP_CREATE_GROUP : 0) |
			 (conf->perm ? STABLETAP_CREATE_PERM : 0),
	};
	int err = stabletap_control_open(d->st);

	if (err && is_module_missing(err))
		return say_module_missing(d);
	if (d->module_missing)
		act_say_module();
	d->module_missing = false;
	strncpy(create.name, conf->name, sizeof(create.name) - 1);
	if (conf->mac_set)
		memcpy(create.mac, conf->mac, sizeof(create.mac));
	/* It is set up when its event comes. */
	if (!err)
		err = stabletap_port_create(d->st, &create);
	if (err) {
		log_port(LOG_ERR, port, "can't be made: %s", why_not(d, err));
		return err;
	}
	if (port->was_there)
		log_port(LOG_ERR, port,
			 "was deleted, and is made anew: a guest that had it open is cut off until it is started again");
	else
		log_port(LOG_INFO, port, "made");
	return 0;
}

static int attach(struct port *port, int dev, enum stabletap_mode mode,
		  enum stabletap_how *how)
{
	struct daemon *d = port->daemon;
	struct stabletap_place p = {
		.port = port->ifindex, .dev = dev, .mode = mode,
		.flags = port->conf->filter ? STABLETAP_ATTACH_FILTER : 0,
		.swept = true,
	};
	int err;

	if (port->told.lower)
		p.flags |= STABLETAP_ATTACH_REPLACE;
	err = stabletap_place_plan(d->st, &p);
	if (!err) {
		*how = p.how;
		err = stabletap_place_run(d->st, &p);
	}
	if (!err && p.leftover)
		log_port(LOG_WARNING, port, "the old child is left over");
	/* Refused before anything was let go */
	if (err && p.how == STABLETAP_HOW_BREAK && !p.restored)
		*how = STABLETAP_HOW_SWAP;
	stabletap_place_release(&p);
	return err;
}

/* It may be over in a moment, and mostly is. */
static int not_now(const struct port *port, int dev, const char *why)
{
	const struct stabletap_link *link;

	link = stabletap_links_find(&port->daemon->links, dev);
	if (port->again == AGAIN_TOLD)
		log_port(LOG_WARNING, port, "not attached to %s yet: %s",
			 link ? link->name : "a device that is gone", why);
	return -EAGAIN;
}

int act_attach(struct port *port, int dev, enum stabletap_mode mode,
	       enum stabletap_how *how)
{
	const struct stabletap_link *link;
	struct daemon *d = port->daemon;
	int err;

	*how = STABLETAP_HOW_CHILD;
	err = pools_prepare(port, dev, mode);
	if (!err)
		err = attach(port, dev, mode, how);
	if (!err)
		pools_taken(port, dev);
	/* What it was done for has changed meanwhile: the events tell. */
	if (err == -ENODEV || err == -ESTALE || err == -EEXIST)
		return not_now(port, dev, why_not(d, err));
	if (err) {
		link = stabletap_links_find(&d->links, dev);
		log_port(LOG_WARNING, port, "can't be attached to %s: %s",
			 link ? link->name : "a device that is gone",
			 why_not(d, err));
	}
	return err;
}

int act_vlan(struct daemon *d, const struct stabletap_link *base, int id,
	     unsigned int again)
{
	char name[STABLETAP_NAME_SIZE + 8];
	int err;

	snprintf(name, sizeof(name), "%s.%d", base->name, id);
	if (strlen(name) >= IFNAMSIZ || select_named(d, name))
		snprintf(name, sizeof(name), "v%d.%d", base->ifindex, id);
	err = stabletap_vlan_create(d->st, name, base->ifindex, (uint16_t)id);
	/* Most likely its event is still to come. */
	if (err == -EEXIST && !again)
		return err;
	if (err)
		log_port(LOG_WARNING, NULL, "can't make VLAN %d on %s: %s", id,
			 base->name, why_not(d, err));
	else
		log_port(LOG_INFO, NULL, "made VLAN device %s", name);
	return err;
}

int act_sweep(struct daemon *d)
{
	unsigned int removed;
	int err = stabletap_child_sweep(d->st, STABLETAP_CHILD_ANY, &removed);

	if (removed)
		log_port(LOG_NOTICE, NULL, "removed %u children that no port used",
			 removed);
	/* The command works on a port: look again when it has finished. */
	if (err && err != -EAGAIN)
		log_port(LOG_WARNING, NULL,
			 "can't remove children that no port uses: %s",
			 why_not(d, err));
	return err;
}
