/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A real guest: iPXE, out of the ROM of QEMU's own NIC.  It takes a lease by
 * DHCP and a script by HTTP, and answers pings.
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

#define IPXE_SLOT	4	/* of its NIC */
#define IPXE_ADDRESS	"10.77.0.10"

struct ipxe {
	struct qemu qemu;
	char dir[64];
	pid_t dhcp;
	pid_t http;
	int icmp;
	int sequence;
	uint64_t heard;		/* when it answered last; 0: never */
	uint64_t silence;	/* the longest time that it did not, ns */
};

/*
 * Make bridge "switch" in the present network namespace, and serve there.
 * What is done besides may be done in another.
 */
int ipxe_serve(struct ipxe *guest);
/* Start it on a queue of a port; @args: more for QEMU, or "". */
int ipxe_start(struct ipxe *guest, int fd, const char *args);
void ipxe_end(struct ipxe *guest);
/* Has it got its script?  False at the deadline, which is a long one. */
bool ipxe_boots(struct ipxe *guest);
/* Does it answer some pings in a row, within @deadline_ms? */
bool ipxe_answers(struct ipxe *guest, int deadline_ms);
/* Does it answer nothing for a second? */
bool ipxe_is_silent(struct ipxe *guest);

#endif /* IPXE_H */
