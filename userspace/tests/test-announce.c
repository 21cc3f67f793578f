// SPDX-License-Identifier: GPL-2.0
/*
 * Announcements: the frames byte by byte, whom the kernel says to speak for,
 * and what comes out of a device, and when.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <libmnl/libmnl.h>

#include "frames.h"
#include "loop.h"
#include "scene.h"
#include "sender.h"
#include "tap.h"
#include "tell/announce.h"
#include "tell/speakers.h"

#define SIZE 1024

static const uint8_t mac[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
static const uint8_t ip4[4] = { 192, 0, 2, 7 };
static const uint8_t ip6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 7 };
static const struct announce_tags none;

/* Returns the frame in hex, without the zeros at its end. */
static const char *hex(const struct announce_frame *f)
{
	static char text[2 * ANNOUNCE_FRAME_MAX + 1];
	size_t len = f->len;
	size_t i;

	while (len && !f->data[len - 1])
		len--;
	for (i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", f->data[i]);
	return text;
}

static void test_frames(struct tap *t)
{
	const struct announce_tags two = {
		.n = 2,
		.proto = { ETH_P_8021AD, ETH_P_8021Q },
		.id = { 5, 4094 },
	};
	struct announce_frame f;

	announce_rarp(&f, &none, mac);
	is_str(t, hex(&f), "ffffffffffff" "525400123456" "8035"
	       "0001" "0800" "06" "04" "0003" "525400123456" "00000000"
	       "525400123456", "RARP");
	ok(t, f.len == 60 && f.proto == ETH_P_RARP,
	   "it has the shortest length");
	announce_arp(&f, &none, mac, ip4);
	is_str(t, hex(&f), "ffffffffffff" "525400123456" "0806"
	       "0001" "0800" "06" "04" "0001" "525400123456" "c0000207"
	       "000000000000" "c0000207", "ARP");
	announce_arp(&f, &two, mac, ip4);
	is_str(t, hex(&f), "ffffffffffff" "525400123456" "88a8" "0005"
	       "8100" "0ffe" "0806" "0001" "0800" "06" "04" "0001"
	       "525400123456" "c0000207" "000000000000" "c0000207",
	       "ARP with two tags");
	ok(t, f.len == 68 && f.proto == ETH_P_8021AD,
	   "tags come on top of the shortest length");
	announce_na(&f, &none, mac, ip6, true);
	is_str(t, hex(&f), "333300000001" "525400123456" "86dd"
	       "60000000" "0020" "3a" "ff"
	       "20010db8000000000000000000000007"
	       "ff020000000000000000000000000001"
	       "88" "00" "f462" "a0000000" "20010db8000000000000000000000007"
	       "02" "01" "525400123456", "NA of a router");
	announce_na(&f, &two, mac, ip6, false);
	ok(t, f.len == 94 && f.data[22] == 0x60 && f.data[66] == 0x20,
	   "NA with two tags, of no router");
}

static struct nlmsghdr *begin_link(char *buf, int ifindex, int link,
				   unsigned int flags)
{
	struct nlmsghdr *nlh;
	struct ifinfomsg *ifi;

	memset(buf, 0, SIZE);
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_NEWLINK;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = ifindex;
	ifi->ifi_flags = flags;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "vm1.5");
	mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
	if (link)
		mnl_attr_put_u32(nlh, IFLA_LINK, (uint32_t)link);
	return nlh;
}

static void put_vlan(struct nlmsghdr *nlh, const char *kind, uint16_t id)
{
	struct nlattr *info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	struct nlattr *data;

	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, kind);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u16(nlh, IFLA_VLAN_ID, id);
	mnl_attr_put_u16(nlh, IFLA_VLAN_PROTOCOL, htons(ETH_P_8021AD));
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

static bool read_vlan(const struct nlmsghdr *nlh, struct speaker *s)
{
	struct stabletap_link link;
	bool is;

	if (stabletap_link_parse(nlh, &link))
		return false;
	is = speaker_from_vlan(&link, s);
	stabletap_link_release(&link);
	return is;
}

static void test_links(struct tap *t)
{
	struct nlmsghdr *nlh;
	struct speaker s;
	char buf[SIZE];

	nlh = begin_link(buf, 9, 4, IFF_UP);
	put_vlan(nlh, "vlan", 5);
	ok(t, read_vlan(nlh, &s) && s.ifindex == 9 && s.link == 4 &&
	   s.tags.n == 1 && s.tags.id[0] == 5 &&
	   s.tags.proto[0] == ETH_P_8021AD && !memcmp(s.mac, mac, 6),
	   "a VLAN is read");
	nlh = begin_link(buf, 9, 4, IFF_UP);
	put_vlan(nlh, "macvlan", 5);
	ok(t, !read_vlan(nlh, &s), "a device that is no VLAN has no tag");
	nlh = begin_link(buf, 9, 4, 0);
	put_vlan(nlh, "vlan", 5);
	ok(t, !read_vlan(nlh, &s), "a device that is down is silent");
	nlh = begin_link(buf, 9, 4, IFF_UP);
	put_vlan(nlh, "vlan", 5);
	mnl_attr_put_u32(nlh, IFLA_LINK_NETNSID, 0);
	ok(t, !read_vlan(nlh, &s),
	   "so is one on a device of another namespace");
}

static struct nlmsghdr *begin_addr(char *buf, uint8_t family, uint32_t flags)
{
	struct nlmsghdr *nlh;
	struct ifaddrmsg *ifa;

	memset(buf, 0, SIZE);
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_NEWADDR;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = family;
	ifa->ifa_index = 9;
	mnl_attr_put_u32(nlh, IFA_FLAGS, flags);
	return nlh;
}

static bool read_ip(const struct nlmsghdr *nlh, struct stabletap_addr *addr)
{
	return !stabletap_addr_parse(nlh, addr) && speaker_has_ip(addr);
}

static void test_addresses(struct tap *t)
{
	static const uint8_t peer[4] = { 192, 0, 2, 8 };
	struct stabletap_addr a;
	struct nlmsghdr *nlh;
	char buf[SIZE];

	nlh = begin_addr(buf, AF_INET, IFA_F_PERMANENT);
	mnl_attr_put(nlh, IFA_ADDRESS, 4, peer);
	mnl_attr_put(nlh, IFA_LOCAL, 4, ip4);
	ok(t, read_ip(nlh, &a) && a.ifindex == 9 && a.family == AF_INET &&
	   !memcmp(a.ip, ip4, 4), "an address is ours, not its peer's");
	nlh = begin_addr(buf, AF_INET6, 0);
	mnl_attr_put(nlh, IFA_ADDRESS, 16, ip6);
	ok(t, read_ip(nlh, &a) && a.family == AF_INET6 &&
	   !memcmp(a.ip, ip6, 16), "an IPv6 address is read");
	nlh = begin_addr(buf, AF_INET6, IFA_F_TENTATIVE);
	mnl_attr_put(nlh, IFA_ADDRESS, 16, ip6);
	ok(t, !read_ip(nlh, &a),
	   "one that others may have is not announced");
	nlh = begin_addr(buf, AF_INET6, 0);
	mnl_attr_put(nlh, IFA_ADDRESS, 4, ip4);
	ok(t, !read_ip(nlh, &a), "nor one of the wrong length");
}

/* ---- what comes out of a veth's other end ---- */

struct seen {
	int fd;
	unsigned int rarp;
	unsigned int arp;
	unsigned int na;
	unsigned int vlan[4096];	/* RARP with that tag */
	uint64_t last;
};

static bool is_frame(const struct announce_frame *f, const uint8_t *buf,
		     size_t len)
{
	return len == f->len && !memcmp(buf, f->data, len);
}

/* One frame; the kernel has taken its tag off. */
static ssize_t take(int fd, void *buf, size_t size, int *tag)
{
	union {
		char buf[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { buf, size };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct tpacket_auxdata aux;
	const struct cmsghdr *cmsg;
	ssize_t got = recvmsg(fd, &msg, MSG_DONTWAIT);

	*tag = 0;
	cmsg = got > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (cmsg && cmsg->cmsg_type == PACKET_AUXDATA) {
		memcpy(&aux, CMSG_DATA(cmsg), sizeof(aux));
		if (aux.tp_status & TP_STATUS_VLAN_VALID)
			*tag = aux.tp_vlan_tci & 0xfff;
	}
	return got;
}

static bool see(void *arg)
{
	struct seen *seen = arg;
	struct announce_frame f;
	uint8_t buf[256];
	ssize_t got;
	int tag;

	while ((got = take(seen->fd, buf, sizeof(buf), &tag)) > 0) {
		announce_rarp(&f, &none, mac);
		if (tag)
			seen->vlan[tag] += is_frame(&f, buf, (size_t)got);
		else
			seen->rarp += is_frame(&f, buf, (size_t)got);
		announce_arp(&f, &none, mac, ip4);
		seen->arp += is_frame(&f, buf, (size_t)got);
		announce_na(&f, &none, mac, ip6, false);
		seen->na += is_frame(&f, buf, (size_t)got);
		seen->last = loop_now_ms();
	}
	return seen->rarp >= 5 && seen->arp >= 5 && seen->na >= 5;
}

static bool make_veth(struct seen *seen)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
	};
	int on = 1;

	if (unshare(CLONE_NEWNET) ||
	    shell("ip link add port0 address 52:54:00:12:34:56 type veth "
		"peer name far0 && ip link set port0 up && "
		"ip link set far0 up && ip addr add 192.0.2.7/24 dev port0 && "
		"ip addr add 2001:db8::7/64 dev port0 nodad"))
		return false;
	at.sll_ifindex = (int)if_nametoindex("far0");
	seen->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	return seen->fd >= 0 &&
	       !setsockopt(seen->fd, SOL_PACKET, PACKET_AUXDATA, &on,
			   sizeof(on)) &&
	       !bind(seen->fd, (struct sockaddr *)&at, sizeof(at));
}

static bool see_one(void *arg)
{
	struct seen *seen = arg;

	see(arg);
	return seen->rarp > 0;
}

static bool see_six(void *arg)
{
	struct seen *seen = arg;

	see(arg);
	return seen->rarp > 5;
}

static bool see_few(void *arg)
{
	struct seen *seen = arg;

	see(arg);
	return seen->vlan[200] == 5 && seen->vlan[202] == 5;
}

static bool see_many(void *arg)
{
	struct seen *seen = arg;
	unsigned int sum = 0;
	int i;

	see(arg);
	for (i = 0; i < 100; i++)
		sum += seen->vlan[200 + i];
	return sum == 320;
}

/*
 * Start an announcement and see some of it, but not all: tried again if we had
 * no turn for so long that it is over.
 */
static bool begun(sd_event *loop, struct announcer *a, int port,
		  struct seen *seen)
{
	int round;

	for (round = 0; round < 20; round++) {
		seen->rarp = seen->arp = seen->na = 0;
		announcer_start(a, port, port, mac, true, NULL, 0);
		if (!loop_until(loop, see_one, seen, SOON))
			return false;
		if (seen->rarp < 4)
			return true;
		announcer_stop(a, port);
	}
	return false;
}

static bool is_told(void *arg)
{
	return log_count(*(const int *)arg, "No such device") > 0;
}

static void test_rounds(struct tap *t, sd_event *loop, struct announcer *a,
			int port, struct seen *seen)
{
	uint64_t begin = loop_now_ms();
	unsigned int some;

	ok(t, !announcer_start(a, port, port, mac, true, NULL, 0),
	   "an announcement begins");
	ok(t, loop_until(loop, see, seen, SOON),
	   "RARP, ARP and NA come out, 5 times each");
	ok(t, seen->last - begin >= 790, "over 800 ms (%d)",
	   (int)(seen->last - begin));
	loop_for(loop, 300);
	see(seen);
	ok(t, seen->rarp == 5, "no further frame is sent");

	ok(t, begun(loop, a, port, seen), "it begins again");
	announcer_start(a, port, port, mac, true, NULL, 0);
	loop_until(loop, see_six, seen, SOON);
	loop_for(loop, 1500);
	see(seen);
	ok(t, seen->rarp > 5 && seen->rarp < 10,
	   "a second start ends the first (%u)", seen->rarp);

	ok(t, begun(loop, a, port, seen), "it begins once more");
	announcer_stop(a, port);
	announcer_stop(a, port);
	/* Frames may be on their way. */
	loop_for(loop, 200);
	see(seen);
	some = seen->rarp;
	loop_for(loop, 1000);
	see(seen);
	ok(t, some < 5 && seen->rarp == some, "a stop ends it (%u, then %u)",
	   some, seen->rarp);
}

static void test_guests_vlans(struct tap *t, sd_event *loop,
			      struct announcer *a, int port, struct seen *seen)
{
	uint16_t vlans[100];
	int i;

	for (i = 0; i < 100; i++)
		vlans[i] = (uint16_t)(200 + i);
	announcer_start(a, port, port, mac, true, vlans, 3);
	loop_until(loop, see_few, seen, SOON);
	ok(t, see_few(seen) && !seen->vlan[203],
	   "a few VLANs are announced in each round");
	memset(seen->vlan, 0, sizeof(seen->vlan));
	announcer_start(a, port, port, mac, true, vlans, 100);
	loop_until(loop, see_many, seen, SOON);
	loop_for(loop, 100);
	/* 5 times 64 of 100: each of them three times, and some once more */
	ok(t, see_many(seen) && seen->vlan[200] == 4 && seen->vlan[299] == 3,
	   "many VLANs take turns");
}

static void test_no_device(struct tap *t, sd_event *loop, struct announcer *a,
			   int port)
{
	int log_fd = log_capture();

	announcer_start(a, port, 4711, mac, true, NULL, 0);
	loop_until(loop, is_told, &log_fd, SOON);
	loop_for(loop, 100);
	ok(t, log_count(log_fd, "No such device") == 1,
	   "an announcement ends if the device does not exist");
	ok(t, log_count(log_fd, "port0: could not be announced "
			"on a device that is gone") == 1,
	   "that is logged with the port's name");
}

static void test_forwarding(struct tap *t, struct stabletap *st, int port)
{
	ok(t, !stabletap_ip6_forwards(st, port), "the port is no router");
	if (shell("echo 1 >/proc/sys/net/ipv6/conf/port0/forwarding"))
		ok(t, true, "forwarding # SKIP no IPv6 sysctl");
	else
		ok(t, stabletap_ip6_forwards(st, port),
		   "the port is a router now");
	ok(t, !stabletap_ip6_forwards(st, 4711),
	   "a device that is gone forwards nothing");
}

static void test_live(struct tap *t, struct seen *seen)
{
	int port = (int)if_nametoindex("port0");
	struct stabletap *st;
	struct announcer *a;
	sd_event *loop;

	if (sd_event_new(&loop) < 0 || stabletap_open(&st))
		return;
	a = announcer_new(loop, st);
	test_rounds(t, loop, a, port, seen);
	test_guests_vlans(t, loop, a, port, seen);
	test_no_device(t, loop, a, port);
	/* One is under way when all ends. */
	announcer_start(a, port, port, mac, true, NULL, 0);
	loop_for(loop, 10);
	announcer_free(a);
	test_forwarding(t, st, port);
	stabletap_close(st);
	sd_event_unref(loop);
}

/* ---- ports of a model ---- */

/* Instead of the kernel: records by which devices frames were sent */
static bool is_played;
static bool sent[64];
static unsigned int sent_n;

int __wrap_sender_send(int fd, int ifindex, const struct announce_frame *f);
int __real_sender_send(int fd, int ifindex, const struct announce_frame *f);

int __wrap_sender_send(int fd, int ifindex, const struct announce_frame *f)
{
	if (!is_played)
		return __real_sender_send(fd, ifindex, f);
	sent[ifindex < 63 ? ifindex : 63] = true;
	sent_n++;
	return 0;
}

/* The device from which the announcement leaves that @words cause; 0: none */
static int announced_by(sd_event *loop, struct announcer *a, const char *words)
{
	size_t k;
	int i;

	for (k = 0; k < scene.m.ports_n; k++)
		announcer_stop(a, scene.m.ports[k]->ifindex);
	memset(sent, 0, sizeof(sent));
	scene_play(words);
	loop_for(loop, 20);
	for (i = 1; i < 64; i++)
		if (sent[i])
			return i;
	return 0;
}

/* Here a device gets the index that @name has in another namespace. */
static void put_away(const char *name)
{
	int ifindex = *scene_index(name);
	struct stabletap_link other;

	scene_away(name);
	other = scene_link("innocent");
	other.ifindex = ifindex;
	*scene_index("innocent") = ifindex;
	scene_put(&other);
}

static void test_ports(struct tap *t, sd_event *loop, struct announcer *a)
{
	struct port *p;

	scene_begin("[Port p]\nCandidate=a\nCandidate=b\n"
		    "[Port q]\nCandidate=b\nAnnounce=no\n");
	announcer_watch(a, &scene.m);
	scene_play("a b p p:up q q:up");
	ok(t, announced_by(loop, a, "p@a") == *scene_index("a"),
	   "a port is announced by the device that its child is on");
	ok(t, announced_by(loop, a, "p@b=direct") == *scene_index("b"),
	   "a port is announced by its lower, if that is the device itself");
	ok(t, !announced_by(loop, a, "q@b"),
	   "a port with Announce=no is not announced");
	ok(t, announced_by(loop, a, "p:down p:up") == *scene_index("b"),
	   "a port that is set up again is announced again");
	scene_play("p@a");
	p = scene_port("p");
	put_away("a");
	ok(t, announced_by(loop, a, "p:down p:up") == (int)p->told.lower,
	   "a port is announced by its child if the device is in another namespace");
	ok(t, announced_by(loop, a, "p@b") == *scene_index("b"),
	   "a port on its next device is announced by that");
	scene_end();
}

#define MANY 40

static bool all_sent(void *arg)
{
	return sent_n >= *(const unsigned int *)arg;
}

/* Ports that don't exist have no addresses: RARP only. */
static void test_many(struct tap *t, sd_event *loop, struct announcer *a)
{
	unsigned int wanted = (MANY - 2) * 5;
	int i;

	sent_n = 0;
	for (i = 0; i < MANY; i++)
		announcer_start(a, 4711 + i, 1, mac, false, NULL, 0);
	announcer_stop(a, 4711 + MANY / 2);
	announcer_stop(a, 4711 + MANY - 1);
	loop_until(loop, all_sent, &wanted, SOON);
	loop_for(loop, 100);
	ok(t, sent_n == wanted, "each of many ports is announced five times");
}

static void test_model(struct tap *t)
{
	struct stabletap *st;
	struct announcer *a;
	sd_event *loop;

	if (sd_event_new(&loop) < 0 || stabletap_open(&st))
		abort();
	a = announcer_new(loop, st);
	is_played = true;
	test_many(t, loop, a);
	test_ports(t, loop, a);
	is_played = false;
	announcer_free(a);
	stabletap_close(st);
	sd_event_unref(loop);
}

int main(void)
{
	struct seen seen = { .fd = -1 };
	struct tap t = { 0 };

	test_frames(&t);
	test_links(&t);
	test_addresses(&t);
	test_model(&t);
	if (make_veth(&seen))
		test_live(&t, &seen);
	else
		ok(&t, true, "announcing # SKIP no namespace, veth or ip");
	if (seen.fd >= 0)
		close(seen.fd);
	return tap_end(&t);
}
