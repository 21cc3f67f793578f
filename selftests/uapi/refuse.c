// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that can't be attached: the ioctl and rtnetlink refuse them with the
 * right errno and message, and nothing changes.
 *
 *	/dev/stabletap -- vm1 -/- the device refused
 *	                  vm1 --- d0 (dummy), where a replace is refused
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bpf.h"
#include "harness.h"
#include "st.h"

/*
 * Everything that rtnetlink reports about a device, except what changes by
 * itself, or when a device is opened and closed.
 */
struct snapshot {
	size_t len;
	uint8_t data[8192];
};

static int snapshot_cb(const struct nlmsghdr *nlh, void *data)
{
	static const uint16_t passed_over[] = {
		IFLA_STATS, IFLA_STATS64, IFLA_AF_SPEC, IFLA_CARRIER_CHANGES,
		IFLA_CARRIER_UP_COUNT, IFLA_CARRIER_DOWN_COUNT,
	};
	const struct ifinfomsg *ifm = mnl_nlmsg_get_payload(nlh);
	struct snapshot *snapshot = data;
	const struct nlattr *attr;
	int i;

	memcpy(snapshot->data, ifm, sizeof(*ifm));
	snapshot->len = sizeof(*ifm);
	mnl_attr_for_each(attr, nlh, sizeof(*ifm)) {
		for (i = 0; i < ARRAY_SIZE(passed_over); i++)
			if (mnl_attr_get_type(attr) == passed_over[i])
				break;
		if (i < ARRAY_SIZE(passed_over))
			continue;
		memcpy(snapshot->data + snapshot->len, attr, attr->nla_len);
		snapshot->len += attr->nla_len;
	}
	return MNL_CB_OK;
}

static int snapshot(int ifindex, struct snapshot *snapshot)
{
	char buf[256] = {};

	memset(snapshot, 0, sizeof(*snapshot));
	return st_talk(st_link_msg(buf, RTM_GETLINK, 0, ifindex), snapshot_cb,
		       snapshot);
}

/* The attribute that differs, -1 for the header, 0 if they are the same */
static int snapshot_differs(const struct snapshot *a, const struct snapshot *b)
{
	size_t at = sizeof(struct ifinfomsg);
	const struct nlattr *attr;

	if (memcmp(a->data, b->data, at))
		return -1;
	while (at < a->len) {
		attr = (const struct nlattr *)(a->data + at);
		if (memcmp(attr, b->data + at, attr->nla_len))
			return mnl_attr_get_type(attr);
		at += attr->nla_len;
	}
	return a->len == b->len ? 0 : -1;
}

/*
 * Each of these creates a device that can't be vm1's lower.  They return its
 * ifindex or a negative errno.
 */
static int make_loopback(int control, int vm1)
{
	return st_ifindex("lo");
}

static int make_tun(int control, int vm1)
{
	struct ifreq ifr = {
		.ifr_name = "t0", .ifr_flags = IFF_TUN | IFF_NO_PI,
	};
	int fd = open("/dev/net/tun", O_RDWR);

	/* The device exists as long as this process. */
	return fd < 0 || ioctl(fd, TUNSETIFF, &ifr) ? -errno :
	       st_ifindex("t0");
}

/*
 * Create a tap device and change its type to one that has addresses of six
 * bytes too
 */
static int add_tap(int *fd, int type)
{
	struct ifreq ifr = {
		.ifr_name = "t0", .ifr_flags = IFF_TAP | IFF_NO_PI,
	};

	*fd = open("/dev/net/tun", O_RDWR);
	return *fd < 0 || ioctl(*fd, TUNSETIFF, &ifr) ||
	       ioctl(*fd, TUNSETLINK, type) ? -errno : st_ifindex("t0");
}

static int make_fddi(int control, int vm1)
{
	int fd;

	return add_tap(&fd, ARPHRD_FDDI);
}

/* A vcan has no addresses at all. */
static int make_vcan(int control, int vm1)
{
	return st_link_add("c0", "vcan", 0);
}

static int make_port(int control, int vm1)
{
	return st_port_new(control, "vm2", 1, 1);
}

static int make_parent(int control, int vm1)
{
	int d1 = st_link_add("d1", "dummy", 0);
	int mv1 = st_macvlan_add("mv1", d1, NULL, 0);

	return mv1 < 0 ? mv1 : d1;
}

static int make_macvtap_parent(int control, int vm1)
{
	int d1 = st_link_add("d1", "dummy", 0);
	int mt1 = st_link_add("mt1", "macvtap", d1);

	return mt1 < 0 ? mt1 : d1;
}

static int make_ipvlan_parent(int control, int vm1)
{
	int d1 = st_link_add("d1", "dummy", 0);
	int iv1 = st_link_add("iv1", "ipvlan", d1);

	return iv1 < 0 ? iv1 : d1;
}

static int make_member(int control, int vm1)
{
	int br = st_link_add("br0", "bridge", 0);
	int d1 = st_link_add("d1", "dummy", 0);
	int err = st_link_master(d1, br);

	return err ? err : d1;
}

static int make_lower_of_another(int control, int vm1)
{
	int vm2 = st_port_new(control, "vm2", 1, 1);
	int d1 = st_link_add("d1", "dummy", 0);
	int err = st_attach(control, vm2, d1, 0);

	return err ? err : d1;
}

static int add_vlan(int link, uint16_t id)
{
	char name[IFNAMSIZ];

	snprintf(name, sizeof(name), "vlan%u", id);
	return st_vlan_add(name, link, id);
}

static int make_vlan_on_port(int control, int vm1)
{
	return add_vlan(vm1, 5);
}

static int make_vlans_on_port(int control, int vm1)
{
	return add_vlan(add_vlan(vm1, 5), 6);
}

static int make_deep_stack(int control, int vm1)
{
	int top = st_link_add("d1", "dummy", 0);
	int id;

	for (id = 1; id <= 7; id++)
		top = add_vlan(top, id);
	return top;
}

static int make_small(int control, int vm1)
{
	int d1 = st_link_add("d1", "dummy", 0);
	int err = st_link_mtu(d1, 1499);

	return err ? err : d1;
}

static int make_xdp(int control, int vm1)
{
	int d1 = st_link_add("d1", "dummy", 0);
	int prog = bpf_load(BPF_PROG_TYPE_XDP, XDP_PASS), err;

	if (prog < 0)
		return prog;
	err = bpf_xdp_set(d1, prog);
	return err ? err : d1;
}

/* Opening the device fails, so the refusal comes as late as possible. */
static int make_vlan_on_down(int control, int vm1)
{
	return add_vlan(st_link_add("d1", "dummy", 0), 5);
}

/*
 * mv1 is up and has the port's address, so mv2, on the same parent, can't have
 * it.
 */
static int make_same_address(int control, int vm1)
{
	int d1 = st_link_add("d1", "dummy", 0);
	int mv1, mv2, err;

	err = st_link_up(d1, true);
	if (err)
		return err;
	mv1 = st_macvlan_add("mv1", d1, (uint8_t *)ST_MAC_PORT, 0);
	err = mv1 < 0 ? mv1 : st_link_up(mv1, true);
	if (err)
		return err;
	mv2 = st_macvlan_add("mv2", d1, (uint8_t *)ST_MAC_PEER, 0);
	return mv2;
}

static int make_same_address_up(int control, int vm1)
{
	int mv2 = make_same_address(control, vm1);
	int err = mv2 < 0 ? mv2 : st_link_up(mv2, true);

	if (err)
		return err;
	/* The operstate follows a little later, and is compared. */
	return st_wait_up(mv2, ST_DEADLINE) ? mv2 : -ETIMEDOUT;
}

static int make_ipvlan(int control, int vm1)
{
	return st_link_add("iv1", "ipvlan", st_link_add("d1", "dummy", 0));
}

static int make_vrf(int control, int vm1)
{
	return st_sh("ip link add vrf1 type vrf table 10") ? -EIO :
	       st_ifindex("vrf1");
}

static int make_macvlan(int control, int vm1)
{
	int d1 = st_link_add("d1", "dummy", 0);

	return st_macvlan_add("mv1", d1, (uint8_t *)ST_MAC_PEER, 0);
}

static int make_dummy(int control, int vm1)
{
	return st_link_add("d1", "dummy", 0);
}

FIXTURE(refuse) {
	int control;
	int vm1;
	int d0;
	int dev;	/* the device to be refused */
	struct snapshot port;
	struct snapshot lower;
	struct snapshot after;
	struct stabletap_get before;
	struct stabletap_get get;
};

FIXTURE_VARIANT(refuse) {
	int (*make)(int control, int vm1);
	__u32 flags;
	int error;
	bool ioctl_only;
	const char *sentence;
};

FIXTURE_VARIANT_ADD(refuse, loopback) {
	.make = make_loopback,
	.error = -ENONET,
	.sentence = "stabletap: The loopback device can't be a lower",
};

FIXTURE_VARIANT_ADD(refuse, a_tun_device) {
	.make = make_tun,
	.error = -EMEDIUMTYPE,
	.sentence = "stabletap: A lower must be an Ethernet device",
};

FIXTURE_VARIANT_ADD(refuse, a_can_device) {
	.make = make_vcan,
	.error = -EMEDIUMTYPE,
	.sentence = "stabletap: A lower must be an Ethernet device",
};

FIXTURE_VARIANT_ADD(refuse, a_device_of_another_type) {
	.make = make_fddi,
	.error = -EMEDIUMTYPE,
	.sentence = "stabletap: A lower must be an Ethernet device",
};

FIXTURE_VARIANT_ADD(refuse, a_port) {
	.make = make_port,
	.error = -EOPNOTSUPP,
	.sentence = "stabletap: A port can't be the lower of a port",
};

FIXTURE_VARIANT_ADD(refuse, a_parent_of_macvlans) {
	.make = make_parent,
	.error = -EBUSY,
	.sentence = "stabletap: Something else (a macvlan, ipvlan or macvtap?) receives the device's frames",
};

FIXTURE_VARIANT_ADD(refuse, a_parent_of_macvtaps) {
	.make = make_macvtap_parent,
	.error = -EBUSY,
	.sentence = "stabletap: Something else (a macvlan, ipvlan or macvtap?) receives the device's frames",
};

FIXTURE_VARIANT_ADD(refuse, a_parent_of_ipvlans) {
	.make = make_ipvlan_parent,
	.error = -EBUSY,
	.sentence = "stabletap: Something else (a macvlan, ipvlan or macvtap?) receives the device's frames",
};

FIXTURE_VARIANT_ADD(refuse, an_ipvlan) {
	.make = make_ipvlan,
	.error = -EINVAL,
	.sentence = "stabletap: A device of this kind (ipvlan, VRF) can't be a lower",
};

FIXTURE_VARIANT_ADD(refuse, a_vrf) {
	.make = make_vrf,
	.error = -EINVAL,
	.sentence = "stabletap: A device of this kind (ipvlan, VRF) can't be a lower",
};

/* With rtnetlink the kernel has already released the device from its master. */
FIXTURE_VARIANT_ADD(refuse, a_member_of_a_bridge) {
	.make = make_member,
	.error = -EBUSY,
	.ioctl_only = true,
	.sentence = "stabletap: The device has a master; release it first with nomaster",
};

FIXTURE_VARIANT_ADD(refuse, a_lower_of_another_port) {
	.make = make_lower_of_another,
	.error = -EBUSY,
	.ioctl_only = true,
	.sentence = "stabletap: The device has a master; release it first with nomaster",
};

FIXTURE_VARIANT_ADD(refuse, a_vlan_on_the_port) {
	.make = make_vlan_on_port,
	.error = -ELOOP,
	.sentence = "stabletap: The device is stacked on the port; it would loop",
};

FIXTURE_VARIANT_ADD(refuse, a_vlan_on_a_vlan_on_the_port) {
	.make = make_vlans_on_port,
	.error = -ELOOP,
	.sentence = "stabletap: The device is stacked on the port; it would loop",
};

FIXTURE_VARIANT_ADD(refuse, the_top_of_a_stack_of_eight) {
	.make = make_deep_stack,
	.error = -EMLINK,
	.sentence = "stabletap: Too many devices are stacked on each other",
};

FIXTURE_VARIANT_ADD(refuse, an_mtu_below_the_ports) {
	.make = make_small,
	.error = -EMSGSIZE,
	.sentence = "stabletap: The device's MTU is below the port's",
};

FIXTURE_VARIANT_ADD(refuse, an_xdp_program) {
	.make = make_xdp,
	.error = -ETXTBSY,
	.sentence = "stabletap: An XDP program is attached to the device; remove it first",
};

FIXTURE_VARIANT_ADD(refuse, a_device_that_can_not_be_opened) {
	.make = make_vlan_on_down,
	.error = -ENETDOWN,
	.sentence = "stabletap: The device refused to be set up as a lower",
};

FIXTURE_VARIANT_ADD(refuse, an_address_in_use_on_the_parent) {
	.make = make_same_address,
	.error = -EADDRINUSE,
	.sentence = "stabletap: Another macvlan on the same parent has the port's MAC address",
};

FIXTURE_VARIANT_ADD(refuse, an_address_in_use_and_the_lower_is_up) {
	.make = make_same_address_up,
	.error = -EADDRINUSE,
	.sentence = "stabletap: Another macvlan on the same parent has the port's MAC address",
};

FIXTURE_VARIANT_ADD(refuse, a_promiscuous_macvlan) {
	.make = make_macvlan,
	.flags = STABLETAP_ATTACH_PROMISC,
	.error = -EOPNOTSUPP,
	.ioctl_only = true,
	.sentence = "stabletap: A macvlan receives its own address only, promiscuous or not; use passthru or attach the device itself",
};

FIXTURE_VARIANT_ADD(refuse, promiscuous_and_filter_together) {
	.make = make_dummy,
	.flags = STABLETAP_ATTACH_PROMISC | STABLETAP_ATTACH_FILTER,
	.error = -EINVAL,
	.ioctl_only = true,
	.sentence = "stabletap: Promiscuous and filter mode exclude each other",
};

FIXTURE_SETUP(refuse)
{
	ASSERT_EQ(0, st_netns_new());
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	self->vm1 = st_port_new(self->control, "vm1", 0, 1);
	ASSERT_LT(0, self->vm1);
	self->d0 = st_link_add("d0", "dummy", 0);
	ASSERT_LT(0, self->d0);
	self->dev = variant->make(self->control, self->vm1);
	if (self->dev == -EOPNOTSUPP)
		SKIP(return, "this kernel has no such kind of link");
	ASSERT_LT(0, self->dev) {
		TH_LOG("%s", st_msg);
	}
}

FIXTURE_TEARDOWN(refuse)
{
	close(self->control);
}

static int count_nodes(void)
{
	int n = -1;
	FILE *f = popen("ls /sys/class/net/*/tap* -d | wc -l; exit 0", "r");

	if (f && fscanf(f, "%d", &n) != 1)
		n = -1;
	if (f)
		pclose(f);
	return n;
}

#define REMEMBER() do {							\
	ASSERT_EQ(0, st_get(self->control, self->vm1, &self->before));	\
	ASSERT_EQ(0, snapshot(self->vm1, &self->port));			\
	ASSERT_EQ(0, snapshot(self->dev, &self->lower));		\
} while (0)

#define EXPECT_AS_BEFORE() do {						\
	EXPECT_EQ(0, st_get(self->control, self->vm1, &self->get));	\
	EXPECT_EQ(0, memcmp(&self->before, &self->get,			\
			    sizeof(self->get)));			\
	EXPECT_EQ(0, snapshot(self->vm1, &self->after));		\
	EXPECT_EQ(0, snapshot_differs(&self->port, &self->after));	\
	EXPECT_EQ(0, snapshot(self->dev, &self->after));		\
	EXPECT_EQ(0, snapshot_differs(&self->lower, &self->after));	\
} while (0)

TEST_F(refuse, by_the_ioctl)
{
	REMEMBER();
	EXPECT_EQ(variant->error, st_attach(self->control, self->vm1,
					    self->dev, variant->flags));
	EXPECT_STREQ(variant->sentence, st_msg);
	EXPECT_AS_BEFORE();
}

TEST_F(refuse, by_rtnetlink)
{
	if (variant->ioctl_only)
		return;
	REMEMBER();
	EXPECT_EQ(variant->error, st_link_master(self->dev, self->vm1));
	EXPECT_STREQ(variant->sentence, st_msg);
	EXPECT_AS_BEFORE();
}

TEST_F(refuse, by_the_ports_attribute)
{
	REMEMBER();
	EXPECT_EQ(variant->error,
		  st_port_set(self->vm1, { IFLA_STABLETAP_LOWER, self->dev },
			      { IFLA_STABLETAP_ATTACH_FLAGS, variant->flags }));
	EXPECT_STREQ(variant->sentence, st_msg);
	EXPECT_AS_BEFORE();
}

TEST_F(refuse, as_a_replacement_by_the_ports_attribute)
{
	ASSERT_EQ(0, st_attach(self->control, self->vm1, self->d0, 0));
	ASSERT_TRUE(st_wait_up(self->vm1, ST_DEADLINE));
	REMEMBER();
	EXPECT_EQ(variant->error,
		  st_port_set(self->vm1, { IFLA_STABLETAP_LOWER, self->dev },
			      { IFLA_STABLETAP_ATTACH_FLAGS, variant->flags |
				STABLETAP_ATTACH_REPLACE }));
	EXPECT_STREQ(variant->sentence, st_msg);
	EXPECT_AS_BEFORE();
	EXPECT_EQ(self->d0, self->get.lower);
}

/* Nothing of the port is left: no device, no node, no notification. */
TEST_F(refuse, for_a_port_that_is_made_with_it)
{
	struct st_attr attrs[] = {
		{ IFLA_STABLETAP_LOWER, self->dev },
		{ IFLA_STABLETAP_ATTACH_FLAGS, variant->flags }, {},
	};
	struct stabletap_list list = { .size = sizeof(list) };
	int nodes, ports;

	/* A device that is stacked on vm1 is not stacked on vm9. */
	if (variant->error == -ELOOP)
		return;
	ASSERT_EQ(0, st_ioctl(self->control, STABLETAP_IOC_LIST, &list));
	ports = list.count;
	nodes = count_nodes();
	REMEMBER();
	EXPECT_EQ(variant->error,
		  st_port_request("vm9", (uint8_t *)ST_MAC_PORT, 0, attrs));
	EXPECT_STREQ(variant->sentence, st_msg);
	EXPECT_AS_BEFORE();
	EXPECT_EQ(-ENODEV, st_ifindex("vm9"));
	list.count = 0;
	ASSERT_EQ(0, st_ioctl(self->control, STABLETAP_IOC_LIST, &list));
	EXPECT_EQ(ports, list.count);
	EXPECT_EQ(nodes, count_nodes());
	EXPECT_LT(0, nodes);
}

TEST_F(refuse, as_a_replacement_and_the_old_lower_goes_on)
{
	uint8_t frame[64];
	int fd, peer;

	ASSERT_EQ(0, st_attach(self->control, self->vm1, self->d0, 0));
	/* The operstate changes a little later. */
	ASSERT_TRUE(st_wait_up(self->vm1, ST_DEADLINE));
	REMEMBER();
	EXPECT_EQ(variant->error, st_attach(self->control, self->vm1,
					    self->dev, variant->flags |
					    STABLETAP_ATTACH_REPLACE));
	EXPECT_STREQ(variant->sentence, st_msg);
	EXPECT_AS_BEFORE();
	EXPECT_EQ(self->d0, self->get.lower);

	peer = st_packet_open(self->d0, true);
	ASSERT_LE(0, peer);
	fd = st_port_open(self->control, self->vm1, 0);
	ASSERT_LE(0, fd);
	st_frame(frame, sizeof(frame), ST_MAC_PEER, ST_MAC_PORT, 1);
	ASSERT_EQ(sizeof(frame), st_fd_write(fd, frame, sizeof(frame)));
	EXPECT_EQ(1, st_readable(peer, ST_DEADLINE));
}

/* Refusals because of the port's present state */
FIXTURE(taken) {
	int control;
	int vm1;
	int vm2;
	int d0;
	int d1;
	struct stabletap_get get;
};

FIXTURE_SETUP(taken)
{
	ASSERT_EQ(0, st_netns_new());
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	self->vm1 = st_port_new(self->control, "vm1", 0, 1);
	ASSERT_LT(0, self->vm1);
	self->vm2 = st_port_new(self->control, "vm2", 1, 1);
	ASSERT_LT(0, self->vm2);
	self->d0 = st_link_add("d0", "dummy", 0);
	ASSERT_LT(0, self->d0);
	self->d1 = st_link_add("d1", "dummy", 0);
	ASSERT_LT(0, self->d1);
	ASSERT_EQ(0, st_attach(self->control, self->vm1, self->d0, 0));
}

FIXTURE_TEARDOWN(taken)
{
	close(self->control);
}

static int lower_of(int control, int port)
{
	struct stabletap_get get;
	int err = st_get(control, port, &get);

	return err ? err : (int)get.lower;
}

TEST_F(taken, a_second_lower_is_refused_without_replace)
{
	EXPECT_EQ(-EEXIST, st_attach(self->control, self->vm1, self->d1, 0));
	EXPECT_STREQ("stabletap: The port has a lower; detach it first, or ask for replace",
		     st_msg);
	EXPECT_EQ(-EEXIST, st_link_master(self->d1, self->vm1));
	EXPECT_STREQ("stabletap: The port has a lower; detach it first, or ask for replace",
		     st_msg);
	EXPECT_EQ(self->d0, lower_of(self->control, self->vm1));
	EXPECT_EQ(self->vm1, st_link_master_of(self->d0));
	EXPECT_EQ(0, st_link_master_of(self->d1));
}

TEST_F(taken, the_same_lower_is_refused_without_replace)
{
	EXPECT_EQ(-EEXIST, st_attach(self->control, self->vm1, self->d0, 0));
	EXPECT_EQ(self->d0, lower_of(self->control, self->vm1));
}

TEST_F(taken, detaching_what_is_not_the_lower_is_refused)
{
	struct stabletap_detach detach = {
		.size = sizeof(detach), .port = self->vm1, .lower = self->d1,
	};

	EXPECT_EQ(-ESTALE, st_ioctl(self->control, STABLETAP_IOC_DETACH,
				    &detach));
	EXPECT_STREQ("stabletap: The port's lower is another device by now",
		     st_msg);
	EXPECT_EQ(self->d0, lower_of(self->control, self->vm1));
	detach.lower = self->d0;
	EXPECT_EQ(0, st_ioctl(self->control, STABLETAP_IOC_DETACH, &detach));
	EXPECT_EQ(0, lower_of(self->control, self->vm1));
}

TEST_F(taken, detaching_a_port_without_a_lower_is_refused)
{
	EXPECT_EQ(-ENOTCONN, st_detach(self->control, self->vm2));
	EXPECT_STREQ("stabletap: The port has no lower", st_msg);
}

TEST_F(taken, a_larger_mtu_than_the_lowers_is_refused)
{
	EXPECT_EQ(-EMSGSIZE, st_link_mtu(self->vm1, 1501));
	EXPECT_EQ(0, st_sh("test $(cat /sys/class/net/vm1/mtu) = 1500"));
	EXPECT_EQ(0, st_link_mtu(self->vm2, 1501));
}

/* The kernel releases it from the bridge, as it does for every master. */
TEST_F(taken, master_takes_a_member_from_its_bridge)
{
	int br0 = st_link_add("br0", "bridge", 0);

	ASSERT_EQ(0, st_link_master(self->d1, br0));
	EXPECT_EQ(0, st_link_master(self->d1, self->vm2));
	EXPECT_EQ(self->d1, lower_of(self->control, self->vm2));
	EXPECT_EQ(self->vm2, st_link_master_of(self->d1));
}

TEST_F(taken, master_takes_a_lower_from_one_port_to_another)
{
	EXPECT_EQ(0, st_link_master(self->d0, self->vm2));
	EXPECT_EQ(0, lower_of(self->control, self->vm1));
	EXPECT_EQ(self->d0, lower_of(self->control, self->vm2));
	EXPECT_EQ(self->vm2, st_link_master_of(self->d0));
}

TEST_F(taken, a_lower_that_the_other_port_refuses_is_left_without_a_master)
{
	ASSERT_EQ(0, st_link_mtu(self->vm2, 1501));
	EXPECT_EQ(-EMSGSIZE, st_link_master(self->d0, self->vm2));
	EXPECT_STREQ("stabletap: The device's MTU is below the port's", st_msg);
	EXPECT_EQ(0, st_link_master_of(self->d0));
	EXPECT_EQ(0, lower_of(self->control, self->vm1));
	EXPECT_EQ(0, lower_of(self->control, self->vm2));
	ASSERT_EQ(0, st_get(self->control, self->vm1, &self->get));
	EXPECT_EQ(STABLETAP_STATE_DETACHED, self->get.state);
	EXPECT_EQ(STABLETAP_REASON_ASKED, self->get.detach_reason);
	/* Both ports and both devices can be used again. */
	EXPECT_EQ(0, st_attach(self->control, self->vm1, self->d0, 0));
	ASSERT_EQ(0, st_link_mtu(self->vm2, 1500));
	EXPECT_EQ(0, st_attach(self->control, self->vm2, self->d1, 0));
}

/*
 * Returns -EPERM if TUNSETLINK asks the users of the device, as it does since
 * 5.11.  Returns 0 if it does not: then not even a bridge can refuse the
 * change.
 */
static int type_change_is_refused(int fd, int t0)
{
	int br0 = st_link_add("br0", "bridge", 0), err;

	if (br0 < 0)
		return br0;
	err = st_link_master(t0, br0);
	if (err)
		return err;
	err = ioctl(fd, TUNSETLINK, ARPHRD_FDDI) ? -errno : 0;
	if (!err)
		ioctl(fd, TUNSETLINK, ARPHRD_ETHER);
	return st_link_del(br0) ?: err;
}

TEST_F(taken, a_lower_stays_an_ethernet_device)
{
	int fd, err, t0 = add_tap(&fd, ARPHRD_ETHER);

	ASSERT_LT(0, t0);
	err = type_change_is_refused(fd, t0);
	if (!err)
		SKIP(return, "TUNSETLINK does not ask the device's users on this kernel");
	ASSERT_EQ(-EPERM, err);
	ASSERT_EQ(0, st_attach(self->control, self->vm2, t0, 0));
	ASSERT_EQ(0, st_link_up(t0, false));
	EXPECT_EQ(-1, ioctl(fd, TUNSETLINK, ARPHRD_FDDI));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(t0, lower_of(self->control, self->vm2));
	ASSERT_EQ(0, st_detach(self->control, self->vm2));
	EXPECT_EQ(0, ioctl(fd, TUNSETLINK, ARPHRD_FDDI));
}

TEST_F(taken, nomaster_detaches)
{
	EXPECT_EQ(0, st_link_master(self->d0, 0));
	EXPECT_EQ(0, lower_of(self->control, self->vm1));
	EXPECT_EQ(0, st_link_master_of(self->d0));
}

TEST_F(taken, a_macvlan_can_not_be_made_on_a_lower)
{
	EXPECT_EQ(-EBUSY, st_macvlan_add("mv0", self->d0, NULL, 0));
	EXPECT_EQ(self->d0, lower_of(self->control, self->vm1));
}

TEST_F(taken, a_macvlan_that_is_refused_is_not_made)
{
	EXPECT_EQ(-EEXIST, st_macvlan_add("mv1", self->d1, NULL, self->vm1));
	EXPECT_EQ(-ENODEV, st_ifindex("mv1"));
}

TEST_HARNESS_MAIN
