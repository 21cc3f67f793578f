/* SPDX-License-Identifier: GPL-2.0 */
/* Probe= and its source address: reading, comparing, writing. */
#ifndef CONF_PROBE_H
#define CONF_PROBE_H

#include "conf/values.h"

extern const struct conf_type conf_probe_type, conf_probe_source_type;

/* Are they equal, intervals included?  CONF_PROBE_NONE equals nothing. */
bool conf_probe_equal(const struct conf_probe *a, const struct conf_probe *b);
/* "arp 192.0.2.1", as it would be written in a file; cut to @size. */
void conf_probe_format(const struct conf_probe *p, char *buf, size_t size);
/* On -ENOMEM @to is empty. */
int conf_probe_copy(struct conf_probe *to, const struct conf_probe *from);
void conf_probe_release(struct conf_probe *p);

#endif /* CONF_PROBE_H */
