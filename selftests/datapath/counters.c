// SPDX-License-Identifier: GPL-2.0
/*
 * Each counter is exact and counts only its own cause; tracepoints agree.
 *
 *	fd -- vm1 -- mv0 (macvlan) -- v0 ==== p0 -- packet socket
 *	fd -- vm1 -- v0 ==== p0 -- packet socket	(direct)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "harness.h"
#include "scene.h"
#include "st.h"
#include "watch.h"

FIXTURE(counters) {
	struct scene s;
	struct stabletap_stats expected;
};

FIXTURE_VARIANT(counters) {
	bool macvlan;
	bool watched;		/* packet socket, tc and nft on port and lower */
};

FIXTURE_VARIANT_ADD(counters, macvlan) {
	.macvlan = true,
};

FIXTURE_VARIANT_ADD(counters, direct) {
	.macvlan = false,
};

FIXTURE_VARIANT_ADD(counters, watched_macvlan) {
	.macvlan = true, .watched = true,
};

FIXTURE_VARIANT_ADD(counters, watched_direct) {
	.macvlan = false, .watched = true,
};

FIXTURE_SETUP(counters)
{
	ASSERT_EQ(0, scene_new(&self->s, variant->macvlan, 1));
	ASSERT_EQ(0, scene_attach(&self->s));
	if (variant->watched) {
		ASSERT_LE(0, watch_device("vm1"));
		ASSERT_LE(0, watch_device(variant->macvlan ? "mv0" : "v0"));
	}
	memset(&self->expected, 0, sizeof(self->expected));
	ASSERT_EQ(0, memcmp(&self->expected, scene_stats(&self->s),
			    sizeof(self->expected)));
}

/* "ip -s link": the port's IFLA_STATS64 */
static int link_stats_cb(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct ifinfomsg))
		if (mnl_attr_get_type(attr) == IFLA_STATS64)
			memcpy(data, mnl_attr_get_payload(attr),
			       sizeof(struct rtnl_link_stats64));
	return MNL_CB_OK;
}

static int link_stats(int port, struct rtnl_link_stats64 *stats)
{
	char buf[256] __attribute__((aligned(8))) = {};

	memset(stats, 0, sizeof(*stats));
	return st_talk(st_link_msg(buf, RTM_GETLINK, 0, port), link_stats_cb,
		       stats);
}

/*
 * "ethtool -S": names and values.  A kernel may fill in none if the requested
 * number differs from the number of counters.
 */
#define ETHTOOL_MAX 20

struct ethtool_all {
	int count;
	char name[ETHTOOL_MAX][ETH_GSTRING_LEN];
	uint64_t value[ETHTOOL_MAX];
};

static int ethtool(const char *device, void *command)
{
	struct ifreq ifr = { .ifr_data = command };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", device);
	err = ioctl(fd, SIOCETHTOOL, &ifr) ? -errno : 0;
	close(fd);
	return err;
}

static int ethtool_read(const char *device, struct ethtool_all *all)
{
	static struct {
		struct ethtool_gstrings head;
		char data[ETHTOOL_MAX * ETH_GSTRING_LEN];
	} names;
	static struct {
		struct ethtool_stats head;
		uint64_t data[ETHTOOL_MAX];
	} values;
	int err;

	memset(&names, 0, sizeof(names));
	names.head.cmd = ETHTOOL_GSTRINGS;
	names.head.string_set = ETH_SS_STATS;
	names.head.len = ETHTOOL_MAX;
	err = ethtool(device, &names);
	if (err)
		return err;
	memset(&values, 0, sizeof(values));
	values.head.cmd = ETHTOOL_GSTATS;
	values.head.n_stats = ETHTOOL_MAX;
	err = ethtool(device, &values);
	if (err)
		return err;
	all->count = values.head.n_stats;
	memcpy(all->name, names.data, sizeof(all->name));
	memcpy(all->value, values.data, sizeof(all->value));
	return 0;
}

static const char *const names[] = {
	"tx_packets", "tx_bytes", "tx_detached", "tx_lower", "tx_refused",
	"tx_held", "tx_expired", "rx_packets", "rx_bytes", "rx_multicast",
	"rx_no_reader", "rx_ring", "rx_down", "rx_inactive", "rx_lro",
	"rx_nomem", "tx_purged",
};

#define COUNTERS ((int)ARRAY_SIZE(names))

/* RTM_GETSTATS: IFLA_STATS_LINK_XSTATS of a device, or the slave statistics */
struct xstats {
	int seen;
	uint64_t value[STABLETAP_XSTATS_MAX + 1];
};

static int xstats_cb(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *stats, *type, *attr;
	struct xstats *xstats = data;

	mnl_attr_for_each(stats, nlh, sizeof(struct if_stats_msg)) {
		if (mnl_attr_get_type(stats) != IFLA_STATS_LINK_XSTATS)
			continue;
		mnl_attr_for_each_nested(type, stats) {
			if (mnl_attr_get_type(type) !=
			    LINK_XSTATS_TYPE_STABLETAP)
				continue;
			mnl_attr_for_each_nested(attr, type) {
				if (mnl_attr_get_type(attr) ==
				    STABLETAP_XSTATS_PAD ||
				    mnl_attr_get_type(attr) >
				    STABLETAP_XSTATS_MAX)
					continue;
				xstats->seen++;
				xstats->value[mnl_attr_get_type(attr)] =
					mnl_attr_get_u64(attr);
			}
		}
	}
	return MNL_CB_OK;
}

static int xstats_get(int ifindex, int attr, struct xstats *xstats)
{
	struct if_stats_msg *ifsm;
	struct nlmsghdr *nlh;
	char buf[256] = {};

	memset(xstats, 0, sizeof(*xstats));
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_GETSTATS;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	ifsm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifsm));
	ifsm->ifindex = ifindex;
	ifsm->filter_mask = IFLA_STATS_FILTER_BIT(attr);
	return st_talk(nlh, xstats_cb, xstats);
}

/* Check that all interfaces report the expected counters. */
static void are_expected(struct __test_metadata *_metadata,
			 FIXTURE_DATA(counters) *self)
{
	const uint64_t *expected = (uint64_t *)&self->expected.tx_packets;
	const uint64_t *now;
	struct stabletap_stats *e = &self->expected;
	struct rtnl_link_stats64 link;
	struct ethtool_all all;
	struct xstats xstats;
	int i;

	ASSERT_NE(NULL, scene_get(&self->s));
	now = (uint64_t *)&scene_stats(&self->s)->tx_packets;
	ASSERT_EQ(0, ethtool_read("vm1", &all));
	ASSERT_EQ(COUNTERS + 3, all.count);
	ASSERT_EQ(0, xstats_get(self->s.port, IFLA_STATS_LINK_XSTATS,
				&xstats));
	ASSERT_EQ(COUNTERS, xstats.seen);
	for (i = 0; i < COUNTERS; i++) {
		EXPECT_EQ(expected[i], now[i]) {
			TH_LOG("%s", names[i]);
		}
		EXPECT_STREQ(names[i], all.name[i]);
		EXPECT_EQ(expected[i], all.value[i]);
		EXPECT_EQ(expected[i],
			  xstats.value[STABLETAP_XSTATS_TX_PACKETS + i]) {
			TH_LOG("%s", names[i]);
		}
	}
	EXPECT_STREQ("attaches", all.name[COUNTERS]);
	EXPECT_EQ(self->s.get.attaches, all.value[COUNTERS]);
	EXPECT_STREQ("replaces", all.name[COUNTERS + 1]);
	EXPECT_EQ(self->s.get.replaces, all.value[COUNTERS + 1]);
	EXPECT_STREQ("losses", all.name[COUNTERS + 2]);
	EXPECT_EQ(self->s.get.losses, all.value[COUNTERS + 2]);

	ASSERT_EQ(0, link_stats(self->s.port, &link));
	EXPECT_EQ(e->tx_packets, link.tx_packets);
	EXPECT_EQ(e->tx_bytes, link.tx_bytes);
	EXPECT_EQ(e->tx_detached + e->tx_lower + e->tx_refused + e->tx_expired +
		  e->tx_purged, link.tx_dropped);
	EXPECT_EQ(e->rx_packets, link.rx_packets);
	EXPECT_EQ(e->rx_bytes, link.rx_bytes);
	EXPECT_EQ(e->rx_multicast, link.multicast);
	EXPECT_EQ(e->rx_no_reader + e->rx_ring + e->rx_down + e->rx_inactive +
		  e->rx_lro + e->rx_nomem, link.rx_dropped);
}

static bool is_all_counted(void *arg)
{
	FIXTURE_DATA(counters) *self = arg;

	return !memcmp(&self->expected, scene_stats(&self->s),
		       sizeof(self->expected));
}

/*
 * Every test ends with this check.  It waits because a received frame is
 * counted just after it can be read.
 */
FIXTURE_TEARDOWN(counters)
{
	st_wait(is_all_counted, self, SCENE_DEADLINE);
	are_expected(_metadata, self);
	scene_end(&self->s);
}

/*
 * The kernel asks the port for the slave statistics of its lower.  The port has
 * none, and returns no error.
 */
TEST_F(counters, of_the_port_are_not_reported_for_its_lower)
{
	struct xstats xstats;

	ASSERT_EQ(0, xstats_get(self->s.lower, IFLA_STATS_LINK_XSTATS_SLAVE,
				&xstats));
	EXPECT_EQ(0, xstats.seen);
}

TEST_F(counters, tx_packets_and_tx_bytes_count_what_the_lower_took)
{
	int i;

	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, scene_send(&self->s));
	self->expected.tx_packets = 5;
	self->expected.tx_bytes = 500;
}

TEST_F(counters, tx_detached_counts_what_found_no_lower)
{
	int i;

	ASSERT_EQ(0, st_detach(self->s.control, self->s.port));
	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, scene_write(&self->s));
	self->expected.tx_detached = 5;
}

TEST_F(counters, tx_lower_counts_what_a_lower_that_is_down_refused)
{
	int i;

	ASSERT_EQ(0, st_link_up(self->s.lower, false));
	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, scene_write(&self->s));
	self->expected.tx_lower = 5;
}

/*
 * A dummy keeps its carrier when it is down, and so does a macvlan on it.  The
 * macvlan accepts frames; the dummy's noop_qdisc drops them.
 */
TEST_F(counters, tx_lower_counts_what_a_queue_at_the_bottom_swallowed)
{
	struct scene *s = &self->s;
	int d0, i;

	ASSERT_EQ(0, st_detach(s->control, s->port));
	d0 = st_link_add("d0", "dummy", 0);
	ASSERT_LT(0, d0);
	ASSERT_EQ(0, st_link_up(d0, true));
	if (variant->macvlan) {
		ASSERT_LT(0, st_macvlan_add("mv1", d0,
					    (const uint8_t *)ST_MAC_PORT,
					    s->port));
	} else {
		ASSERT_EQ(0, st_attach(s->control, s->port, d0, 0));
	}

	ASSERT_EQ(0, scene_write(s));
	ASSERT_EQ(0, st_link_up(d0, false));
	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, scene_write(s));
	self->expected.tx_packets = 1;
	self->expected.tx_bytes = 100;
	self->expected.tx_lower = 5;
}

TEST_F(counters, tx_lower_counts_what_the_lowers_queue_refused)
{
	struct scene *s = &self->s;
	int i;

	/* A queue with room for two frames that sends almost none */
	ASSERT_EQ(0, st_sh("tc qdisc add dev %s root handle 1: tbf rate 8bit burst 200 limit 210",
			   variant->macvlan ? "mv0" : "v0"));
	for (i = 0; i < 8; i++)
		ASSERT_EQ(0, scene_write(s));
	self->expected = *scene_stats(s);
	EXPECT_LT(0, self->expected.tx_lower);
	EXPECT_LT(0, self->expected.tx_packets);
	EXPECT_EQ(8, self->expected.tx_packets + self->expected.tx_lower);
	EXPECT_EQ(100 * self->expected.tx_packets, self->expected.tx_bytes);
}

TEST_F(counters, tx_refused_counts_what_the_tap_core_refused)
{
	struct virtio_net_hdr bad = {
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,	/* without gso_size */
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_start = 60000,
	};
	uint8_t frame[100] = {};
	struct iovec iov[] = {
		{ &bad, sizeof(bad) }, { frame, sizeof(frame) },
	};
	struct scene *s = &self->s;

	EXPECT_EQ(-EINVAL, st_fd_write(s->fd, frame, 13));
	EXPECT_EQ(-1, writev(s->fd, iov, 2));
	EXPECT_EQ(-1, write(s->fd, frame, 5));
	self->expected.tx_refused = 3;
}

TEST_F(counters, rx_packets_rx_bytes_and_rx_multicast_count_what_was_queued)
{
	struct scene *s = &self->s;
	uint8_t frame[100];
	int i;

	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, scene_receive(s));
	st_frame(frame, sizeof(frame), ST_BROADCAST, ST_MAC_PEER, 90);
	ASSERT_EQ(100, st_packet_send(s->peer, s->p0, frame, sizeof(frame)));
	ASSERT_EQ(0, scene_await_fd(s, 90, SCENE_DEADLINE));
	self->expected.rx_packets = 6;
	self->expected.rx_bytes = 600;
	self->expected.rx_multicast = 1;
	EXPECT_TRUE(SCENE_AWAIT(s, rx_packets, 6));
}

TEST_F(counters, rx_down_counts_what_came_for_a_port_that_is_down)
{
	struct scene *s = &self->s;
	int i;

	ASSERT_EQ(0, st_link_up(s->port, false));
	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, scene_peer_send(s));
	self->expected.rx_down = 5;
	EXPECT_TRUE(SCENE_AWAIT(s, rx_down, 5));
}

TEST_F(counters, rx_ring_counts_what_a_full_ring_refused)
{
	struct scene *s = &self->s;
	int i;

	/* The ring gets its size from txqueuelen when the node is opened. */
	ASSERT_EQ(0, st_sh("ip link set vm1 txqueuelen 16"));
	for (i = 0; i < 20; i++)
		ASSERT_EQ(0, scene_peer_send(s));
	self->expected.rx_packets = 16;
	self->expected.rx_bytes = 1600;
	self->expected.rx_ring = 4;
	EXPECT_TRUE(SCENE_AWAIT(s, rx_ring, 4));
	/* Frames that are read make room again. */
	for (i = 4; i <= 20 - 1; i++) {
		ASSERT_EQ(0, scene_await_fd(s, s->number - 19 + i - 4, 0));
	}
	ASSERT_EQ(0, scene_receive(s));
	self->expected.rx_packets++;
	self->expected.rx_bytes += 100;
	EXPECT_TRUE(SCENE_AWAIT(s, rx_packets, 17));
}

/* A ping from 10.9.9.2 to 10.9.9.1 */
static size_t ping_make(uint8_t *frame)
{
	struct iphdr *ip = (struct iphdr *)(frame + ETH_HLEN);
	struct icmphdr *icmp = (struct icmphdr *)(ip + 1);
	const uint16_t *word = (uint16_t *)ip;
	uint32_t sum = 0;
	int i;

	memset(frame, 0, 60);
	memcpy(frame, ST_MAC_PORT, 6);
	memcpy(frame + 6, ST_MAC_PEER, 6);
	frame[12] = 0x08;
	ip->version = 4;
	ip->ihl = 5;
	ip->tot_len = htons(sizeof(*ip) + sizeof(*icmp));
	ip->ttl = 64;
	ip->protocol = IPPROTO_ICMP;
	ip->saddr = htonl(0x0a090902);
	ip->daddr = htonl(0x0a090901);
	for (i = 0; i < 10; i++)
		sum += word[i];
	ip->check = ~((sum & 0xffff) + (sum >> 16));
	icmp->type = ICMP_ECHO;
	icmp->checksum = htons(~0x0800);
	return 60;
}

TEST_F(counters, rx_no_reader_counts_and_the_hosts_stack_gets_nothing)
{
	struct scene *s = &self->s;
	uint8_t frame[60];
	int i;

	/* The host would answer the ping if it saw it. */
	ASSERT_EQ(0, st_sh("ip addr add 10.9.9.1/24 dev vm1 && "
			   "ip neigh add 10.9.9.2 lladdr 52:54:00:00:00:02 dev vm1 && "
			   "sysctl -qw net.ipv4.conf.all.rp_filter=0"));
	close(s->fd);
	s->fd = -1;
	/* Ignore frames that were sent because an address was added. */
	self->expected = *scene_stats(s);
	ping_make(frame);
	for (i = 0; i < 5; i++)
		ASSERT_EQ(60, st_packet_send(s->peer, s->p0, frame, 60));
	self->expected.rx_no_reader = 5;
	EXPECT_TRUE(SCENE_AWAIT(s, rx_no_reader, 5));
	EXPECT_FALSE(scene_file_has("/proc/net/snmp", "IcmpMsg: InType8"));
	EXPECT_TRUE(scene_file_has("/proc/net/snmp", "\nIcmp: 0 0 0 "));

	/*
	 * Control: the host answers a ping that it sends through the port
	 * itself.
	 */
	self->expected.tx_packets = SCENE_STAT(s, tx_packets);
	self->expected.tx_bytes = s->stats.tx_bytes;
}

/* An instance of tracefs for this test alone */
#define TRACE "/sys/kernel/tracing/instances/stabletap-test"

FIXTURE(trace) {
	struct scene s;
	int marker;
};

FIXTURE_SETUP(trace)
{
	/* The sysfs of the new namespace hides tracefs. */
	ASSERT_EQ(0, scene_new(&self->s, false, 1));
	ASSERT_EQ(0, st_sh("mount -t tracefs tracefs /sys/kernel/tracing"));
	st_sh("rmdir " TRACE " 2>/dev/null");
	ASSERT_EQ(0, st_sh("mkdir " TRACE));
	ASSERT_EQ(0, scene_file_write(TRACE "/events/stabletap/enable", "1"));
}

FIXTURE_TEARDOWN(trace)
{
	scene_file_write(TRACE "/events/stabletap/enable", "0");
	st_sh("rmdir " TRACE);
	scene_end(&self->s);
}

static bool is_traced(void *arg)
{
	return scene_file_has(TRACE "/trace", arg);
}

/* Wait for the trace: a frame is counted before it is traced. */
static bool traced(const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return st_wait(is_traced, text, SCENE_DEADLINE);
}

TEST_F(trace, attach_replace_detach_and_loss_are_traced)
{
	struct scene *s = &self->s;
	int d0 = st_link_add("d0", "dummy", 0);

	ASSERT_LT(0, d0);
	ASSERT_EQ(0, scene_attach(s));
	EXPECT_TRUE(traced("stabletap_attach: port=vm1(%d) lower=v0(%d) flags=0x2",
			   s->port, s->v0));
	ASSERT_EQ(0, st_attach(s->control, s->port, d0,
			       STABLETAP_ATTACH_REPLACE |
			       STABLETAP_ATTACH_FILTER));
	EXPECT_TRUE(traced("stabletap_replace: port=vm1(%d) old=v0(%d) lower=d0(%d) flags=0x4",
			   s->port, s->v0, d0));
	ASSERT_EQ(0, st_detach(s->control, s->port));
	EXPECT_TRUE(traced("stabletap_detach: port=vm1(%d) lower=d0(%d) reason=asked",
			   s->port, d0));
	ASSERT_EQ(0, st_link_master(d0, s->port));
	ASSERT_EQ(0, st_link_del(d0));
	EXPECT_TRUE(traced("stabletap_detach: port=vm1(%d) lower=d0(%d) reason=lower-gone",
			   s->port, d0));
}

/* The reasons that dropwatch and "perf trace -e skb:kfree_skb" show */
TEST_F(trace, the_kernel_is_told_a_reason_for_each_dropped_frame)
{
	struct scene *s = &self->s;

	if (!scene_file_has(TRACE "/events/skb/kfree_skb/format", "reason"))
		SKIP(return, "this kernel has no drop reasons");
	ASSERT_EQ(0, scene_file_write(TRACE "/events/skb/kfree_skb/filter",
				      "protocol == 0x88b5"));
	ASSERT_EQ(0, scene_file_write(TRACE "/events/skb/kfree_skb/enable",
				      "1"));
	ASSERT_EQ(0, scene_write(s));
	EXPECT_TRUE(traced("reason: DEV_READY"));
	ASSERT_EQ(0, scene_attach(s));
	ASSERT_TRUE(st_wait_up(s->v0, SCENE_DEADLINE));
	close(s->fd);
	s->fd = -1;
	ASSERT_EQ(0, scene_peer_send(s));
	EXPECT_TRUE(traced("reason: NO_SOCKET"));
	scene_file_write(TRACE "/events/skb/kfree_skb/enable", "0");
}

TEST_F(trace, dropped_frames_are_traced_with_their_cause)
{
	struct scene *s = &self->s;
	uint8_t frame[100] = {};

	ASSERT_EQ(0, scene_write(s));
	EXPECT_TRUE(traced("len=100 why=tx_detached"));
	ASSERT_EQ(0, scene_attach(s));
	EXPECT_EQ(-EINVAL, st_fd_write(s->fd, frame, 13));
	EXPECT_TRUE(traced("why=tx_refused"));
	ASSERT_EQ(0, st_link_up(s->v0, false));
	ASSERT_EQ(0, scene_write(s));
	EXPECT_TRUE(traced("why=tx_lower"));
	ASSERT_EQ(0, st_link_up(s->v0, true));
	ASSERT_TRUE(st_wait_up(s->p0, SCENE_DEADLINE));

	ASSERT_EQ(0, st_link_up(s->port, false));
	ASSERT_EQ(0, scene_peer_send(s));
	ASSERT_TRUE(SCENE_AWAIT(s, rx_down, 1));
	EXPECT_TRUE(traced("why=rx_down"));
	ASSERT_EQ(0, st_link_up(s->port, true));
	close(s->fd);
	s->fd = -1;
	ASSERT_EQ(0, scene_peer_send(s));
	ASSERT_TRUE(SCENE_AWAIT(s, rx_no_reader, 1));
	EXPECT_TRUE(traced("stabletap_drop: port=vm1(%d) skb=", s->port));
	EXPECT_TRUE(traced("why=rx_no_reader"));
}

TEST_HARNESS_MAIN
