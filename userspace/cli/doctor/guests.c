// SPDX-License-Identifier: GPL-2.0
/* Does a QEMU that has a port open use vhost-net? */
#include <stdio.h>
#include <string.h>

#include "doctor/checks.h"
#include "doctor/tree.h"

#define VHOST_NET "/dev/vhost-net"

/* Libvirt and others run QEMU by names that begin so. */
static bool is_qemu(const struct stabletap_holder *holder)
{
	return !strncmp(holder->comm, "qemu", 4) ||
	       !strcmp(holder->comm, "kvm");
}

/* 1: it is open in that process, 0: it is not, -1: that can't be seen. */
static int has_vhost(const struct host *h, pid_t pid)
{
	char target[TREE_PATH];
	int found = -1;
	glob_t g;
	size_t i;

	tree_glob(h->root, &g, "/proc/%d/fd/*", (int)pid);
	for (i = 0; i < g.gl_pathc && found < 1; i++) {
		if (!tree_target("", target, sizeof(target), "%s",
				 g.gl_pathv[i]))
			continue;
		found = !strcmp(target, VHOST_NET);
	}
	globfree(&g);
	return found;
}

static void check_holder(const struct host *h, const struct host_port *p,
			 const struct stabletap_holder *holder,
			 struct findings *f)
{
	const char *name = p->link->name;

	if (!is_qemu(holder) || has_vhost(h, holder->pid))
		return;
	if (!tree_has(h->root, VHOST_NET)) {
		finding_warning(f, "vhost-missing", name,
				"%s (pid %d) does not use vhost-net, because " VHOST_NET " does not exist",
				holder->comm, (int)holder->pid);
		finding_remedy(f, "modprobe vhost_net, and restart the guest");
		return;
	}
	finding_warning(f, "guest-without-vhost", name,
			"%s (pid %d) does not use vhost-net, so each of the guest's frames costs more",
			holder->comm, (int)holder->pid);
	finding_remedy(f, "start QEMU with 'vhost=on' in -netdev tap (libvirt: <driver name='vhost'/>), and let its user open " VHOST_NET);
}

void check_guests(const struct host *h, struct findings *f)
{
	size_t i, k;

	for (i = 0; i < h->ports_n; i++)
		for (k = 0; k < h->holders.n; k++)
			if (h->holders.v[k].minor == h->ports[i].get.minor)
				check_holder(h, &h->ports[i],
					     &h->holders.v[k], f);
	if (h->holders.partial)
		finding_unchecked(f, "the guests", "only root sees which files the processes of other users have open");
}
