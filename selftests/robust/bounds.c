// SPDX-License-Identifier: GPL-2.0
/*
 * The memory that a container's ports can take from the host: frames that wait
 * for a reader are charged to no memory cgroup, so their number is bounded
 * (net.stabletap.userns_frames).
 * Held frames have a bound of their own (net.stabletap.hold_bytes).
 *
 *	user namespace "container", which owns its network namespace
 *	fd (never read) -- vm1 -- v0 ==== p0 -- packet socket that floods
 *	                      or -- t0 (tun), which makes frames of any size
 *	                      or -- g0 (gretap), on v0
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "scene.h"
#include "st.h"

#define SYSCTL "/proc/sys/net/stabletap/"
#define PER_NET 4096	/* the default */
#define LENGTH 500	/* length of a queue: the tap core's default */

static int sysctl_write(const char *name, long value)
{
	return st_sh("echo %ld >" SYSCTL "%s", value, name);
}

static long sysctl_read(const char *name)
{
	char path[128];
	long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), SYSCTL "%s", name);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	if (fscanf(file, "%ld", &value) != 1)
		value = -EIO;
	fclose(file);
	return value;
}

FIXTURE(bounds) {
	long per_net;
	long all;
	int ready[2];	/* the container reports that it has a port, */
	int go[2];	/* and is told to exit */
	const char *sentence;	/* expected message of the refusal */
};

FIXTURE_SETUP(bounds)
{
	/* A container's ports count until its namespace is cleaned up. */
	ASSERT_TRUE(st_netns_cleaned());
	self->per_net = sysctl_read("userns_frames");
	self->all = sysctl_read("userns_frames_total");
	ASSERT_EQ(0, pipe2(self->ready, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(self->go, O_CLOEXEC));
}

FIXTURE_TEARDOWN(bounds)
{
	EXPECT_EQ(0, sysctl_write("userns_frames", self->per_net));
	EXPECT_EQ(0, sysctl_write("userns_frames_total", self->all));
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t len = write(fd, text, strlen(text));

	close(fd);
	return len < 0 ? -errno : 0;
}

/* Become root of a new user namespace that owns a new network namespace */
static int container_enter(void)
{
	if (unshare(CLONE_NEWUSER) ||
	    write_file("/proc/self/setgroups", "deny") ||
	    write_file("/proc/self/uid_map", "0 0 1") ||
	    write_file("/proc/self/gid_map", "0 0 1"))
		return -errno;
	return st_netns_new();
}

/* Run @what as a container's root.  Returns its result, 0 to 200. */
static int container_run(FIXTURE_DATA(bounds) *self,
			 int (*what)(FIXTURE_DATA(bounds) *self, int control))
{
	pid_t child = fork();
	int status, control;

	if (!child) {
		if (container_enter())
			_exit(201);
		control = st_control_open();
		_exit(control < 0 ? 202 : what(self, control));
	}
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return -EIO;
	return WEXITSTATUS(status);
}

static int create(int control, const char *name, unsigned int queues)
{
	struct stabletap_create create = {
		.size = sizeof(create), .queues = queues,
		.msg = (uintptr_t)st_msg, .msg_size = sizeof(st_msg),
	};
	int err;

	snprintf(create.name, sizeof(create.name), "%s", name);
	err = st_ioctl(control, STABLETAP_IOC_CREATE, &create);
	return err ? err : (int)create.port;
}

/* Each of these returns the number of the failed step, or 0. */
static int is_bounded(FIXTURE_DATA(bounds) *self, int control)
{
	int i, port;

	port = create(control, "vm1", PER_NET / LENGTH);
	if (port <= 0)
		return 1;
	if (create(control, "vm2", 1) != -EDQUOT)
		return 2;
	if (!strstr(st_msg, "net.stabletap.userns_frames"))
		return 3;
	if (st_sh("ip link add vm2 type stabletap 2>/run/why") == 0)
		return 4;
	if (st_sh("grep -q net.stabletap.userns_frames /run/why"))
		return 5;
	if (st_link_txqlen(port, LENGTH + 13) != -EDQUOT)
		return 6;
	if (st_sh("ip -o link show vm1 | grep -q 'qlen %d'", LENGTH))
		return 7;
	/* A smaller length, or a deletion, makes room for other ports. */
	if (st_link_txqlen(port, 10) || create(control, "vm2", 1) <= 0)
		return 8;
	if (st_link_txqlen(port, LENGTH) != -EDQUOT)
		return 9;
	for (i = 0; i < 20; i++)
		if (st_port_delete(control, st_ifindex("vm2"), 0) ||
		    create(control, "vm2", 1) <= 0)
			return 10;
	/* A queue of length 0 counts too. */
	if (st_port_delete(control, st_ifindex("vm2"), 0) ||
	    st_link_txqlen(port, 0) || create(control, "vm2", 1) <= 0)
		return 11;
	return st_link_txqlen(st_ifindex("vm2"), PER_NET) != -EDQUOT ? 12 : 0;
}

static bool is_given_back(void *self)
{
	return container_run(self, is_bounded) == 0;
}

TEST_F(bounds, queues_times_length_is_bounded_in_a_container)
{
	ASSERT_EQ(PER_NET, self->per_net);
	EXPECT_EQ(0, container_run(self, is_bounded));
	/* The charge ends when the namespace has been cleaned up. */
	ASSERT_EQ(0, sysctl_write("userns_frames_total", PER_NET));
	EXPECT_TRUE(st_wait(is_given_back, self, ST_DEADLINE));
}

static int is_forbidden(FIXTURE_DATA(bounds) *self, int control)
{
	if (create(control, "vm1", 1) != -EPERM)
		return 1;
	if (!strstr(st_msg, self->sentence))
		return 2;
	return st_sh("ip link add vm1 type stabletap 2>/dev/null") ? 0 : 3;
}

TEST_F(bounds, zero_forbids_ports_in_containers)
{
	ASSERT_EQ(0, sysctl_write("userns_frames", 0));
	self->sentence = "forbids ports in other user namespaces (sysctl net.stabletap.userns_frames)";
	EXPECT_EQ(0, container_run(self, is_forbidden));
	ASSERT_EQ(0, sysctl_write("userns_frames", PER_NET));
	ASSERT_EQ(0, sysctl_write("userns_frames_total", 0));
	self->sentence = "forbids ports in other user namespaces (sysctl net.stabletap.userns_frames_total)";
	EXPECT_EQ(0, container_run(self, is_forbidden));
}

static int has_one(FIXTURE_DATA(bounds) *self, int control)
{
	char c = 0;

	if (create(control, "vm1", 1) <= 0)
		return 1;
	if (write(self->ready[1], &c, 1) != 1 ||
	    read(self->go[0], &c, 1) != 1)
		return 2;
	return 0;
}

static int is_too_much(FIXTURE_DATA(bounds) *self, int control)
{
	if (create(control, "vm1", 1) != -EDQUOT)
		return 1;
	return strstr(st_msg, "userns_frames_total") ? 0 : 2;
}

TEST_F(bounds, all_containers_together_have_a_bound)
{
	pid_t child;
	int status;
	char c = 0;

	ASSERT_EQ(0, sysctl_write("userns_frames_total", 2 * LENGTH - 1));
	child = fork();
	if (!child)
		_exit(container_run(self, has_one));
	ASSERT_EQ(1, read(self->ready[0], &c, 1));
	EXPECT_EQ(0, container_run(self, is_too_much));
	ASSERT_EQ(1, write(self->go[1], &c, 1));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

#define HELD	(64 << 10)	/* hold_bytes in the next test */

/*
 * Create vm1 with on-detach hold, and write more frames to it than HELD bytes
 * can hold.  Returns how many bytes it holds then, or a negative number.
 */
static long hold_many(int control)
{
	struct stabletap_create create = {
		.size = sizeof(create), .name = "vm1",
		.on_detach = STABLETAP_ON_DETACH_HOLD, .hold_time = 3600000,
	};
	struct stabletap_stats stats;
	struct stabletap_get get;
	uint8_t frame[60];
	int fd, i;

	if (st_ioctl(control, STABLETAP_IOC_CREATE, &create) ||
	    st_sh("ip link set vm1 up"))
		return -1;
	fd = st_port_open(control, create.port, 0);
	if (fd < 0)
		return -2;
	st_frame(frame, sizeof(frame), ST_BROADCAST, ST_MAC_PORT, 1);
	for (i = 0; i < 2 * HELD / (int)sizeof(frame); i++)
		if (st_fd_write(fd, frame, sizeof(frame)) != sizeof(frame))
			return -3;
	if (st_stats(control, create.port, &stats) || !stats.tx_expired)
		return -4;
	return st_get(control, create.port, &get) ? -5 : (long)get.held_bytes;
}

/* Hold frames, and report how many bytes they are */
static int holds(FIXTURE_DATA(bounds) *self, int control)
{
	long held = hold_many(control);

	return write(self->ready[1], &held, sizeof(held)) != sizeof(held);
}

static int holds_and_stays(FIXTURE_DATA(bounds) *self, int control)
{
	char c;

	return holds(self, control) || read(self->go[0], &c, 1) != 1;
}

static int holds_as_the_host(FIXTURE_DATA(bounds) *self)
{
	pid_t child = fork();
	int status;

	if (!child)
		_exit(st_netns_new() || holds(self, st_control_open()));
	return waitpid(child, &status, 0) == child ? status : -ECHILD;
}

TEST_F(bounds, held_frames_of_all_containers_together_have_a_bound)
{
	long before = sysctl_read("hold_bytes"), held[3] = { -1, -1, -1 };
	pid_t child;
	int status;
	char c = 0;

	ASSERT_EQ(0, sysctl_write("hold_bytes", HELD));
	child = fork();
	if (!child)
		_exit(container_run(self, holds_and_stays));
	EXPECT_EQ(sizeof(long), read(self->ready[0], &held[0], sizeof(long)));
	EXPECT_EQ(0, container_run(self, holds));
	EXPECT_EQ(sizeof(long), read(self->ready[0], &held[1], sizeof(long)));
	EXPECT_EQ(0, holds_as_the_host(self));
	EXPECT_EQ(sizeof(long), read(self->ready[0], &held[2], sizeof(long)));
	EXPECT_EQ(1, write(self->go[1], &c, 1));
	EXPECT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, sysctl_write("hold_bytes", before));

	EXPECT_LE(HELD / 2, held[0]);
	EXPECT_LE(0, held[1]);
	EXPECT_GE(HELD, held[0] + held[1]);
	/* The host's own ports have the bound for themselves. */
	EXPECT_LE(HELD / 2, held[2]);
	EXPECT_GE(HELD, held[2]);
}

static int sees_no_sysctl(FIXTURE_DATA(bounds) *self, int control)
{
	return access(SYSCTL "userns_frames", F_OK) &&
	       access(SYSCTL "hold_bytes", F_OK) ? 0 : 1;
}

TEST_F(bounds, the_bounds_are_the_hosts_alone)
{
	EXPECT_EQ(0, container_run(self, sees_no_sysctl));
}

TEST_F(bounds, a_port_of_the_hosts_own_namespaces_has_no_bound)
{
	pid_t child;
	int status;

	ASSERT_EQ(0, sysctl_write("userns_frames", 0));
	child = fork();
	if (!child) {
		int control = st_netns_new() ? -1 : st_control_open();
		int port = create(control, "vm1", 256);

		_exit(port <= 0 || st_link_txqlen(port, PER_NET));
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

/*
 * Freed pages that processors keep for reuse, KiB. They count as used.  Since
 * 6.7 they can be an eighth of the memory, and are released after some seconds.
 */
static long kept_by_processors(void)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	long pages = 0, n;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " count: %ld", &n) == 1)
			pages += n;
	if (file)
		fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Available memory of the host, KiB */
static long available(void)
{
	return scene_meminfo("MemAvailable") + kept_by_processors();
}

#define FRAME 65000	/* for a port and a veth with an MTU of 65,535 */

struct filling {
	int control, port;
	int peer, p0;
};

/*
 * Sends a quarter of the ring's length.  Returns true if the port has dropped a
 * frame because the ring is full.  Frames may be lost on their way to the port,
 * so a fixed number of frames would not be enough.
 */
static bool is_full(void *arg)
{
	const struct filling *filling = arg;
	struct stabletap_stats stats;
	static uint8_t frame[FRAME];
	int i;

	st_frame(frame, FRAME, ST_BROADCAST, ST_MAC_PEER, 1);
	for (i = 0; i < PER_NET / 4; i++)
		st_packet_send(filling->peer, filling->p0, frame, FRAME);
	return !st_stats(filling->control, filling->port, &stats) &&
	       stats.rx_ring;
}

/*
 * Create vm1 and fill its ring.  Sets @taken to the memory that this took, in
 * KiB. Returns the fd, or the negative number of the failed step.
 */
static int fill(int control, long *before, long *taken)
{
	struct filling filling = { .control = control };
	int v0, fd;

	filling.port = create(control, "vm1", 1);
	if (filling.port <= 0 || st_link_txqlen(filling.port, PER_NET) ||
	    st_veth_add("v0", "p0", -1) ||
	    st_sh("ip link set v0 mtu 65535; ip link set p0 mtu 65535;"
		  "ip link set vm1 mtu 65535 up"))
		return -1;
	v0 = st_ifindex("v0");
	filling.p0 = st_ifindex("p0");
	fd = st_port_open(control, filling.port, 0);
	if (fd < 0)
		return -2;
	if (st_attach(control, filling.port, v0, 0) ||
	    !st_wait_up(v0, ST_DEADLINE) ||
	    !st_wait_up(filling.p0, ST_DEADLINE))
		return -3;
	filling.peer = st_packet_open(filling.p0, false);
	*before = available();
	if (!st_wait(is_full, &filling, ST_DEADLINE))
		return -4;
	*taken = *before - available();
	printf("# %ld MiB for %d frames of 64 KiB at most\n", *taken / 1024,
	       PER_NET);
	return fd;
}

/* Returns 0 if the memory stayed within the bound, or the failed step. */
static int fills_no_more(FIXTURE_DATA(bounds) *self, int control)
{
	long before, taken;
	int fd;

	fd = fill(control, &before, &taken);
	if (fd < 0)
		return -fd;
	close(fd);
	/* 50 to 80 KiB for each frame: 64 KiB, and the overhead */
	return taken > PER_NET * 80 ? 5 : taken < PER_NET * 50 ? 6 : 0;
}

TEST_F(bounds, frames_that_wait_for_a_reader_stay_within_the_bound)
{
	EXPECT_EQ(0, container_run(self, fills_no_more));
}

static bool is_free(void *before)
{
	return *(long *)before - available() < PER_NET * 10;
}

static int frees_when_deleted(FIXTURE_DATA(bounds) *self, int control)
{
	long before, taken;
	int fd;

	fd = fill(control, &before, &taken);
	if (fd < 0)
		return -fd;
	if (taken < PER_NET * 50)
		return 6;
	if (st_port_delete(control, st_ifindex("vm1"), STABLETAP_DELETE_FORCE))
		return 7;
	/* The fd is still open, but the port is no longer charged. */
	return st_wait(is_free, &before, ST_DEADLINE) ? 0 : 8;
}

TEST_F(bounds, the_fd_of_a_deleted_port_keeps_no_frames)
{
	EXPECT_EQ(0, container_run(self, frees_when_deleted));
}

/*
 * Send a frame of that size from the tun device, and read the port's counters
 */
static int tun_frame(int control, int port, int tun, size_t size,
		     struct stabletap_stats *stats)
{
	uint8_t *frame = calloc(1, size);
	ssize_t len;

	st_frame(frame, size, ST_BROADCAST, ST_MAC_PEER, 1);
	len = write(tun, frame, size);
	free(frame);
	if (len != (ssize_t)size)
		return -EIO;
	/* The frame is queued, or dropped, before write() returns. */
	return st_stats(control, port, stats);
}

static int drops_larger_frames(FIXTURE_DATA(bounds) *self, int control)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI,
			     .ifr_name = "t0" };
	struct stabletap_stats stats;
	int port, tun;

	port = create(control, "vm1", 1);
	tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (port <= 0 || tun < 0 || ioctl(tun, TUNSETIFF, &ifr) ||
	    st_sh("ip link set t0 up; ip link set vm1 up"))
		return 1;
	if (st_port_open(control, port, 0) < 0 ||
	    st_attach(control, port, st_ifindex("t0"), 0))
		return 2;
	if (tun_frame(control, port, tun, 65536, &stats) ||
	    stats.rx_packets != 1 || stats.rx_lro)
		return 3;
	if (tun_frame(control, port, tun, 65555, &stats) ||
	    stats.rx_packets != 1 || stats.rx_lro != 1)
		return 4;
	if (tun_frame(control, port, tun, 1000000, &stats) ||
	    stats.rx_packets != 1 || stats.rx_lro != 2)
		return 5;
	return 0;
}

TEST_F(bounds, a_frame_of_more_than_64_KiB_is_dropped)
{
	EXPECT_EQ(0, container_run(self, drops_larger_frames));
}

#define LOCAL	0x0a090001	/* 10.9.0.1 and 10.9.0.2, the gretap's ends */
#define REMOTE	0x0a090002
#define V0_MAC	"\x52\x54\x00\x09\x00\x01"

/* Send one IPv4 fragment of a GRE packet to v0 */
static int send_fragment(int peer, int p0, uint16_t id, const uint8_t *payload,
			 size_t at, size_t len, bool more)
{
	struct {
		struct ethhdr eth;
		struct iphdr ip;
		uint8_t payload[1480];
	} __attribute__((packed)) frame = {
		.eth.h_proto = htons(ETH_P_IP),
		.ip = {
			.version = 4,
			.ihl = 5,
			.tot_len = htons(sizeof(frame.ip) + len),
			.id = htons(id),
			.frag_off = htons(at / 8 | (more ? IP_MF : 0)),
			.ttl = 64,
			.protocol = IPPROTO_GRE,
			.saddr = htonl(REMOTE),
			.daddr = htonl(LOCAL),
		},
	};
	uint16_t words[10];
	uint32_t sum = 0;
	int i;

	memcpy(words, &frame.ip, sizeof(words));
	for (i = 0; i < 10; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	frame.ip.check = ~(sum + (sum >> 16));
	memcpy(frame.eth.h_dest, V0_MAC, ETH_ALEN);
	memcpy(frame.eth.h_source, ST_MAC_PEER, ETH_ALEN);
	memcpy(frame.payload, payload + at, len);
	return st_packet_send(peer, p0, (const uint8_t *)&frame,
			      sizeof(frame.eth) + sizeof(frame.ip) + len);
}

/* Send a frame of 30,000 bytes through the tunnel in fragments of this size */
static int tunnel_frame(int peer, int p0, uint16_t id, size_t size)
{
	static uint8_t payload[4 + 30000] = { 0, 0, 0x65, 0x58 };
	size_t at, len;
	int err;

	st_frame(payload + 4, sizeof(payload) - 4, ST_BROADCAST, ST_MAC_PEER,
		 id);
	for (at = 0; at < sizeof(payload); at += len) {
		len = sizeof(payload) - at;
		if (len > size)
			len = size;
		err = send_fragment(peer, p0, id, payload, at, len,
				    at + len < sizeof(payload));
		if (err < 0)
			return err;
	}
	return 0;
}

struct tunnel {
	int control, port;
	uint64_t packets, dropped;
};

static bool has_counted(void *arg)
{
	const struct tunnel *tunnel = arg;
	struct stabletap_stats stats;

	return !st_stats(tunnel->control, tunnel->port, &stats) &&
	       stats.rx_packets == tunnel->packets &&
	       stats.rx_lro == tunnel->dropped;
}

/*
 * Fragments are reassembled without a copy: each keeps its sk_buff of some 800
 * bytes, whatever its size.
 */
static int drops_costly_frames(FIXTURE_DATA(bounds) *self, int control)
{
	struct tunnel tunnel = { .control = control };
	int peer, p0;

	tunnel.port = create(control, "vm1", 1);
	if (tunnel.port <= 0 || st_veth_add("v0", "p0", -1) ||
	    st_sh("ip addr add 10.9.0.1/24 dev v0 && "
		  "ip link set v0 up address 52:54:00:09:00:01 && ip link set p0 up && "
		  "ip link add g0 type gretap local 10.9.0.1 remote 10.9.0.2 && "
		  "ip link set g0 up && ip link set vm1 up mtu 1400"))
		return 1;
	p0 = st_ifindex("p0");
	peer = st_packet_open(p0, false);
	if (st_port_open(control, tunnel.port, 0) < 0 ||
	    st_attach(control, tunnel.port, st_ifindex("g0"), 0) ||
	    !st_wait_up(p0, ST_DEADLINE))
		return 2;
	tunnel.packets = 1;
	if (tunnel_frame(peer, p0, 1, 1480) ||
	    !st_wait(has_counted, &tunnel, ST_DEADLINE))
		return 3;
	tunnel.dropped = 1;
	if (tunnel_frame(peer, p0, 2, 24) ||
	    !st_wait(has_counted, &tunnel, ST_DEADLINE))
		return 4;
	return 0;
}

TEST_F(bounds, a_frame_of_more_than_256_KiB_of_memory_is_dropped)
{
	/* Load it here: a user namespace can't load modules. */
	ASSERT_EQ(0, st_sh("modprobe ip_gre"));
	EXPECT_EQ(0, container_run(self, drops_costly_frames));
}

TEST_HARNESS_MAIN
