/* SPDX-License-Identifier: GPL-2.0 */
/* Copies guests' receive filters to their ports' lists and flags. */
#ifndef GUEST_FILTER_H
#define GUEST_FILTER_H

#include <stdbool.h>
#include <systemd/sd-event.h>

struct filter;
struct filters;
struct port;
struct qmp_filter;
struct stabletap;

int filters_start(sd_event *loop, struct stabletap *st, struct filters **out);
void filters_stop(struct filters *fs);		/* after all filter_free() */

/* Leaves *out unchanged if the port has no guest and no record of one. */
int filter_new(struct filters *fs, struct port *port, struct filter **out);
void filter_free(struct filter *f);
/* Takes in QEMU's answer; NULL: QEMU can't be asked any more. */
void filter_update(struct filter *f, const struct qmp_filter *said);
/* The port's section has changed.  @other_nic: it names another NIC. */
void filter_configured(struct filter *f, bool other_nic);
/* The port may have appeared, gone, or got another lower. */
void filter_port_changed(struct filter *f);
/*
 * The daemon ends: give the port all multicast, because the guest's later
 * requests would be missed.
 */
void filter_leave(struct filter *f);

#endif /* GUEST_FILTER_H */
