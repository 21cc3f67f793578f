/* SPDX-License-Identifier: GPL-2.0 */
/* What is waited for: delays of the operator's, and refusals. */
#ifndef PLAN_DELAY_H
#define PLAN_DELAY_H

#include <stdbool.h>
#include <stdint.h>

struct device;
struct port;

/* Look again at @when if that is sooner than *again; 0 there: at no time. */
void delay_look_at(uint64_t *again, uint64_t when);
/*
 * Has what began at *since (0: begins now, and is written) lasted for @delay?
 * If not, the port is to be looked at again when it has.
 */
bool delay_is_over(uint64_t *again, uint64_t *since, uint64_t delay,
		   uint64_t now);

/* Has the device refused the port so short a time ago that it isn't tried? */
bool delay_refuses(const struct port *port, const struct device *dev,
		   uint64_t now);
/* When the next refusal ends, the port is looked at. */
void delay_refusals(const struct port *port, uint64_t *again, uint64_t now);

/*
 * Is the device a VLAN that the daemon made anew after the port had lost it,
 * less than FailbackDelaySec= ago?  Then another candidate comes first.
 */
bool delay_is_remade(const struct port *port, const struct device *dev,
		     uint64_t now);

#endif /* PLAN_DELAY_H */
