/* SPDX-License-Identifier: GPL-2.0 */
/* Making and deleting a domain's ports. */
#ifndef LIBVIRT_PORTS_H
#define LIBVIRT_PORTS_H

#include "domain.h"

/*
 * Make the ports of domain @name that nobody else has configured or made.
 * Ports that can't be made are removed from @d.  All failures are reported.
 */
void ports_prepare(struct domain *d, const char *name);

/* Delete the ports that ports_prepare() has made for the domain. */
void ports_release(const char *uuid);

#endif /* LIBVIRT_PORTS_H */
