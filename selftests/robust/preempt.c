// SPDX-License-Identifier: GPL-2.0
/*
 * Two writers on one processor, where one preempts the other: each frame is
 * counted once, whether a queue accepts it or is full.
 *
 *	fd 0 (read), fd 1 (full) -- vm1 -- t0 (tap of the tun driver) -- writers
 *
 * A write to t0 receives its frame at once, in the writer's context.  With
 * PREEMPT_RT and without PREEMPT_RT_NEEDS_BH_LOCK (6.18 and later, as Debian's)
 * another task of the same processor may receive a frame meanwhile.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "st.h"

/*
 * Number of preemptions, each with a frame for the full queue.  On a slow
 * machine ROUNDS_LEAST are enough.
 */
#define ROUNDS		20000
#define ROUNDS_LEAST	1000
#define SECONDS		30

struct frame {
	struct ether_header eth;
	struct iphdr ip;
	struct udphdr udp;
	uint8_t payload[18];
} __attribute__((packed));

struct writer {
	int fd;
	struct frame frame;
	uint64_t written;
};

FIXTURE(preempt) {
	int control;
	int port;
	int fd[2];
	struct writer low;
	struct writer high;
	struct stabletap_stats before;
};

static atomic_bool stop;
static atomic_uint low_rounds;

static void frame_init(struct frame *frame, uint16_t port)
{
	memset(frame, 0, sizeof(*frame));
	memcpy(frame->eth.ether_dhost, ST_MAC_PORT, 6);
	memcpy(frame->eth.ether_shost, ST_MAC_PEER, 6);
	frame->eth.ether_type = htons(ETHERTYPE_IP);
	frame->ip.version = 4;
	frame->ip.ihl = 5;
	frame->ip.ttl = 64;
	frame->ip.protocol = IPPROTO_UDP;
	frame->ip.tot_len = htons(sizeof(*frame) - sizeof(frame->eth));
	frame->ip.saddr = htonl(0x0a000001);
	frame->ip.daddr = htonl(0x0a000002);
	frame->udp.source = htons(port);
	frame->udp.dest = htons(9);
	frame->udp.len = htons(sizeof(*frame) - sizeof(frame->eth) -
			       sizeof(frame->ip));
}

/* Open a queue of t0 */
static int tun_open(void)
{
	struct ifreq ifr = {
		.ifr_name = "t0",
		.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE,
	};
	int fd;

	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr))
		return -errno;
	return fd;
}

static int writer_write(struct writer *writer)
{
	if (write(writer->fd, &writer->frame, sizeof(writer->frame)) !=
	    sizeof(writer->frame))
		return -errno;
	writer->written++;
	return 0;
}

/* Find a flow for a writer that the port puts into queue @queue. */
static int writer_find_flow(struct writer *writer, const int *fd, int queue)
{
	uint8_t buf[2048];
	uint16_t port;
	int err, q;

	for (port = 1000; port < 1100; port++) {
		frame_init(&writer->frame, port);
		err = writer_write(writer);
		if (err)
			return err;
		for (q = 0; q < 2; q++)
			if (read(fd[q], buf, sizeof(buf)) > 0 && q == queue)
				return 0;
	}
	return -ENOENT;
}

FIXTURE_SETUP(preempt)
{
	ASSERT_EQ(0, st_netns_new());
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	self->port = st_port_new(self->control, "vm1", 0, 2);
	ASSERT_LT(0, self->port);
	self->fd[0] = st_port_open(self->control, self->port, 0);
	ASSERT_LE(0, self->fd[0]);
	self->fd[1] = st_port_open(self->control, self->port, 0);
	ASSERT_LE(0, self->fd[1]);
	self->low.fd = tun_open();
	ASSERT_LE(0, self->low.fd);
	self->high.fd = tun_open();
	ASSERT_LE(0, self->high.fd);
	/* IPv6 frames of the host would be counted too. */
	ASSERT_EQ(0, st_sh("echo 1 >/proc/sys/net/ipv6/conf/t0/disable_ipv6"));
	ASSERT_EQ(0, st_attach(self->control, self->port, st_ifindex("t0"), 0));
	ASSERT_EQ(0, st_stats(self->control, self->port, &self->before));
	ASSERT_EQ(0, writer_find_flow(&self->low, self->fd, 0));
	ASSERT_EQ(0, writer_find_flow(&self->high, self->fd, 1));
	atomic_store(&stop, false);
}

FIXTURE_TEARDOWN(preempt)
{
	close(self->low.fd);
	close(self->high.fd);
	close(self->fd[0]);
	close(self->fd[1]);
	close(self->control);
}

static int run_on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

/* Writes all the time, except while it is preempted */
static void *low_main(void *arg)
{
	struct writer *writer = arg;

	if (run_on_cpu(0))
		return "affinity";
	while (!atomic_load(&stop)) {
		if (writer_write(writer))
			return "write";
		atomic_fetch_add(&low_rounds, 1);
	}
	return NULL;
}

/*
 * Wakes up again and again, at any point of the other writer's work, and writes
 * one frame
 */
static void *high_main(void *arg)
{
	const struct timespec rest = { .tv_nsec = 50000 };
	struct sched_param param = { .sched_priority = 10 };
	struct writer *writer = arg;
	uint64_t end = st_now() + SECONDS * 1000000000ull;
	uint64_t latest = st_now() + 10 * SECONDS * 1000000000ull;
	int i;

	if (run_on_cpu(0) ||
	    pthread_setschedparam(pthread_self(), SCHED_FIFO, &param))
		return "priority";
	for (i = 0; i < ROUNDS; i++) {
		/*
		 * On a slow machine, wait until the low writer has written
		 * enough.
		 */
		if (i > ROUNDS_LEAST && atomic_load(&low_rounds) > ROUNDS_LEAST &&
		    st_now() > end)
			break;
		if (st_now() > latest)
			return "too few rounds";
		if (writer_write(writer))
			return "write";
		nanosleep(&rest, NULL);
	}
	return NULL;
}

/* Keeps room in the low writer's queue */
static void *reader_main(void *arg)
{
	const int *fd = arg;
	uint8_t buf[2048];

	while (!atomic_load(&stop)) {
		st_readable(*fd, 100);
		while (read(*fd, buf, sizeof(buf)) > 0)
			;
	}
	return NULL;
}

TEST_F_TIMEOUT(preempt, every_frame_is_counted_once, 600)
{
	const struct stabletap_stats *then = &self->before;
	struct stabletap_stats now;
	pthread_t low, high, reader;
	uint64_t written, dropped;
	void *failed;
	int i;

	/* The high writer's queue is full from its first frame on. */
	for (i = 0; i < 2000; i++)
		ASSERT_EQ(0, writer_write(&self->high));
	ASSERT_EQ(0, pthread_create(&reader, NULL, reader_main, &self->fd[0]));
	ASSERT_EQ(0, pthread_create(&low, NULL, low_main, &self->low));
	ASSERT_EQ(0, pthread_create(&high, NULL, high_main, &self->high));
	ASSERT_EQ(0, pthread_join(high, &failed));
	EXPECT_STREQ("", failed ?: "");
	atomic_store(&stop, true);
	ASSERT_EQ(0, pthread_join(low, &failed));
	EXPECT_STREQ("", failed ?: "");
	ASSERT_EQ(0, pthread_join(reader, NULL));

	ASSERT_EQ(0, st_stats(self->control, self->port, &now));
	written = self->low.written + self->high.written;
	dropped = now.rx_ring - then->rx_ring;
	TH_LOG("%llu frames, %llu of them refused",
	       (unsigned long long)written, (unsigned long long)dropped);
	/* The low writer ran, and the high one's queue was full. */
	EXPECT_LT(ROUNDS_LEAST, atomic_load(&low_rounds));
	EXPECT_LT(ROUNDS_LEAST, dropped);
	EXPECT_EQ(written, now.rx_packets - then->rx_packets + dropped);
	EXPECT_EQ(0, now.rx_no_reader - then->rx_no_reader);
	EXPECT_EQ(0, now.rx_nomem - then->rx_nomem);
}

TEST_HARNESS_MAIN
