/* SPDX-License-Identifier: GPL-2.0 */
/* Asking by ARP and neighbour discovery. */
#ifndef PROBE_NEIGHBOUR_H
#define PROBE_NEIGHBOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct neighbours;
struct probe;

/* Something came by way of device @ifindex; @proto in host order. */
typedef void (*heard_fn)(int ifindex, uint16_t proto, const uint8_t *data,
			 size_t len, void *arg);

struct neighbours *neighbours_new(sd_event *loop, heard_fn fn, void *arg);
void neighbours_free(struct neighbours *n);

/* 0, or why the question could not be sent. */
int neighbour_ask(struct neighbours *n, struct probe *p);
/* Read what has come for @p, without waiting. */
void neighbour_listen(struct neighbours *n, struct probe *p);
/* Is that an answer to @p? */
bool neighbour_is_answer(const struct probe *p, uint16_t proto,
			 const uint8_t *data, size_t len);
/* @p asks no more. */
void neighbour_forget(struct neighbours *n, struct probe *p);

#endif /* PROBE_NEIGHBOUR_H */
