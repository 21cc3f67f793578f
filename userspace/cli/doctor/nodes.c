// SPDX-License-Identifier: GPL-2.0
/*
 * The device nodes of ports.  devtmpfs is one directory for all network
 * namespaces, and the kernel creates no node whose name is taken: a container's
 * macvtap, which may have any ifindex, can have the port's node name.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "doctor/checks.h"
#include "doctor/tree.h"

static bool is_here(const struct host *h, const char *name)
{
	size_t i;

	for (i = 0; i < h->links.n; i++)
		if (!strcmp(h->links.v[i]->name, name))
			return true;
	return false;
}

/* "device 245:1, of network device mt0 in another namespace" */
static void describe(const struct host *h, const struct stat *sb, char *buf,
		     size_t size)
{
	unsigned int ma = major(sb->st_rdev), mi = minor(sb->st_rdev);
	char target[TREE_PATH];
	char *name;

	if (!S_ISCHR(sb->st_mode)) {
		snprintf(buf, size, "a file that is no character device");
		return;
	}
	tree_target(h->root, target, sizeof(target), "/sys/dev/char/%u:%u",
		    ma, mi);
	name = strstr(target, "/net/");
	if (!name) {
		snprintf(buf, size, "device %u:%u", ma, mi);
		return;
	}
	name += strlen("/net/");
	name[strcspn(name, "/")] = '\0';
	snprintf(buf, size, "device %u:%u, of network device %s%s", ma, mi,
		 name, is_here(h, name) ? "" : " in another namespace");
}

static void check_node(const struct host *h, const struct host_port *p,
		       struct findings *f)
{
	char path[2 * TREE_PATH], other[2 * TREE_PATH];
	const struct stabletap_get *get = &p->get;
	struct stat sb;

	snprintf(path, sizeof(path), "%s/dev/%s", h->root, get->node);
	if (stat(path, &sb)) {
		finding_error(f, "node-missing", p->link->name,
			      "the port's node /dev/%s can't be found: %s",
			      get->node, strerror(errno));
		finding_remedy(f, "mount devtmpfs on /dev; in a container, add the device; or 'mknod -m %04o /dev/%s c %u %u', and chown %u:%u",
			       get->perm, get->node, get->major, get->minor,
			       get->owner, get->group);
	} else if (!S_ISCHR(sb.st_mode) || major(sb.st_rdev) != get->major ||
		   minor(sb.st_rdev) != get->minor) {
		describe(h, &sb, other, sizeof(other));
		finding_error(f, "node-foreign", p->link->name,
			      "/dev/%s is not the port's node (%u:%u), but %s",
			      get->node, get->major, get->minor, other);
		finding_remedy(f, "delete that device or file, and create the port again; until then open a node made by 'mknod -m %04o /dev/%s c %u %u'",
			       get->perm, p->link->name, get->major,
			       get->minor);
	}
}

void check_nodes(const struct host *h, struct findings *f)
{
	size_t i;

	for (i = 0; i < h->ports_n; i++)
		check_node(h, &h->ports[i], f);
}
