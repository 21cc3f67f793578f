/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A real guest: iPXE from the ROM of QEMU's NIC. It gets a lease by DHCP and a
 * script by HTTP, and answers pings.
 *
 *	iPXE - QEMU - fd, vhost ... switch: 10.77.0.1, DHCP, HTTP, pings
 *
 * Functions return a negative errno on failure unless they say otherwise.
 */
#ifndef IPXE_H
#define IPXE_H

#include <stdbool.h>
#include <stdint.h>

#include "qemu.h"

#define IPXE_SLOT	4	/* PCI slot of the guest's NIC */
#define IPXE_ADDRESS	"10.77.0.10"

struct ipxe {
	struct qemu qemu;
	char dir[64];
	pid_t dhcp;
	pid_t http;
	int icmp;
	int sequence;
	uint64_t heard;		/* time of the last answer; 0: none yet */
	uint64_t silence;	/* longest time without an answer, ns */
};

/*
 * Create the bridge "switch" in the present network namespace, and serve DHCP
 * and HTTP on it.  The caller may then change to another namespace.
 */
int ipxe_serve(struct ipxe *guest);
/*
 * Start the guest on a queue of a port; @args: further arguments of QEMU, or
 * "".
 */
int ipxe_start(struct ipxe *guest, int fd, const char *args);
void ipxe_end(struct ipxe *guest);
/* Wait until the guest has got its script; false at the (long) deadline. */
bool ipxe_boots(struct ipxe *guest);
/*
 * Wait until the guest answers several pings in a row; false at the deadline.
 */
bool ipxe_answers(struct ipxe *guest, int deadline_ms);
/* Returns true if the guest answers no ping for a second. */
bool ipxe_is_silent(struct ipxe *guest);

#endif /* IPXE_H */
