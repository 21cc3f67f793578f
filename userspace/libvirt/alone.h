/* SPDX-License-Identifier: GPL-2.0 */
/* Making a port while stabletapd does not run. */
#ifndef LIBVIRT_ALONE_H
#define LIBVIRT_ALONE_H

#include "conf/conf.h"

/*
 * Creates the port and attaches it to the first candidate that is a name and
 * exists.  All failures are reported.
 */
void alone_make(struct stabletap *st, const struct conf_port *conf);

#endif /* LIBVIRT_ALONE_H */
