/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frames that are sent in one direction, each with a number: which of them
 * arrived, how often, in which order and how late.
 */
#ifndef FLOW_H
#define FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLOW_LEN	60	/* bytes of a frame */

struct flow_frame {
	uint64_t sent;		/* time, ns */
	uint64_t delay;		/* until it was first received, ns */
	uint32_t times;		/* how often it was received */
	bool reordered;		/* after a frame that was sent later */
};

struct flow {
	const uint8_t *dst;
	const uint8_t *src;
	uint32_t next;		/* number of the next frame */
	uint32_t run;		/* frames received in a row, in order */
	struct flow_frame *frame;
	uint32_t expected;	/* number after the last one received */
	uint32_t size;		/* of @frame */
};

/* What happened to the frames from one number to another, without that. */
struct flow_sum {
	uint32_t sent;
	uint32_t lost;
	uint32_t doubled;
	uint32_t reordered;
	uint64_t delay;		/* longest time that a frame took, ns */
};

/* Returns 0 or a negative errno. */
int flow_init(struct flow *flow, const void *dst, const void *src,
	      uint32_t frames);
void flow_free(struct flow *flow);
/*
 * Fill @buf with the next frame, of FLOW_LEN bytes, and note it as sent now.
 * False if the flow has sent all of its frames.
 */
bool flow_send(struct flow *flow, uint8_t *buf);
/* Note a frame as received; ignores those that are not of the flow. */
void flow_receive(struct flow *flow, const uint8_t *buf, size_t len);
/* Count the frames from number @from on, up to but without @to. */
struct flow_sum flow_sum(const struct flow *flow, uint32_t from, uint32_t to);

#endif /* FLOW_H */
