/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine's two emulated NICs, for tests that need a real driver: an
 * e1000e that can be unplugged and a vmxnet3, on one wire.
 *
 *	fd -- vm1 -- [mv0 --] e1000e ==== vmxnet3 -- packet socket
 *	      the test's namespace        another
 *
 * They live in the namespace that the test was started in and go back there
 * when the test's is gone.
 */
#ifndef NICS_H
#define NICS_H

#include "scene.h"

#define NICS_E1000E	"\x52\x54\x00\xaa\x00\x01"
#define NICS_VMXNET3	"\x52\x54\x00\xaa\x00\x02"
/* Until an emulated NIC has found its link, which takes seconds, and more */
#define NICS_DEADLINE	(2 * ST_DEADLINE)

struct nics {
	int home;		/* namespace fd, where they live */
	int here;		/* the test's */
	int there;		/* the peer's */
	const void *mac;	/* of the NIC below the port */
	char pci[32];		/* address of its PCI device */
	char driver[64];	/* directory of that one's driver in sysfs */
};

/*
 * As scene_new(), with the e1000e for v0 and the vmxnet3 for p0; detached.
 * -ENODEV: the machine has none.
 */
int nics_new(struct nics *nics, struct scene *scene, bool macvlan);
/* The same without v0: the caller says by nics->mac which NIC to fetch. */
int nics_new_peer(struct nics *nics, struct scene *scene, bool macvlan);
/* Has the kernel a driver for the e1000e?  Debian's cloud kernels have none. */
bool nics_have_driver(void);
void nics_end(struct nics *nics, struct scene *scene);
/* Fetch the NIC from home, where a driver has put it anew; up; v0. */
int nics_fetch(struct nics *nics, struct scene *scene);
/* ifindex of the device that has this MAC and a driver of its own, or 0 */
int nics_find(const void *mac);
/* Address of its PCI device */
int nics_pci(int ifindex, char *pci, size_t size);
/* Take a NIC from one namespace to another, and go there; its ifindex. */
int nics_take(int from, int to, const void *mac);

#endif /* NICS_H */
