/* SPDX-License-Identifier: GPL-2.0 */
#ifndef STREAM_H
#define STREAM_H

#include "hop.h"

struct stream {
	const struct way *way;
	struct lane *lanes;
	unsigned int count;	/* of lanes */
	const char *peer;	/* device */
	int packet;		/* socket by which the peer sends; -1: it receives */
};

struct amount {
	double seconds;
	double packets;
	double bytes;
};

/*
 * Let frames pass for some seconds, and return what has passed.  The threads
 * that do it go on until the process ends.
 */
struct amount stream_run(struct stream *stream, unsigned int seconds);

#endif /* STREAM_H */
