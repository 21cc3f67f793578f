// SPDX-License-Identifier: GPL-2.0
/* Children: creates, marks, recognises and sweeps macvlans made for ports. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <net/if.h>

#include "claim.h"
#include "internal.h"
#include "origin.h"

#define ALTNAME_PREFIX "stabletap-"
#define NAME_PREFIX "st"

/* Number of tags that are tried if names are in use */
#define TAG_ATTEMPTS 16

/* "<prefix><decimal ifindex>-<two hex digits>" and nothing behind it. */
static bool parse_mark(const char *text, const char *prefix, int *port)
{
	size_t len = strlen(prefix);
	long value;
	char *end;

	if (strncmp(text, prefix, len) != 0)
		return false;
	text += len;
	if (*text < '1' || *text > '9')
		return false;
	value = strtol(text, &end, 10);
	if (value > INT32_MAX || *end != '-')
		return false;
	if (strlen(end + 1) != 2 ||
	    strspn(end + 1, "0123456789abcdef") != 2)
		return false;
	*port = (int)value;
	return true;
}

bool stabletap_child_is(const struct stabletap_link *link, int *port)
{
	const char *alt = NULL;
	int of;

	if (!stabletap_link_is_macvlan(link))
		return false;
	while ((alt = stabletap_link_altname(link, alt)))
		if (parse_mark(alt, ALTNAME_PREFIX, &of))
			goto found;
	if (link->group != STABLETAP_CHILD_GROUP ||
	    !parse_mark(link->name, NAME_PREFIX, &of))
		return false;
found:
	if (port)
		*port = of;
	return true;
}

static bool name_in_use(struct stabletap *st, const char *name)
{
	struct stabletap_link link;

	if (stabletap_link_find(st, name, &link))
		return false;
	stabletap_link_release(&link);
	return true;
}

/*
 * Creates the macvlan under a free name.  EEXIST may be due to the name, or to
 * the port that has a lower, so look which.
 */
static int create_named(struct stabletap *st, struct stabletap_macvlan *m,
			int port, char *name, unsigned int *tag)
{
	struct stabletap_kept kept;
	uint8_t first = 0;
	unsigned int i;
	int err;

	if (getrandom(&first, sizeof(first), GRND_NONBLOCK) < 0)
		first = 0;
	m->name = name;
	for (i = 0; i < TAG_ATTEMPTS; i++) {
		*tag = (first + i) & 0xff;
		snprintf(name, IFNAMSIZ, NAME_PREFIX "%d-%02x", port, *tag);
		err = stabletap_macvlan_create(st, m);
		if (err != -EEXIST)
			return err;
		stabletap_message_keep(st, &kept);
		if (!name_in_use(st, name)) {
			stabletap_message_put_back(st, &kept);
			return err;
		}
	}
	st_message_set(st, "all names for a child of the port are in use");
	return -EEXIST;
}

/*
 * Finds the macvlan just created.  If it was renamed meanwhile, it is the
 * newest one on its parent.
 */
static int find_made(struct stabletap *st, const struct stabletap_macvlan *m,
		     int *ifindex)
{
	struct stabletap_links vlans = { 0 };
	const struct stabletap_link *l;
	size_t i;
	int err;

	*ifindex = st_link_index(st, m->name);
	if (*ifindex != -ENODEV)
		return *ifindex < 0 ? *ifindex : 0;
	err = stabletap_link_dump(st, "macvlan", &vlans);
	if (err < 0)
		return err;
	err = -ENODEV;
	for (i = 0; i < vlans.n; i++) {
		l = vlans.v[i];
		if (l->group != m->group || l->master != m->master ||
		    l->link != m->parent || l->link_netnsid >= 0)
			continue;
		*ifindex = l->ifindex;
		err = 0;
	}
	stabletap_links_release(&vlans);
	return err;
}

/* @device: the parent's name, or NULL */
static void note_device(struct stabletap *st, int port, const char *child,
			int parent, const char *device)
{
	char name[IF_NAMESIZE];

	if (!st->netns.inode)
		origin_here(&st->netns);
	if (!device)
		device = if_indextoname((unsigned int)parent, name);
	if (device)
		origin_note(STABLETAP_ORIGIN_DIR, &st->netns, port, child,
			    device);
}

bool stabletap_child_device(int port, const char *child,
			    char device[STABLETAP_NAME_SIZE])
{
	return origin_find(STABLETAP_ORIGIN_DIR, port, child, device,
			   STABLETAP_NAME_SIZE);
}

void stabletap_child_forget(int port)
{
	origin_forget(STABLETAP_ORIGIN_DIR, port);
}

int stabletap_child_create(struct stabletap *st,
			   const struct stabletap_link *port, int parent,
			   const char *device, uint32_t mode, bool attach,
			   int *ifindex)
{
	struct stabletap_macvlan m = {
		.parent = parent,
		.master = attach ? port->ifindex : 0,
		.mode = mode,
		.mtu = port->mtu,
		.group = STABLETAP_CHILD_GROUP,
		.addr = port->addr,
	};
	char altname[64];
	char name[IFNAMSIZ];
	unsigned int tag;
	int err;

	err = create_named(st, &m, port->ifindex, name, &tag);
	if (err)
		return err;
	st_fault("child-created");

	err = find_made(st, &m, ifindex);
	if (err)
		return err;

	/* If this fails, name and group still mark the child. */
	snprintf(altname, sizeof(altname), ALTNAME_PREFIX "%d-%02x",
		 port->ifindex, tag);
	stabletap_link_add_altname(st, *ifindex, altname);
	st_message_clear(st);
	note_device(st, port->ifindex, name, parent, device);
	st_fault("child-marked");
	return 0;
}

static bool is_port(const int *ports, size_t n, int ifindex)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (ports[i] == ifindex)
			return true;
	return false;
}

/*
 * Is a child that a dump showed without a master orphaned?  Its maker claims
 * the port before it creates the child, and until the child has a master.  So
 * if the port is not claimed now, and the child still has no master, it is
 * orphaned.  -EAGAIN: the port is claimed; -ENODEV: it is no child without a
 * master any more.
 */
static int check_orphaned(struct stabletap *st, int ifindex, int port)
{
	struct stabletap_link now;
	int err;

	if (claim_is_taken(st_claims(st), port))
		return -EAGAIN;
	err = stabletap_link_get(st, ifindex, &now);
	if (err)
		return err;
	if (now.master || !stabletap_child_is(&now, NULL))
		err = -ENODEV;
	stabletap_link_release(&now);
	return err;
}

static int sweep_one(struct stabletap *st, int ifindex, int port,
		     unsigned int *removed)
{
	int err = check_orphaned(st, ifindex, port);

	if (!err)
		err = stabletap_link_delete(st, ifindex);
	if (!err)
		(*removed)++;
	/* Another process may have removed it. */
	return err == -ENODEV ? 0 : err;
}

/* Removes the orphaned children of @port, and of ports that don't exist. */
static int sweep_all(struct stabletap *st, const struct stabletap_links *links,
		     int port, const int *ports, size_t n,
		     unsigned int *removed)
{
	const struct stabletap_link *l;
	bool claimed = false;
	size_t i;
	int err;
	int of;

	for (i = 0; i < links->n; i++) {
		l = links->v[i];
		if (l->master || !stabletap_child_is(l, &of))
			continue;
		if (of != port && port != STABLETAP_CHILD_ANY &&
		    is_port(ports, n, of))
			continue;
		err = sweep_one(st, l->ifindex, of, removed);
		if (err && err != -EAGAIN)
			return err;
		claimed |= err != 0;
	}
	return claimed ? -EAGAIN : 0;
}

int stabletap_child_sweep(struct stabletap *st, int port,
			  unsigned int *removed)
{
	struct stabletap_links vlans = { 0 };
	unsigned int count = 0;
	int *ports = NULL;
	size_t n = 0;
	int err;

	/* A child that an interrupted dump lacks is left to the next sweep. */
	err = stabletap_link_dump(st, "macvlan", &vlans);
	/*
	 * List ports after children: a port created in between must not seem
	 * absent.
	 */
	if (err >= 0 && port != STABLETAP_CHILD_ANY)
		err = stabletap_port_list(st, &ports, &n);
	/*
	 * The daemon forgets each port that goes.  The command did not see it
	 * go, so sweep the records.
	 */
	if (port != STABLETAP_CHILD_ANY)
		origin_sweep(STABLETAP_ORIGIN_DIR);
	if (err >= 0)
		err = sweep_all(st, &vlans, port, ports, n, &count);
	if (removed)
		*removed = count;
	stabletap_links_release(&vlans);
	free(ports);
	return err;
}
