/* SPDX-License-Identifier: GPL-2.0 */
/* Probes by ARP and neighbour discovery. */
#ifndef PROBE_NEIGHBOUR_H
#define PROBE_NEIGHBOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct neighbours;
struct probe;

/* A frame came from device @ifindex; @proto is in host order. */
typedef void (*heard_fn)(int ifindex, uint16_t proto, const uint8_t *data,
			 size_t len, void *arg);

struct neighbours *neighbours_new(sd_event *loop, heard_fn fn, void *arg);
void neighbours_free(struct neighbours *n);

/* Sends a probe.  Returns 0, or a negative errno if it could not be sent. */
int neighbour_ask(struct neighbours *n, struct probe *p);
/* Reads the frames that have come for @p, without waiting. */
void neighbour_listen(struct neighbours *n, struct probe *p);
/* Is the frame an answer to @p? */
bool neighbour_is_answer(const struct probe *p, uint16_t proto,
			 const uint8_t *data, size_t len);
/* @p sends no more probes. */
void neighbour_forget(struct neighbours *n, struct probe *p);

#endif /* PROBE_NEIGHBOUR_H */
