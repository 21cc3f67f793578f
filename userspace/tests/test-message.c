// SPDX-License-Identifier: GPL-2.0
/* Reading crafted link messages, whole and broken; recognising children. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <libmnl/libmnl.h>

#include "stabletap.h"
#include "tap.h"

#define SIZE 2048

static struct nlmsghdr *begin(char *buf, uint16_t type, uint8_t family)
{
	struct nlmsghdr *nlh;
	struct ifinfomsg *ifi;

	memset(buf, 0, SIZE);
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = type;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_family = family;
	ifi->ifi_index = 12;
	ifi->ifi_flags = IFF_UP;
	return nlh;
}

static struct nlmsghdr *begin_named(char *buf, const char *name)
{
	struct nlmsghdr *nlh = begin(buf, RTM_NEWLINK, AF_UNSPEC);

	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return nlh;
}

static void put_kind(struct nlmsghdr *nlh, const char *kind, uint32_t mode)
{
	struct nlattr *info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	struct nlattr *data;

	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, kind);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u32(nlh, IFLA_MACVLAN_MODE, mode);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

static void put_port(struct nlmsghdr *nlh)
{
	struct nlattr *info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	struct nlattr *data;

	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, STABLETAP_KIND);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u32(nlh, IFLA_STABLETAP_QUEUES, 4);
	mnl_attr_put_u32(nlh, IFLA_STABLETAP_PERM, 0660);
	mnl_attr_put_u32(nlh, IFLA_STABLETAP_STATE, STABLETAP_STATE_ATTACHED);
	mnl_attr_put_u32(nlh, IFLA_STABLETAP_LOWER, 77);
	mnl_attr_put_strz(nlh, IFLA_STABLETAP_LAST_LOWER, "eth9");
	mnl_attr_put_u64(nlh, IFLA_STABLETAP_ATTACHES, 1ULL << 40);
	mnl_attr_put_u32(nlh, IFLA_STABLETAP_HOLD_FRAMES, 5);
	mnl_attr_put_u32(nlh, IFLA_STABLETAP_HOLD_TIME, 6);
	mnl_attr_put_u64(nlh, IFLA_STABLETAP_HOLD_BYTES, 1ULL << 32);
	/* Of a module newer than this library */
	mnl_attr_put_u32(nlh, IFLA_STABLETAP_MAX + 7, 1);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

static void put_altnames(struct nlmsghdr *nlh, const char *a, const char *b)
{
	struct nlattr *list = mnl_attr_nest_start(nlh, IFLA_PROP_LIST);

	mnl_attr_put_strz(nlh, IFLA_ALT_IFNAME, a);
	mnl_attr_put_u32(nlh, IFLA_ALT_IFNAME + 1, 1);
	if (b)
		mnl_attr_put_strz(nlh, IFLA_ALT_IFNAME, b);
	mnl_attr_nest_end(nlh, list);
}

static void test_plain(struct tap *t)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
	struct stabletap_link l = { 0 };
	struct nlmsghdr *nlh;
	char buf[SIZE];

	nlh = begin_named(buf, "eth0");
	mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
	mnl_attr_put_u32(nlh, IFLA_MTU, 9000);
	mnl_attr_put_u32(nlh, IFLA_MASTER, 5);
	mnl_attr_put_u8(nlh, IFLA_CARRIER, 1);
	mnl_attr_put_strz(nlh, IFLA_PHYS_PORT_NAME, "p1");
	put_altnames(nlh, "enp0s1", "a-rather-long-alternative-name");
	if (!ok(t, !stabletap_link_parse(nlh, &l), "a message is read"))
		return;
	ok(t, l.ifindex == 12 && l.mtu == 9000 && l.master == 5 && l.carrier &&
	   (l.flags & IFF_UP) && l.link_netnsid == -1 && l.addr_len == 6 &&
	   !memcmp(l.addr, mac, 6), "its values are those sent");
	is_str(t, l.name, "eth0", "its name is the one sent");
	is_str(t, l.kind, "", "hardware has no kind");
	is_str(t, l.phys_port_name, "p1", "its port is the one sent");
	is_str(t, stabletap_link_altname(&l, NULL), "enp0s1",
	       "the first altname");
	is_str(t, stabletap_link_altname(&l, stabletap_link_altname(&l, NULL)),
	       "a-rather-long-alternative-name", "the second altname");
	ok(t, !stabletap_link_altname(&l, l.altnames + strlen("enp0s1") + 1),
	   "there is no third altname");
	ok(t, stabletap_link_next_name(&l, NULL) == l.name &&
	   stabletap_link_next_name(&l, l.name) == l.altnames &&
	   !stabletap_link_next_name(&l, l.altnames + strlen("enp0s1") + 1),
	   "its own name comes before the altnames");
	ok(t, stabletap_link_is_named(&l, "eth0") &&
	   stabletap_link_is_named(&l, "enp0s1") &&
	   stabletap_link_is_named(&l, "a-rather-long-alternative-name") &&
	   !stabletap_link_is_named(&l, "eth") &&
	   !stabletap_link_is_named(&l, ""), "it has these names and no other");
	stabletap_link_release(&l);
	ok(t, !stabletap_link_altname(&l, NULL), "and none after release");
	stabletap_link_release(&l);
}

static void test_port(struct tap *t)
{
	struct stabletap_link l = { 0 };
	struct nlmsghdr *nlh;
	char buf[SIZE];

	nlh = begin_named(buf, "vm1");
	put_port(nlh);
	ok(t, !stabletap_link_parse(nlh, &l) && stabletap_link_is_port(&l),
	   "a port is known by its kind");
	ok(t, l.port.queues == 4 && l.port.perm == 0660 && l.port.lower == 77 &&
	   l.port.state == STABLETAP_STATE_ATTACHED &&
	   l.port.attaches == 1ULL << 40, "its attributes are those sent");
	ok(t, l.port.hold_frames == 5 && l.port.hold_time == 6 &&
	   l.port.hold_bytes == 1ULL << 32, "so are the bounds of hold");
	is_str(t, l.port.last_lower, "eth9", "its last lower is the one sent");
	stabletap_link_release(&l);
}

static void put_vlan(struct nlmsghdr *nlh, uint16_t id, uint16_t protocol)
{
	struct nlattr *info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	struct nlattr *data;

	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "vlan");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u16(nlh, IFLA_VLAN_ID, id);
	if (protocol)
		mnl_attr_put_u16(nlh, IFLA_VLAN_PROTOCOL, htons(protocol));
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

static void test_vlan(struct tap *t)
{
	static const uint16_t protocols[] = { 0, ETH_P_8021Q, ETH_P_8021AD };
	static const uint16_t ids[] = { 5, 5, 0 };
	struct stabletap_link l = { 0 };
	struct nlmsghdr *nlh;
	char buf[SIZE];
	size_t i;

	for (i = 0; i < 3; i++) {
		nlh = begin_named(buf, "eth0.5");
		put_vlan(nlh, 5, protocols[i]);
		ok(t, !stabletap_link_parse(nlh, &l) && l.vlan_id == ids[i],
		   "VLAN 5 of protocol %#x is %u", protocols[i], ids[i]);
		ok(t, l.tag_id == 5 && l.tag_proto == (protocols[i] ?
						       protocols[i] :
						       ETH_P_8021Q),
		   "and its tag is known");
		stabletap_link_release(&l);
	}
}

static void test_passed_over(struct tap *t)
{
	struct stabletap_link l = { 0 };
	struct nlmsghdr *nlh;
	char buf[SIZE];

	nlh = begin(buf, RTM_DELLINK, AF_BRIDGE);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "eth0");
	ok(t, stabletap_link_parse(nlh, &l) == -ENODATA,
	   "a bridge port's end is no device's end");
	nlh = begin(buf, RTM_NEWLINK, AF_UNSPEC);
	ok(t, stabletap_link_parse(nlh, &l) == -ENODATA,
	   "a message without a name is passed over");
	nlh = begin(buf, RTM_NEWADDR, AF_UNSPEC);
	ok(t, stabletap_link_parse(nlh, &l) == -ENODATA,
	   "another type of message is passed over");
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_NEWLINK;
	ok(t, stabletap_link_parse(nlh, &l) == -EBADMSG,
	   "a message without its header is bad");
	nlh = begin(buf, RTM_DELLINK, AF_UNSPEC);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "eth0");
	mnl_attr_put_u32(nlh, IFLA_NEW_NETNSID, 3);
	ok(t, !stabletap_link_parse(nlh, &l) && l.moved,
	   "a device that moved is told from one that died");
	stabletap_link_release(&l);
}

/* Under the sanitizers this finds reads beyond the message. */
static void test_broken(struct tap *t)
{
	struct stabletap_link l = { 0 };
	struct nlmsghdr *nlh;
	unsigned int seed = 1;
	char *copy;
	char buf[SIZE];
	uint32_t len;
	uint32_t i;

	nlh = begin_named(buf, "st12-a3");
	put_altnames(nlh, "stabletap-12-a3", NULL);
	put_kind(nlh, "macvlan", MACVLAN_MODE_VEPA);
	put_port(nlh);
	len = nlh->nlmsg_len;
	for (i = sizeof(*nlh); i < len; i++) {
		/* Exactly as long as it says: malloc() guards its end. */
		copy = malloc(i);
		if (!copy)
			return;
		memcpy(copy, buf, i);
		((struct nlmsghdr *)copy)->nlmsg_len = i;
		if (!stabletap_link_parse((struct nlmsghdr *)copy, &l))
			stabletap_link_release(&l);
		free(copy);
	}
	ok(t, true, "messages cut at every byte do no harm");

	copy = malloc(len);
	if (!copy)
		return;
	for (i = 0; i < 20000; i++) {
		uint32_t at;

		memcpy(copy, buf, len);
		seed = seed * 1103515245u + 12345u;
		at = sizeof(*nlh) + (seed >> 8) % (len - sizeof(*nlh));
		seed = seed * 1103515245u + 12345u;
		copy[at] = (char)(seed >> 16);
		if (!stabletap_link_parse((struct nlmsghdr *)copy, &l))
			stabletap_link_release(&l);
	}
	free(copy);
	ok(t, true, "messages with a wrong byte do no harm");
}

static bool is_child(const char *kind, const char *name, const char *alt,
		     uint32_t group, int *port)
{
	struct stabletap_link l = { 0 };
	struct nlmsghdr *nlh;
	char buf[SIZE];
	bool result;

	nlh = begin_named(buf, name);
	mnl_attr_put_u32(nlh, IFLA_GROUP, group);
	put_kind(nlh, kind, MACVLAN_MODE_BRIDGE);
	if (alt)
		put_altnames(nlh, "some-other-name", alt);
	*port = -1;
	result = !stabletap_link_parse(nlh, &l) &&
		 stabletap_child_is(&l, port);
	stabletap_link_release(&l);
	return result;
}

static void test_child(struct tap *t)
{
	const uint32_t ours = STABLETAP_CHILD_GROUP;
	static const char *const foreign[] = {
		"st12", "st12-", "st12-a", "st12-a3f", "st12-A3", "st-a3",
		"st012-a3", "st0-a3", "st-1-a3", "st99999999999-a3", "xst12-a3",
		"st12-g3", "st 12-a3",
	};
	int port;
	size_t i;

	ok(t, is_child("macvlan", "st12-a3", NULL, ours, &port) && port == 12,
	   "name and group together make a child");
	ok(t, !is_child("macvlan", "st12-a3", NULL, 0, &port),
	   "the name alone does not");
	ok(t, !is_child("macvlan", "eth0", NULL, ours, &port),
	   "the group alone does not");
	ok(t, is_child("macvlan", "renamed", "stabletap-7-00", 0, &port) &&
	   port == 7, "the altname alone does, whatever the name");
	ok(t, !is_child("macvtap", "st12-a3", "stabletap-12-a3", ours, &port),
	   "only a macvlan is a child");
	ok(t, !is_child("macvlan", "x", "stabletap-12-a3x", 0, &port),
	   "an altname with more behind it does not");
	for (i = 0; i < sizeof(foreign) / sizeof(*foreign); i++)
		ok(t, !is_child("macvlan", foreign[i], NULL, ours, &port),
		   "'%s' is no child's name", foreign[i]);
}

static void test_vf(struct tap *t)
{
	static const char mark[] =
		"stabletap-vf.12.6a36ab6fb4d7.020000000001.7.3.8100.1.-1";
	static const char *const foreign[] = {
		"stabletap-vf", "stabletap-vf.", "stabletap-vf.12",
		"stabletap-vf.12.6a36ab6fb4d7.020000000001.7.3.8100.1",
		"stabletap-vf.12.6a36ab6fb4d7.020000000001.7.3.8100.1.-1x",
		"stabletap-vf.12.6a36ab6fb4d7.020000000001.70000.3.8100.1.0",
		"stabletap-vf.12.6A36ab6fb4d7.020000000001.7.3.8100.1.0",
		"stabletap-vf.12.6a36ab6fb4.020000000001.7.3.8100.1.0",
		"stabletap-vf.99999999999.6a36ab6fb4d7.020000000001.7.3.8100.1.0",
		"Xstabletap-vf.12.6a36ab6fb4d7.020000000001.7.3.8100.1.0",
	};
	static const uint8_t own[6] = { 0x6a, 0x36, 0xab, 0x6f, 0xb4, 0xd7 };
	static const uint8_t admin[6] = { 2, 0, 0, 0, 0, 1 };
	struct stabletap_link l = { 0 };
	struct stabletap_vf was = { 0 };
	struct nlmsghdr *nlh;
	uint8_t addr[6];
	char buf[SIZE];
	size_t i;

	nlh = begin_named(buf, "eth1");
	put_altnames(nlh, "another", mark);
	if (!ok(t, !stabletap_link_parse(nlh, &l), "a VF that is set up"))
		return;
	is_str(t, stabletap_vf_marked(&l, addr, &was), mark,
	       "is known by its mark");
	ok(t, !memcmp(addr, own, 6) && !memcmp(was.mac, admin, 6) &&
	   was.vlan == 7 && was.qos == 3 && was.vlan_proto == 0x8100 &&
	   was.spoof_check == 1 && was.trust == -1,
	   "which says what it was before");
	stabletap_link_release(&l);
	for (i = 0; i < sizeof(foreign) / sizeof(*foreign); i++) {
		nlh = begin_named(buf, "eth1");
		put_altnames(nlh, foreign[i], NULL);
		ok(t, !stabletap_link_parse(nlh, &l) &&
		   !stabletap_vf_marked(&l, addr, &was), "'%s' is no mark",
		   foreign[i]);
		stabletap_link_release(&l);
	}
}

int main(void)
{
	struct tap t = { 0 };

	test_plain(&t);
	test_port(&t);
	test_vlan(&t);
	test_passed_over(&t);
	test_broken(&t);
	test_child(&t);
	test_vf(&t);
	return tap_end(&t);
}
