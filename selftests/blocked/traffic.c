// SPDX-License-Identifier: GPL-2.0
/*
 * traffic NODE NETNS DEVICE -- COMMAND [ARGUMENT]...
 *
 * One trial: sends numbered frames both ways between a guest's end and the far
 * end of the wire, at a constant rate, while a command changes something
 * between them.
 *
 *	NODE	the guest's end: the path of a node, or tun:NAME for a tap, or
 *		qemu: and the path of a node for a QEMU on that.  Each line
 *		written to PLUG is the path of a node to which QEMU's NIC is
 *		plugged anew; PLUGGED is written to when that is done.
 *	DEVICE	the far end, in the network namespace NETNS of ip-netns(8)
 *
 * The steps: wait until frames pass; show that none is lost without the
 * command (LOSSLESS frames each way, else status 3); run the command; go on
 * until SETTLED frames in a row have arrived each way since the command ended,
 * or for LIMIT_MS; then stop, and count.
 *
 * Prints one line, separated by tabs: the frames sent each way by the second
 * step; then, for the guest's frames and then for the others, the number sent
 * since the command began, lost, received more than once, received after a
 * later one, the longest time that a frame took (us), and 1 if frames arrived
 * at the end or else 0; then how late a frame was sent at most (us), and how
 * long the command took (us).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "flow.h"
#include "qguest.h"
#include "st.h"

#define MS		1000000ULL
#define RATE		1000	/* frames a second, each way */
#define TICK_NS		(1000 * MS / RATE)
#define FIRST		50	/* frames in a row that show that frames pass */
#define FIRST_MS	30000
#define LOSSLESS	300
#define SETTLED		700
#define LIMIT_MS	5000
/* After this time no frame is on its way any more. */
#define DRAIN_MS	50
#define FRAMES		(100 * RATE)
#define PLUG		"/run/blocked/plug"
#define PLUGGED		"/run/blocked/plugged"
#define GUEST_MAC	"52:54:00:00:00:01"	/* ST_MAC_PORT */

struct trial {
	int node;		/* -1: QEMU */
	struct qguest qemu;
	int wire;		/* packet socket */
	int device;		/* ifindex of the far end */
	struct flow out;	/* the guest's frames */
	struct flow in;
	uint64_t tick;		/* when to send the next frames */
	uint64_t late;		/* how late frames were sent at most */
};

static void fail(const char *what, int err)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(-err));
	exit(1);
}

static int node_open(const char *path)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int fd;

	if (!strncmp(path, "tun:", 4)) {
		strncpy(ifr.ifr_name, path + 4, IFNAMSIZ - 1);
		path = "/dev/net/tun";
	}
	fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr))
		fail(path, -errno);
	return fd;
}

/* Thread: plug QEMU's NIC anew whenever that is asked for. */
static void *replug(void *arg)
{
	struct qguest *guest = arg;
	FILE *plug, *plugged;
	char path[64];
	int err;

	for (;;) {
		plug = fopen(PLUG, "re");
		if (!plug || fscanf(plug, "%63s", path) != 1)
			fail(PLUG, -errno);
		fclose(plug);
		err = qguest_replug(guest, node_open(path));
		if (err)
			fail("replug", err);
		plugged = fopen(PLUGGED, "we");
		if (!plugged || fputs("done\n", plugged) < 0 || fclose(plugged))
			fail(PLUGGED, -errno);
	}
	return NULL;
}

static void qemu_open(struct trial *t, const char *path)
{
	int err = qguest_start(&t->qemu, node_open(path), GUEST_MAC);
	pthread_t thread;

	if (err)
		fail(qemu_log(&t->qemu.qemu), err);
	err = pthread_create(&thread, NULL, replug, &t->qemu);
	if (err)
		fail("thread", -err);
	t->node = -1;
}

static void guest_open(struct trial *t, const char *node)
{
	if (!strncmp(node, "qemu:", 5))
		qemu_open(t, node + 5);
	else
		t->node = node_open(node);
}

static void guest_send(struct trial *t, const uint8_t *frame, size_t len)
{
	/* A frame that is refused is one that is lost. */
	if (t->node < 0)
		qguest_send(&t->qemu, frame, len);
	else
		st_fd_write(t->node, frame, len);
}

static ssize_t guest_receive(struct trial *t, uint8_t *frame, size_t size)
{
	if (t->node < 0)
		return qguest_receive(&t->qemu, frame, size);
	return st_fd_read(t->node, frame, size);
}

/* Open the packet socket of the far end; the process stays where it is. */
static int wire_open(struct trial *t, const char *netns, const char *device)
{
	int home = st_netns_fd(), there, err;
	char path[64];

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	there = open(path, O_RDONLY | O_CLOEXEC);
	if (there < 0)
		return -errno;
	err = st_netns_enter(there);
	if (err)
		return err;
	t->device = st_ifindex(device);
	if (t->device < 0)
		return t->device;
	t->wire = st_packet_open(t->device, false);
	close(there);
	err = st_netns_enter(home);
	close(home);
	return t->wire < 0 ? t->wire : err;
}

/*
 * On a host, the guest runs beside the processes that change its network.  So
 * here its frames come before them.
 */
static void run_first(void)
{
	const struct sched_param first = { .sched_priority = 10 };

	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first))
		fail("SCHED_FIFO", -errno);
}

static void trial_end(struct trial *t)
{
	if (t->node < 0)
		qguest_end(&t->qemu);
	flow_free(&t->out);
	flow_free(&t->in);
}

static void trial_init(struct trial *t, char **argv)
{
	int err;

	memset(t, 0, sizeof(*t));
	guest_open(t, argv[1]);
	err = wire_open(t, argv[2], argv[3]);
	if (err)
		fail(argv[3], err);
	err = flow_init(&t->out, ST_MAC_PEER, ST_MAC_PORT, FRAMES);
	if (!err)
		err = flow_init(&t->in, ST_MAC_PORT, ST_MAC_PEER, FRAMES);
	if (err)
		fail("frames", err);
	run_first();
	t->tick = st_now();
}

static void send_both(struct trial *t)
{
	uint8_t frame[FLOW_LEN];
	uint64_t late = st_now() - t->tick;

	if (late > t->late)
		t->late = late;
	if (flow_send(&t->out, frame))
		guest_send(t, frame, sizeof(frame));
	if (flow_send(&t->in, frame))
		st_packet_send(t->wire, t->device, frame, sizeof(frame));
}

static void receive_both(struct trial *t)
{
	uint8_t frame[2048];
	ssize_t len;

	while ((len = guest_receive(t, frame, sizeof(frame))) > 0)
		flow_receive(&t->in, frame, len);
	while ((len = read(t->wire, frame, sizeof(frame))) > 0)
		flow_receive(&t->out, frame, len);
}

/* Wait for the next tick, and receive what has arrived until then. */
static void wait_tick(struct trial *t)
{
	struct timespec at;

	t->tick += TICK_NS;
	at.tv_sec = t->tick / (1000 * MS);
	at.tv_nsec = t->tick % (1000 * MS);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL))
		;
	receive_both(t);
}

static bool both_run(const struct trial *t, uint32_t frames)
{
	return t->out.run >= frames && t->in.run >= frames;
}

/* Send frames until @frames in a row have arrived each way. */
static bool send_until(struct trial *t, uint32_t frames, unsigned int ms)
{
	uint64_t deadline = t->tick + ms * MS;

	t->out.run = 0;
	t->in.run = 0;
	while (!both_run(t, frames) && t->tick < deadline) {
		send_both(t);
		wait_tick(t);
	}
	return both_run(t, frames);
}

static void drain(struct trial *t)
{
	for (int i = 0; i < DRAIN_MS * RATE / 1000; i++)
		wait_tick(t);
}

/* Frames that pass while nothing happens: none may be lost. */
static void show_lossless(struct trial *t)
{
	uint32_t from = t->out.next;
	struct flow_sum out, in;

	for (int i = 0; i < LOSSLESS; i++) {
		send_both(t);
		wait_tick(t);
	}
	drain(t);
	out = flow_sum(&t->out, from, t->out.next);
	in = flow_sum(&t->in, from, t->in.next);
	if (!out.lost && !in.lost) {
		printf("%d\t", LOSSLESS);
		return;
	}
	fprintf(stderr, "traffic: without the command %u and %u of %d frames are lost\n",
		out.lost, in.lost, LOSSLESS);
	exit(3);
}

static pid_t start(char **command)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork", -errno);
	if (pid)
		return pid;
	/* Standard output has the result. */
	dup2(STDERR_FILENO, STDOUT_FILENO);
	execvp(command[0], command);
	fprintf(stderr, "traffic: %s: %s\n", command[0], strerror(errno));
	_exit(127);
}

/* Returns the time that the command took. */
static uint64_t send_during(struct trial *t, char **command)
{
	uint64_t begin = st_now();
	pid_t pid = start(command), done;
	int status;

	do {
		send_both(t);
		wait_tick(t);
		done = waitpid(pid, &status, WNOHANG);
	} while (!done);
	if (done != pid || status) {
		fprintf(stderr, "traffic: the command has failed\n");
		exit(1);
	}
	return st_now() - begin;
}

static void print_flow(const struct flow *flow, uint32_t from)
{
	struct flow_sum sum = flow_sum(flow, from, flow->next);

	printf("%u\t%u\t%u\t%u\t%llu\t%d\t", sum.sent, sum.lost, sum.doubled,
	       sum.reordered, (unsigned long long)sum.delay / 1000,
	       flow->run >= SETTLED);
}

int main(int argc, char **argv)
{
	uint64_t duration;
	uint32_t from;
	struct trial t;

	if (argc < 6 || strcmp(argv[4], "--")) {
		fprintf(stderr, "usage: traffic NODE NETNS DEVICE -- COMMAND [ARGUMENT]...\n");
		return 2;
	}
	trial_init(&t, argv);
	if (!send_until(&t, FIRST, FIRST_MS)) {
		fprintf(stderr, "traffic: no frames pass\n");
		return 3;
	}
	show_lossless(&t);

	t.late = 0;
	from = t.out.next;
	duration = send_during(&t, argv + 5);
	send_until(&t, SETTLED, LIMIT_MS);
	drain(&t);
	print_flow(&t.out, from);
	print_flow(&t.in, from);
	printf("%llu\t%llu\n", (unsigned long long)t.late / 1000,
	       (unsigned long long)duration / 1000);
	trial_end(&t);
	return 0;
}
