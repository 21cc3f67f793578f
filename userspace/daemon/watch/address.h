/* SPDX-License-Identifier: GPL-2.0 */
/* Follows the addresses that devices have: such a device is no free member. */
#ifndef WATCH_ADDRESS_H
#define WATCH_ADDRESS_H

#include <systemd/sd-event.h>

struct address_watch;
struct model;
struct stabletap;

/* Follows addresses as long as the configuration has pools. */
int address_start(sd_event *loop, struct stabletap *st, struct model *m,
		  struct address_watch **out);
void address_stop(struct address_watch *w);

#endif /* WATCH_ADDRESS_H */
