// SPDX-License-Identifier: GPL-2.0
/*
 * hop - measure the time of one frame
 *
 *   hop [OPTION]... NODE...
 *	-d DEVICE	DEVICE sends frames, the nodes receive them; without this
 *			option the nodes send
 *	-b		broadcasts, which every node receives
 *	-w WAY		fd (default), ring (io_uring) or vhost
 *	-s SIZE		bytes (default 60), or gso: a TCP frame of 64 KiB
 *	-q QUEUES	of each node (default 1); frames pass them in turn
 *	-n FRAMES	of a round (default 2000)
 *	-r ROUNDS	default 5
 *	-m		mark the rounds for a plug-in of QEMU (plugin.c)
 *	-t SECONDS	no rounds, but as many frames as possible for this time
 *	-p DEVICE	with -t, if the nodes send: the device that receives
 *
 * NODE is the path of a node, or tun:NAME for a tap of that name.  Prints
 * nanoseconds for a frame, the median of the rounds, and the spread of the
 * rounds in thousandths.  In a machine that counts instructions (run --icount)
 * a nanosecond is an instruction.  With -t, it prints frames for a second, and
 * Gbit for a second.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "stream.h"

#define ROUNDS_MAX	100

struct hop {
	const struct way *way;
	const char *device;	/* NULL if the nodes send */
	const char *peer;
	unsigned int seconds;
	bool broadcast;
	bool marks;
	size_t size;
	unsigned int queues;
	unsigned long frames;
	unsigned int rounds;
	int packet;
	unsigned int count;	/* of lanes */
	struct lane *lanes;
};

void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void usage(void)
{
	fprintf(stderr, "usage: hop [-d DEVICE] [-b] [-w fd|ring|vhost] "
		"[-s SIZE|gso] [-q QUEUES]\n"
		"           [-n FRAMES] [-r ROUNDS] [-m] NODE...\n"
		"       hop -t SECONDS -d|-p DEVICE [-w fd|vhost] "
		"[-s SIZE|gso] [-q QUEUES] NODE\n");
	exit(2);
}

/* Address the frame of a queue. */
static void address(struct hop *hop, struct lane *lane, unsigned int node)
{
	if (!hop->device)
		frame_from(lane->frame, node, lane->flow);
	else
		frame_to(lane->frame, node, lane->flow);
	if (hop->broadcast)
		frame_to_all(lane->frame);
}

static void open_node(struct hop *hop, unsigned int node, const char *path)
{
	struct lane *lanes = &hop->lanes[node * hop->queues];
	unsigned int i;

	for (i = 0; i < hop->queues; i++) {
		lanes[i].fd = node_open(path, hop->way->flags, hop->queues);
		lanes[i].frame = frame_new(hop->size);
		if (!lanes[i].frame)
			fail("memory");
	}
	if (hop->device && hop->queues > 1)
		find_flows(lanes, hop->queues, node, hop->packet);
	for (i = 0; i < hop->queues; i++) {
		address(hop, &lanes[i], node);
		hop->way->open(&lanes[i]);
	}
}

static void pass(struct hop *hop, struct lane *lane, unsigned int count)
{
	unsigned int i;

	if (!hop->device) {
		hop->way->send(lane, count);
		return;
	}
	for (i = 0; i < count; i++)
		if (!packet_send(hop->packet, lane->frame))
			fail("packet socket");
	if (!hop->broadcast) {
		hop->way->receive(lane, count);
		return;
	}
	for (i = 0; i < hop->count; i++)
		hop->way->receive(&hop->lanes[i], count);
}

/* The two forms of nop that plugin.c looks for */
static void mark(bool begin)
{
	if (begin)
		asm volatile("nopl 0x5354424d(%%rax)" ::: "memory");
	else
		asm volatile("nopl 0x5354454d(%%rax)" ::: "memory");
}

/* Returns nanoseconds for a frame. */
static double run(struct hop *hop, unsigned long frames, bool marks)
{
	unsigned int burst = hop->way->burst, next = 0;
	struct timespec from, to;
	unsigned long i;

	if (marks)
		mark(true);
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (i = 0; i < frames; i += burst) {
		pass(hop, &hop->lanes[next], burst);
		if (++next == hop->count || hop->broadcast)
			next = 0;
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	if (marks)
		mark(false);
	return ((to.tv_sec - from.tv_sec) * 1e9 +
		(to.tv_nsec - from.tv_nsec)) / i;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void measure(struct hop *hop)
{
	double ns[ROUNDS_MAX], median;
	unsigned int i;

	/* Warm up, every queue at least once. */
	run(hop, hop->frames / 10 + hop->count, false);
	for (i = 0; i < hop->rounds; i++)
		ns[i] = run(hop, hop->frames, hop->marks);
	qsort(ns, hop->rounds, sizeof(*ns), compare);
	median = ns[hop->rounds / 2];
	printf("%.0f %.1f\n", median,
	       (ns[hop->rounds - 1] - ns[0]) / median * 1000);
}

static const struct way *way_named(const char *name)
{
	static const struct way *const ways[] = {
		&fd_way, &ring_way, &vhost_way,
	};
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (!strcmp(ways[i]->name, name))
			return ways[i];
	usage();
	return NULL;
}

static bool is_possible(const struct hop *hop)
{
	if (hop->size < FRAME_MIN || hop->size > FRAME_GSO || !hop->queues ||
	    !hop->frames || !hop->rounds || hop->rounds > ROUNDS_MAX)
		return false;
	if (hop->broadcast)
		return hop->device && hop->queues == 1 && !hop->seconds;
	if (hop->seconds)
		return !hop->device != !hop->peer && hop->way != &ring_way;
	return true;
}

static void parse(struct hop *hop, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "d:bw:s:q:n:r:mt:p:")) != -1) {
		switch (c) {
		case 'd': hop->device = optarg; break;
		case 'b': hop->broadcast = true; break;
		case 'w': hop->way = way_named(optarg); break;
		case 's': hop->size = strcmp(optarg, "gso") ? atoi(optarg) :
							      FRAME_GSO; break;
		case 'q': hop->queues = atoi(optarg); break;
		case 'n': hop->frames = atol(optarg); break;
		case 'r': hop->rounds = atoi(optarg); break;
		case 'm': hop->marks = true; break;
		case 't': hop->seconds = atoi(optarg); break;
		case 'p': hop->peer = optarg; break;
		default: usage();
		}
	}
	if (optind == argc || !is_possible(hop))
		usage();
	hop->count = (argc - optind) * hop->queues;
}

static void measure_stream(struct hop *hop)
{
	struct stream stream = {
		.way = hop->way,
		.lanes = hop->lanes,
		.count = hop->count,
		.peer = hop->peer,
		.packet = hop->device ? hop->packet : -1,
	};
	struct amount amount = stream_run(&stream, hop->seconds);

	printf("%.0f %.3f\n", amount.packets / amount.seconds,
	       amount.bytes * 8 / amount.seconds / 1e9);
}

/*
 * With vhost-net and with macvlan's broadcasts, kernel threads do a part of the
 * work.  They run only when this process waits, so that they, too, get many
 * frames at a time, and the same number in each round.
 */
static void run_first(void)
{
	const struct sched_param param = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO, &param))
		fail("SCHED_FIFO");
}

int main(int argc, char **argv)
{
	struct hop hop = {
		.way = &fd_way,
		.size = FRAME_MIN,
		.queues = 1,
		.frames = 2000,
		.rounds = 5,
	};
	unsigned int i;

	parse(&hop, argc, argv);
	hop.lanes = calloc(hop.count, sizeof(*hop.lanes));
	if (!hop.lanes)
		fail("memory");
	if (!hop.seconds)
		run_first();
	if (hop.device)
		hop.packet = packet_open(hop.device);
	for (i = 0; i < hop.count / hop.queues; i++)
		open_node(&hop, i, argv[optind + i]);
	if (hop.seconds)
		measure_stream(&hop);
	else
		measure(&hop);
	return 0;
}
