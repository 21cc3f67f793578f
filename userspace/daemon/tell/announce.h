/* SPDX-License-Identifier: GPL-2.0 */
/* Telling the network where a port is now. */
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
 * One for all ports: it keeps a packet socket open, for closing one costs a
 * grace period of RCU (some 15 ms).  @st stays the caller's.
 */
struct announcer *announcer_new(sd_event *loop, struct stabletap *st);
void announcer_free(struct announcer *a);
/* Announce each port that has got another lower, or was set up. */
void announcer_watch(struct announcer *a, struct model *m);
/*
 * Tell the network by device @ifindex where @addr is now: RARP, and ARP or NA
 * for what port @port (ifindex) and VLANs on it have addresses of, at once
 * and again after 50, 200, 450 and 800 ms.  "At once" is when the loop has
 * nothing more urgent.  Another start for the same port ends the one before;
 * it ends by itself when @ifindex is no more.
 *
 * @stacked: there are VLANs on the port; to ask for them costs a look at all
 * devices, of which there may be thousands.
 *
 * RARP goes out with the tag of each of @vlans, too, which the guest has made
 * on its NIC: 64 of them each time, others the next time.
 */
int announcer_start(struct announcer *a, int port, int ifindex,
		    const uint8_t addr[6], bool stacked,
		    const uint16_t *vlans, size_t vlans_n);
void announcer_stop(struct announcer *a, int port);

#endif /* TELL_ANNOUNCE_H */
