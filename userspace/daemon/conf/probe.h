/* SPDX-License-Identifier: GPL-2.0 */
/* A probe: what is asked through a candidate, and how often. */
#ifndef CONF_PROBE_H
#define CONF_PROBE_H

#include "conf/values.h"

extern const struct conf_type conf_probe_type, conf_probe_source_type;

/* Do they ask the same, equally often?  NONE is equal to nothing. */
bool conf_probe_equal(const struct conf_probe *a, const struct conf_probe *b);
/* "arp 192.0.2.1", as it would be written in a file; cut to @size. */
void conf_probe_format(const struct conf_probe *p, char *buf, size_t size);
/* -ENOMEM: @to is as if released. */
int conf_probe_copy(struct conf_probe *to, const struct conf_probe *from);
void conf_probe_release(struct conf_probe *p);

#endif /* CONF_PROBE_H */
