/* SPDX-License-Identifier: GPL-2.0 */
/* Announces ports to the network. */
#ifndef TELL_ANNOUNCE_H
#define TELL_ANNOUNCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct announcer;
struct model;
struct stabletap;

/*
 * One announcer serves all ports.  It keeps a packet socket open, because
 * closing one waits for an RCU grace period (some 15 ms).  @st stays the
 * caller's.
 */
struct announcer *announcer_new(sd_event *loop, struct stabletap *st);
void announcer_free(struct announcer *a);
/* Announces each port that has got another lower, or was set up. */
void announcer_watch(struct announcer *a, struct model *m);
/*
 * Announces @addr by device @ifindex: RARP, and ARP or NA for the IP addresses
 * of port @port (ifindex) and of VLANs on it, at once and again after 50, 200,
 * 450 and 800 ms; each of these pauses can be 10 ms longer.  "At once" is when
 * the loop has no more urgent work.  Another start for the same port ends the
 * one before.  An announcement ends if @ifindex disappears.
 *
 * @stacked: there are VLANs on the port.  Finding them costs a dump of all
 * devices, of which there may be thousands.
 *
 * RARP is also sent with the tag of each of @vlans, the VLANs of the guest: 64
 * of them in each round, others in the next.
 */
int announcer_start(struct announcer *a, int port, int ifindex,
		    const uint8_t addr[6], bool stacked,
		    const uint16_t *vlans, size_t vlans_n);
void announcer_stop(struct announcer *a, int port);

#endif /* TELL_ANNOUNCE_H */
