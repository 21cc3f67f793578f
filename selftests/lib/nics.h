/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine's two emulated NICs, for tests that need a real driver: an e1000e
 * that can be unplugged and a vmxnet3, on the same segment.
 *
 *	fd -- vm1 -- [mv0 --] e1000e ==== vmxnet3 -- packet socket
 *	      the test's namespace        another
 *
 * The NICs belong to the namespace in which the test was started.  The kernel
 * moves them back there when the test's namespace is deleted.
 */
#ifndef NICS_H
#define NICS_H

#include "scene.h"

#define NICS_E1000E	"\x52\x54\x00\xaa\x00\x01"
#define NICS_VMXNET3	"\x52\x54\x00\xaa\x00\x02"
/* Link detection of an emulated NIC takes seconds. */
#define NICS_DEADLINE	(2 * ST_DEADLINE)

struct nics {
	int home;		/* namespace fd: where the NICs belong */
	int here;		/* namespace fd: the test's */
	int there;		/* namespace fd: the peer's */
	const void *mac;	/* MAC address of the NIC below the port */
	char pci[32];		/* address of the NIC's PCI device */
	char driver[64];	/* directory of its driver in sysfs */
};

/*
 * As scene_new(), with the e1000e as v0 and the vmxnet3 as p0; the port is
 * detached.  Returns -ENODEV if the machine has no such NICs.
 */
int nics_new(struct nics *nics, struct scene *scene, bool macvlan);
/*
 * As nics_new(), but without v0: the caller sets nics->mac of the NIC to fetch.
 */
int nics_new_peer(struct nics *nics, struct scene *scene, bool macvlan);
/* Has the kernel a driver for the e1000e?  Debian's cloud kernels have none. */
bool nics_have_driver(void);
void nics_end(struct nics *nics, struct scene *scene);
/*
 * Move the NIC from nics->home, where its driver has created it again, to the
 * test's namespace; set it up and make it v0.
 */
int nics_fetch(struct nics *nics, struct scene *scene);
/*
 * ifindex of the device with this MAC address that has a driver of its own, or
 * 0
 */
int nics_find(const void *mac);
/* PCI address of a device */
int nics_pci(int ifindex, char *pci, size_t size);
/*
 * Move a NIC to another namespace and enter that.  Returns the NIC's ifindex.
 */
int nics_take(int from, int to, const void *mac);

#endif /* NICS_H */
