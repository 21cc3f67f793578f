/* SPDX-License-Identifier: GPL-2.0 */
/* Delays of the plan: the operator's, and back-offs of refusals. */
#ifndef PLAN_DELAY_H
#define PLAN_DELAY_H

#include <stdbool.h>
#include <stdint.h>

struct device;
struct port;

/* Sets *again to @when if that is earlier; 0 in *again means no time. */
void delay_look_at(uint64_t *again, uint64_t when);
/*
 * Has the state that began at *since (0: begins now, and is written) lasted for
 * @delay?  If not, *again is set to the time when it has.
 */
bool delay_is_over(uint64_t *again, uint64_t *since, uint64_t delay,
		   uint64_t now);

/* Is the device still in the back-off after it has refused the port? */
bool delay_is_refused(const struct port *port, const struct device *dev,
		      uint64_t now);
/* Sets *again to the end of the next refusal. */
void delay_until_retry(const struct port *port, uint64_t *again, uint64_t now);

/*
 * Is the device a VLAN that the daemon created again after the port had lost
 * it, less than FailbackDelaySec= ago?  Then another candidate comes first.
 */
bool delay_is_remade(const struct port *port, const struct device *dev,
		     uint64_t now);

#endif /* PLAN_DELAY_H */
