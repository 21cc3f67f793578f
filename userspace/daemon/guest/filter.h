/* SPDX-License-Identifier: GPL-2.0 */
/* What guests want to receive becomes their ports' lists and flags. */
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

/* *out is not written if there is nobody to follow, nor was before. */
int filter_new(struct filters *fs, struct port *port, struct filter **out);
void filter_free(struct filter *f);
/* QEMU has told it; NULL: it can't be asked any more. */
void filter_update(struct filter *f, const struct qmp_filter *said);
/* The port's section is another one now; @other_nic: so is its guest. */
void filter_configured(struct filter *f, bool other_nic);
/* The port may have come or gone, or have another lower. */
void filter_port_changed(struct filter *f);
/* Nobody follows from now on: all multicast, whatever the guest will want. */
void filter_leave(struct filter *f);

#endif /* GUEST_FILTER_H */
