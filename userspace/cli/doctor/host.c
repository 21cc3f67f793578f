// SPDX-License-Identifier: GPL-2.0
/* Reads what the doctor's checks look at. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "ask.h"
#include "doctor/host.h"
#include "doctor/tree.h"

/* ---- ports ---- */

static const struct stabletap_link *on_bus(const struct host *h,
					   const char *bus, const char *dev)
{
	size_t i;

	for (i = 0; i < h->links.n; i++)
		if (!strcmp(h->links.v[i]->parent_bus, bus) &&
		    !strcmp(h->links.v[i]->parent_dev, dev))
			return h->links.v[i];
	return NULL;
}

/* Returns the number of VF @dev in @pf, or -1. */
static int vf_number(const struct host *h, const char *bus, const char *pf,
		     const char *dev)
{
	char target[TREE_PATH];
	int n;

	for (n = 0; tree_target(h->root, target, sizeof(target),
				"/sys/bus/%s/devices/%s/virtfn%d", bus, pf,
				n); n++)
		if (!strcmp(tree_name(target), dev))
			return n;
	return -1;
}

static void read_vf(struct stabletap *st, const struct host *h,
		    struct host_port *p)
{
	const struct stabletap_link *dev = p->device, *pf;
	struct stabletap_vfs vfs = { 0 };
	const struct stabletap_vf *vf;
	char target[TREE_PATH];
	int n;

	if (!*dev->parent_dev ||
	    !tree_target(h->root, target, sizeof(target),
			 "/sys/bus/%s/devices/%s/physfn", dev->parent_bus,
			 dev->parent_dev))
		return;
	n = vf_number(h, dev->parent_bus, tree_name(target), dev->parent_dev);
	pf = on_bus(h, dev->parent_bus, tree_name(target));
	if (n < 0 || !pf || stabletap_vf_dump(st, pf->ifindex, &vfs))
		return;
	vf = stabletap_vfs_find(&vfs, (unsigned int)n);
	p->has_vf = vf;
	if (vf)
		p->vf = *vf;
	stabletap_vfs_release(&vfs);
}

/* Reads what is below the port. */
static void read_lower(struct stabletap *st, const struct host *h,
		       struct host_port *p)
{
	bool direct = p->get.lower_kind == STABLETAP_LOWER_DIRECT;
	int parent;

	p->pvid = -1;
	p->lower = stabletap_links_find(&h->links, (int)p->get.lower);
	if (!p->lower)
		return;
	parent = stabletap_link_parent(p->lower);
	p->device = direct ? p->lower : stabletap_links_find(&h->links, parent);
	if (direct)
		p->addresses = stabletap_addr_count(st, p->lower->ifindex);
	if (!p->device)
		return;
	if (!strcmp(p->device->kind, "bridge"))
		p->pvid = stabletap_bridge_pvid(st, p->device->ifindex);
	read_vf(st, h, p);
}

static int read_ports(struct stabletap *st, struct host *h)
{
	struct host_port *p;
	size_t i;

	h->ports = calloc(h->links.n + 1, sizeof(*h->ports));
	if (!h->ports)
		return -ENOMEM;
	for (i = 0; i < h->links.n; i++) {
		p = &h->ports[h->ports_n];
		p->link = h->links.v[i];
		/* A port that is gone meanwhile is none. */
		if (!stabletap_link_is_port(p->link) ||
		    stabletap_port_get(st, p->link->ifindex, &p->get))
			continue;
		read_lower(st, h, p);
		h->ports_n++;
	}
	return 0;
}

/* ---- the whole ---- */

static int read_kernel(struct cli *cli, struct host *h)
{
	struct utsname name;
	int err;

	if (uname(&name))
		return -errno;
	snprintf(h->release, sizeof(h->release), "%s", name.release);
	h->is_loaded = tree_has(h->root, "/sys/module/" STABLETAP_KIND);
	h->control = stabletap_version_get(cli->st, &h->loaded);
	stabletap_module_compare(&h->module);
	err = stabletap_link_dump(cli->st, NULL, &h->links);
	if (err < 0)
		return err;
	err = read_ports(cli->st, h);
	if (err || !h->ports_n)
		return err;
	/* All nodes have the same major number. */
	return stabletap_holders_scan(h->ports[0].get.major, &h->holders);
}

int host_read(struct cli *cli, struct host *h)
{
	int err;

	memset(h, 0, sizeof(*h));
	h->root = "";
	h->is_root = !geteuid();
	h->is_local = !cli->netns;
	err = read_kernel(cli, h);
	if (err) {
		host_release(h);
		return err;
	}
	h->daemon_err = ask_status_quietly(cli, &h->daemon);
	return 0;
}

void host_release(struct host *h)
{
	json_decref(h->daemon);
	stabletap_holders_release(&h->holders);
	stabletap_links_release(&h->links);
	free(h->ports);
	memset(h, 0, sizeof(*h));
}
