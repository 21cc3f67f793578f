// SPDX-License-Identifier: GPL-2.0
#include "flow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "st.h"

int flow_init(struct flow *flow, const void *dst, const void *src,
	      uint32_t frames)
{
	*flow = (struct flow){ .dst = dst, .src = src, .size = frames };
	flow->frame = calloc(frames, sizeof(*flow->frame));
	return flow->frame ? 0 : -ENOMEM;
}

void flow_free(struct flow *flow)
{
	free(flow->frame);
}

bool flow_send(struct flow *flow, uint8_t *buf)
{
	if (flow->next == flow->size)
		return false;
	st_frame(buf, FLOW_LEN, flow->dst, flow->src, flow->next);
	flow->frame[flow->next++].sent = st_now();
	return true;
}

void flow_receive(struct flow *flow, const uint8_t *buf, size_t len)
{
	int64_t number = st_frame_number(buf, len);
	struct flow_frame *frame;

	if (number < 0 || number >= flow->next ||
	    memcmp(buf, flow->dst, 6) || memcmp(buf + 6, flow->src, 6))
		return;
	frame = &flow->frame[number];
	if (!frame->times++) {
		frame->delay = st_now() - frame->sent;
		frame->reordered = number < flow->expected;
	}
	flow->run = number == flow->expected ? flow->run + 1 : 1;
	if (number >= flow->expected)
		flow->expected = number + 1;
}

struct flow_sum flow_sum(const struct flow *flow, uint32_t from, uint32_t to)
{
	struct flow_sum sum = { .sent = to - from };

	for (uint32_t i = from; i < to; i++) {
		const struct flow_frame *frame = &flow->frame[i];

		sum.lost += !frame->times;
		sum.doubled += frame->times > 1;
		sum.reordered += frame->reordered;
		if (frame->delay > sum.delay)
			sum.delay = frame->delay;
	}
	return sum;
}
