/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The requests of clients.  The last is for root only, the others for the
 * socket's group, too.
 *
 *	{"status": true[, "port": "vm1"]}
 *	{"events": 17[, "instance": ID][, "port": "vm1"][, "follow": true]}
 *	{"settled": "vm1"}
 *	{"failback": "vm1"}
 *
 * Each answer has "version", the number of this format; what it has besides is
 * in stabletap-json(5).
 */
#ifndef SERVE_REQUEST_H
#define SERVE_REQUEST_H

#include <systemd/sd-event.h>

struct model;
struct requests;

int requests_start(sd_event *loop, struct model *m, const char *path,
		   struct requests **out);
void requests_stop(struct requests *r);

#endif /* SERVE_REQUEST_H */
