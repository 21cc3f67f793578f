// SPDX-License-Identifier: GPL-2.0
/*
 * As many frames as possible for some time, measured by the clock: a thread for
 * each queue, and one for the peer that sends to them.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "stream.h"

#define WARM_UP		1	/* seconds */

struct worker {
	const struct stream *stream;
	struct lane *lane;
	unsigned long passed;	/* written by the worker only */
};

static void *peer_run(void *arg)
{
	const struct stream *stream = arg;
	unsigned int next = 0;

	for (;;) {
		packet_send(stream->packet, stream->lanes[next].frame);
		next = (next + 1) % stream->count;
	}
	return NULL;
}

static void *worker_run(void *arg)
{
	struct worker *worker = arg;
	const struct way *way = worker->stream->way;

	for (;;) {
		if (worker->stream->packet < 0)
			way->send(worker->lane, way->burst);
		else
			way->receive(worker->lane, way->burst);
		__atomic_add_fetch(&worker->passed, way->burst,
				   __ATOMIC_RELAXED);
	}
	return NULL;
}

static void start(void *(*run)(void *), void *arg)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, run, arg);
	if (errno)
		fail("thread");
}

/* A counter of the peer's device */
static double device_counter(const char *device, const char *name)
{
	double value;
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", device,
		 name);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%lf", &value) != 1)
		fail(path);
	fclose(file);
	return value;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/*
 * Frames that the nodes send are counted at the peer, because a queue on the
 * way may drop some.
 */
static struct amount amount_now(const struct stream *stream,
				const struct worker *workers)
{
	struct amount amount = { .seconds = now() };
	unsigned int i;

	if (stream->packet < 0) {
		amount.packets = device_counter(stream->peer, "rx_packets");
		amount.bytes = device_counter(stream->peer, "rx_bytes");
		return amount;
	}
	for (i = 0; i < stream->count; i++)
		amount.packets += __atomic_load_n(&workers[i].passed,
						  __ATOMIC_RELAXED);
	amount.bytes = amount.packets * stream->lanes->frame->len;
	return amount;
}

static void wait_for(time_t seconds)
{
	const struct timespec time = { .tv_sec = seconds };

	if (nanosleep(&time, NULL))
		fail("nanosleep");
}

struct amount stream_run(struct stream *stream, unsigned int seconds)
{
	struct worker *workers = calloc(stream->count, sizeof(*workers));
	struct amount before, after;
	unsigned int i;

	if (!workers)
		fail("memory");
	for (i = 0; i < stream->count; i++) {
		workers[i].stream = stream;
		workers[i].lane = &stream->lanes[i];
		start(worker_run, &workers[i]);
	}
	if (stream->packet >= 0)
		start(peer_run, stream);
	wait_for(WARM_UP);
	before = amount_now(stream, workers);
	wait_for(seconds);
	after = amount_now(stream, workers);
	return (struct amount){
		.seconds = after.seconds - before.seconds,
		.packets = after.packets - before.packets,
		.bytes = after.bytes - before.bytes,
	};
}
