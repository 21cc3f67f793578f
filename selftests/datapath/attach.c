// SPDX-License-Identifier: GPL-2.0
/*
 * Attach, replace and detach: the changes to the lower and to the port, and
 * that they are undone. uapi/refuse.c tests the refusals.
 *
 *	fd -- vm1 -- mv0 (macvlan) -- v0 ==== p0 -- packet socket
 *	fd -- vm1 -- v0 ==== p0 -- packet socket	(direct)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "lists.h"
#include "scene.h"
#include "st.h"

#define OTHER_MAC	"\x52\x54\x00\x00\x0f\x01"
#define UNICAST		"\x52\x54\x00\x00\x0e\x01"
#define MULTICAST	"\x01\x00\x5e\x7f\x00\x01"

#define OPER_DORMANT	5
#define OPER_UP		6

static bool mac_is(int ifindex, const void *mac)
{
	uint8_t now[6];

	return !st_link_state(ifindex, NULL, NULL, now, NULL) &&
	       !memcmp(now, mac, 6);
}

static bool is_up(int ifindex)
{
	unsigned int flags = 0;

	return !st_link_state(ifindex, NULL, &flags, NULL, NULL) &&
	       flags & IFF_UP;
}

static int operstate(int ifindex)
{
	int state = -1;

	st_link_state(ifindex, &state, NULL, NULL, NULL);
	return state;
}

struct oper_wait {
	int ifindex;
	int state;
};

static bool oper_is(void *arg)
{
	struct oper_wait *wait = arg;

	return operstate(wait->ifindex) == wait->state;
}

static bool await_operstate(int ifindex, int state)
{
	struct oper_wait wait = { ifindex, state };

	return st_wait(oper_is, &wait, SCENE_DEADLINE);
}

/* Tests of both kinds of lower, with a variant for each kind */
FIXTURE(lower) {
	struct scene s;
};

FIXTURE_VARIANT(lower) {
	bool macvlan;
};

FIXTURE_VARIANT_ADD(lower, macvlan) {
	.macvlan = true,
};

FIXTURE_VARIANT_ADD(lower, direct) {
	.macvlan = false,
};

FIXTURE_SETUP(lower)
{
	ASSERT_EQ(0, scene_new(&self->s, variant->macvlan, 1));
	if (variant->macvlan) {
		ASSERT_EQ(0, scene_macvlan(&self->s));
		ASSERT_EQ(0, st_link_mac(self->s.mv0, (uint8_t *)OTHER_MAC));
	}
}

FIXTURE_TEARDOWN(lower)
{
	scene_end(&self->s);
}

static int attach(struct scene *s, uint32_t flags)
{
	return st_attach(s->control, s->port, s->lower, flags);
}

TEST_F(lower, a_down_lower_is_opened_and_closed_again)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, st_link_up(s->lower, false));
	ASSERT_EQ(0, attach(s, 0));
	EXPECT_TRUE(is_up(s->lower));
	EXPECT_EQ(0, scene_flows_again(s, SCENE_DEADLINE));
	ASSERT_EQ(0, st_detach(s->control, s->port));
	EXPECT_FALSE(is_up(s->lower));
}

TEST_F(lower, a_lower_that_was_up_stays_up)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, st_link_up(s->lower, true));
	ASSERT_EQ(0, st_link_master(s->lower, s->port));
	EXPECT_EQ(0, scene_flows(s));
	ASSERT_EQ(0, st_link_master(s->lower, 0));
	EXPECT_TRUE(is_up(s->lower));
}

TEST_F(lower, filter_mode_gives_the_lower_the_lists_and_takes_them_back)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, fdb_set(s->port, UNICAST, true));
	ASSERT_EQ(0, maddr_set("vm1", MULTICAST, true));
	ASSERT_EQ(0, attach(s, STABLETAP_ATTACH_FILTER));
	EXPECT_TRUE(fdb_has(s->lower, UNICAST));
	EXPECT_TRUE(fdb_has(s->lower, MULTICAST));
	EXPECT_TRUE(variant->macvlan || fdb_has(s->lower, ST_MAC_PORT));
	EXPECT_EQ(0, scene_flows_again(s, SCENE_DEADLINE));

	ASSERT_EQ(0, st_detach(s->control, s->port));
	EXPECT_TRUE(fdb_lacks(s->lower, UNICAST));
	EXPECT_TRUE(fdb_lacks(s->lower, MULTICAST));
	EXPECT_TRUE(fdb_lacks(s->lower, ST_MAC_PORT));
}

TEST_F(lower, filter_mode_follows_the_lists_while_attached)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, attach(s, STABLETAP_ATTACH_FILTER));
	EXPECT_TRUE(fdb_lacks(s->lower, UNICAST));
	ASSERT_EQ(0, fdb_set(s->port, UNICAST, true));
	EXPECT_TRUE(fdb_has(s->lower, UNICAST));
	ASSERT_EQ(0, maddr_set("vm1", MULTICAST, true));
	EXPECT_TRUE(fdb_has(s->lower, MULTICAST));
	ASSERT_EQ(0, fdb_set(s->port, UNICAST, false));
	EXPECT_TRUE(fdb_lacks(s->lower, UNICAST));
	ASSERT_EQ(0, maddr_set("vm1", MULTICAST, false));
	EXPECT_TRUE(fdb_lacks(s->lower, MULTICAST));
}

TEST_F(lower, without_filter_mode_the_lists_stay_with_the_port)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, fdb_set(s->port, UNICAST, true));
	ASSERT_EQ(0, attach(s, 0));
	ASSERT_EQ(0, maddr_set("vm1", MULTICAST, true));
	EXPECT_TRUE(fdb_lacks(s->lower, UNICAST));
	EXPECT_TRUE(fdb_lacks(s->lower, MULTICAST));
}

TEST_F(lower, replace_on_the_same_lower_changes_the_filter_mode_only)
{
	const char *name = variant->macvlan ? "mv0" : "v0";
	unsigned int mode = variant->macvlan ? IFF_ALLMULTI : IFF_PROMISC;
	struct stabletap_get before, now;
	struct scene *s = &self->s;

	ASSERT_EQ(0, fdb_set(s->port, UNICAST, true));
	ASSERT_EQ(0, attach(s, 0));
	EXPECT_EQ(mode, scene_flags(name) & (IFF_PROMISC | IFF_ALLMULTI));
	before = *scene_get(s);

	ASSERT_EQ(0, attach(s, STABLETAP_ATTACH_REPLACE |
			       STABLETAP_ATTACH_FILTER));
	EXPECT_TRUE(fdb_has(s->lower, UNICAST));
	now = *scene_get(s);
	EXPECT_EQ(STABLETAP_ATTACH_FILTER, now.attach_flags);
	now.attach_flags = before.attach_flags;
	EXPECT_EQ(0, memcmp(&before, &now, sizeof(now)));
	EXPECT_EQ(0, scene_flows_again(s, SCENE_DEADLINE));

	ASSERT_EQ(0, attach(s, STABLETAP_ATTACH_REPLACE));
	EXPECT_EQ(mode, scene_flags(name) & (IFF_PROMISC | IFF_ALLMULTI));
	EXPECT_TRUE(fdb_lacks(s->lower, UNICAST));
	EXPECT_EQ(0, scene_flows(s));
}

TEST_F(lower, the_ports_MTU_is_its_own_and_not_above_the_lowers)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, st_link_mtu(s->port, 1400));
	ASSERT_EQ(0, attach(s, 0));
	EXPECT_TRUE(scene_file_has("/sys/class/net/vm1/mtu", "1400\n"));
	EXPECT_EQ(1500, scene_get(s)->lower_mtu);
	EXPECT_EQ(-EMSGSIZE, st_link_mtu(s->port, 1501));
	EXPECT_TRUE(scene_file_has("/sys/class/net/vm1/mtu", "1400\n"));
	EXPECT_EQ(0, st_link_mtu(s->port, 1500));
	EXPECT_EQ(0, st_detach(s->control, s->port));
	EXPECT_EQ(0, st_link_mtu(s->port, 9000));
}

TEST_F(lower, a_lower_that_shrinks_below_the_ports_MTU_stays_and_is_shown_so)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, attach(s, 0));
	ASSERT_EQ(0, st_link_mtu(s->lower, 1280));
	EXPECT_EQ(s->lower, scene_get(s)->lower);
	EXPECT_EQ(1280, s->get.lower_mtu);
	EXPECT_TRUE(scene_file_has("/sys/class/net/vm1/mtu", "1500\n"));
	EXPECT_EQ(0, scene_flows_again(s, SCENE_DEADLINE));
}

TEST_F(lower, carrier_stays_and_operstate_tells_whether_there_is_a_lower)
{
	struct scene *s = &self->s;

	EXPECT_TRUE(await_operstate(s->port, OPER_DORMANT));
	EXPECT_TRUE(scene_file_has("/sys/class/net/vm1/carrier", "1"));
	EXPECT_EQ(STABLETAP_STATE_DETACHED, scene_get(s)->state);

	ASSERT_EQ(0, attach(s, 0));
	EXPECT_TRUE(await_operstate(s->port, OPER_UP));
	EXPECT_EQ(STABLETAP_STATE_ATTACHED, scene_get(s)->state);

	ASSERT_EQ(0, st_link_up(s->lower, false));
	EXPECT_TRUE(await_operstate(s->port, OPER_DORMANT));
	EXPECT_TRUE(scene_file_has("/sys/class/net/vm1/carrier", "1"));
	EXPECT_EQ(STABLETAP_STATE_LOWER_DOWN, scene_get(s)->state);
	ASSERT_EQ(0, st_link_up(s->lower, true));
	EXPECT_TRUE(await_operstate(s->port, OPER_UP));

	ASSERT_EQ(0, st_link_up(s->p0, false));
	EXPECT_TRUE(await_operstate(s->port, OPER_DORMANT));
	EXPECT_TRUE(scene_file_has("/sys/class/net/vm1/carrier", "1"));
	ASSERT_EQ(0, st_link_up(s->p0, true));
	EXPECT_TRUE(await_operstate(s->port, OPER_UP));

	ASSERT_EQ(0, st_detach(s->control, s->port));
	EXPECT_TRUE(await_operstate(s->port, OPER_DORMANT));
	EXPECT_TRUE(scene_file_has("/sys/class/net/vm1/carrier", "1"));
	EXPECT_EQ(STABLETAP_STATE_DETACHED, scene_get(s)->state);
}

TEST_F(lower, attaches_replaces_losses_and_the_last_detach_are_kept)
{
	struct scene *s = &self->s;
	uint64_t start = st_clock(CLOCK_BOOTTIME);
	int d0;

	d0 = st_link_add("d0", "dummy", 0);
	ASSERT_LT(0, d0);
	EXPECT_EQ(STABLETAP_REASON_NONE, scene_get(s)->detach_reason);
	EXPECT_EQ(0, s->get.attach_time);
	EXPECT_EQ(0, s->get.detach_time);

	ASSERT_EQ(0, attach(s, 0));
	EXPECT_EQ(1, scene_get(s)->attaches);
	EXPECT_LT(start, s->get.attach_time);
	EXPECT_EQ(s->lower, s->get.lower);
	EXPECT_EQ(variant->macvlan ? STABLETAP_LOWER_MACVLAN :
				     STABLETAP_LOWER_DIRECT,
		  s->get.lower_kind);

	start = st_clock(CLOCK_BOOTTIME);
	ASSERT_EQ(0, st_attach(s->control, s->port, d0,
			       STABLETAP_ATTACH_REPLACE));
	EXPECT_EQ(1, scene_get(s)->attaches);
	EXPECT_EQ(1, s->get.replaces);
	EXPECT_EQ(STABLETAP_REASON_REPLACED, s->get.detach_reason);
	EXPECT_STREQ(variant->macvlan ? "mv0" : "v0", s->get.last_lower);
	EXPECT_LT(start, s->get.attach_time);
	EXPECT_LT(start, s->get.detach_time);

	ASSERT_EQ(0, st_detach(s->control, s->port));
	EXPECT_EQ(STABLETAP_REASON_ASKED, scene_get(s)->detach_reason);
	EXPECT_STREQ("d0", s->get.last_lower);
	EXPECT_EQ(STABLETAP_LOWER_NONE, s->get.lower_kind);
	EXPECT_EQ(0, s->get.lower);
	EXPECT_EQ(0, s->get.losses);

	ASSERT_EQ(0, attach(s, 0));
	start = st_clock(CLOCK_BOOTTIME);
	ASSERT_EQ(0, st_link_del(s->lower));
	EXPECT_EQ(STABLETAP_REASON_LOWER_GONE, scene_get(s)->detach_reason);
	EXPECT_STREQ(variant->macvlan ? "mv0" : "v0", s->get.last_lower);
	EXPECT_LT(start, s->get.detach_time);
	EXPECT_GT(st_clock(CLOCK_BOOTTIME), s->get.detach_time);
	EXPECT_EQ(2, s->get.attaches);
	EXPECT_EQ(1, s->get.replaces);
	EXPECT_EQ(1, s->get.losses);
}

/* The values in a port's RTM_NEWLINK */
struct told {
	int port;
	bool any;
	uint32_t state;
	uint32_t lower;
	uint32_t reason;
	uint64_t losses;
	char last_lower[IFNAMSIZ];
};

static void told_info(const struct nlattr *info, struct told *told)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, info) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_STABLETAP_STATE:
			told->state = mnl_attr_get_u32(attr);
			break;
		case IFLA_STABLETAP_LOWER:
			told->lower = mnl_attr_get_u32(attr);
			break;
		case IFLA_STABLETAP_DETACH_REASON:
			told->reason = mnl_attr_get_u32(attr);
			break;
		case IFLA_STABLETAP_LOSSES:
			told->losses = mnl_attr_get_u64(attr);
			break;
		case IFLA_STABLETAP_LAST_LOWER:
			snprintf(told->last_lower, IFNAMSIZ, "%s",
				 mnl_attr_get_str(attr));
			break;
		}
	}
}

static int told_cb(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *ifm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr, *info;
	struct told *told = data;

	if (nlh->nlmsg_type != RTM_NEWLINK || ifm->ifi_index != told->port)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*ifm)) {
		if (mnl_attr_get_type(attr) != IFLA_LINKINFO)
			continue;
		mnl_attr_for_each_nested(info, attr)
			if (mnl_attr_get_type(info) == IFLA_INFO_DATA)
				told_info(info, told);
		told->any = true;
	}
	return MNL_CB_OK;
}

static struct mnl_socket *listener_new(void)
{
	struct mnl_socket *nl = mnl_socket_open(NETLINK_ROUTE);

	if (nl && mnl_socket_bind(nl, RTMGRP_LINK, MNL_SOCKET_AUTOPID) < 0)
		return NULL;
	return nl;
}

/* Read notifications until one reports this state of the port. */
static bool listener_await(struct mnl_socket *nl, struct told *told,
			   uint32_t state)
{
	char buf[32768] __attribute__((aligned(8)));
	int len;

	told->any = false;
	while (!told->any || told->state != state) {
		if (st_readable(mnl_socket_get_fd(nl), SCENE_DEADLINE) != 1)
			return false;
		len = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (len < 0)
			return false;
		mnl_cb_run(buf, len, 0, 0, told_cb, told);
	}
	return true;
}

TEST_F(lower, rtnetlink_tells_of_attach_and_of_loss)
{
	struct scene *s = &self->s;
	struct told told = { .port = s->port };
	struct mnl_socket *nl = listener_new();

	ASSERT_NE(NULL, nl);
	ASSERT_EQ(0, attach(s, 0));
	ASSERT_TRUE(listener_await(nl, &told, STABLETAP_STATE_ATTACHED));
	EXPECT_EQ(s->lower, told.lower);

	ASSERT_EQ(0, st_link_up(s->p0, false));
	ASSERT_TRUE(listener_await(nl, &told, STABLETAP_STATE_LOWER_DOWN));

	ASSERT_EQ(0, st_link_del(s->lower));
	ASSERT_TRUE(listener_await(nl, &told, STABLETAP_STATE_DETACHED));
	EXPECT_EQ(0, told.lower);
	EXPECT_EQ(STABLETAP_REASON_LOWER_GONE, told.reason);
	EXPECT_EQ(1, told.losses);
	EXPECT_STREQ(variant->macvlan ? "mv0" : "v0", told.last_lower);
	mnl_socket_close(nl);
}

TEST_F(lower, a_lower_that_goes_to_another_namespace_is_detached_as_it_was)
{
	const char *name = variant->macvlan ? "mv0" : "v0";
	struct scene *s = &self->s;
	int here = st_netns_fd(), there = st_netns_another(), lower;
	uint8_t mac[6];

	ASSERT_LE(0, there);
	ASSERT_EQ(0, st_link_state(s->lower, NULL, NULL, mac, NULL));
	ASSERT_EQ(0, attach(s, 0));
	ASSERT_EQ(0, st_link_netns(s->lower, there));
	EXPECT_EQ(STABLETAP_REASON_LOWER_MOVED, scene_get(s)->detach_reason);
	EXPECT_EQ(STABLETAP_STATE_DETACHED, s->get.state);
	EXPECT_STREQ(name, s->get.last_lower);
	EXPECT_EQ(1, s->get.losses);

	ASSERT_EQ(0, st_netns_enter(there));
	lower = st_ifindex(name);
	EXPECT_TRUE(mac_is(lower, mac));
	/*
	 * IFF_SLAVE is cleared too: the flag of a lower must not stay visible.
	 */
	ASSERT_EQ(0, st_link_netns(lower, here));
	ASSERT_EQ(0, st_netns_enter(here));
	EXPECT_EQ(0, scene_flags(name) & (IFF_PROMISC | IFF_ALLMULTI));

	s->lower = st_ifindex(name);
	ASSERT_EQ(0, attach(s, 0));
	EXPECT_EQ(0, scene_flows_again(s, SCENE_DEADLINE));
}

TEST_F(lower, a_port_that_goes_to_another_namespace_is_detached_and_down)
{
	struct scene *s = &self->s;
	int here = st_netns_fd(), there = st_netns_another(), control;
	struct stabletap_get get;
	uint8_t mac[6];

	ASSERT_LE(0, there);
	ASSERT_EQ(0, st_link_state(s->lower, NULL, NULL, mac, NULL));
	ASSERT_EQ(0, attach(s, 0));
	ASSERT_EQ(0, st_link_netns(s->port, there));
	EXPECT_TRUE(mac_is(s->lower, mac));
	EXPECT_EQ(0, scene_flags(variant->macvlan ? "mv0" : "v0") &
		     (IFF_PROMISC | IFF_ALLMULTI));

	ASSERT_EQ(0, st_netns_enter(there));
	control = st_control_open();
	ASSERT_LE(0, control);
	ASSERT_EQ(0, st_get(control, st_ifindex("vm1"), &get));
	EXPECT_EQ(STABLETAP_REASON_PORT_MOVED, get.detach_reason);
	EXPECT_EQ(STABLETAP_STATE_DETACHED, get.state);
	EXPECT_STREQ(variant->macvlan ? "mv0" : "v0", get.last_lower);
	EXPECT_EQ(0, get.losses);
	EXPECT_EQ(1, get.open_queues);
	EXPECT_FALSE(is_up(get.port));
	/* The port works again after it was moved back, set up and attached. */
	ASSERT_EQ(0, st_link_netns(get.port, here));
	ASSERT_EQ(0, st_netns_enter(here));
	s->port = st_ifindex("vm1");
	ASSERT_EQ(0, st_link_up(s->port, true));
	ASSERT_EQ(0, attach(s, 0));
	EXPECT_EQ(0, scene_flows_again(s, SCENE_DEADLINE));
	close(control);
}

FIXTURE(macvlan) {
	struct scene s;
};

FIXTURE_SETUP(macvlan)
{
	ASSERT_EQ(0, scene_new(&self->s, true, 1));
	ASSERT_EQ(0, scene_macvlan(&self->s));
	ASSERT_EQ(0, st_link_mac(self->s.mv0, (uint8_t *)OTHER_MAC));
	ASSERT_EQ(0, attach(&self->s, 0));
}

FIXTURE_TEARDOWN(macvlan)
{
	scene_end(&self->s);
}

TEST_F(macvlan, it_has_the_ports_MAC_and_gets_its_own_back)
{
	struct scene *s = &self->s;

	EXPECT_TRUE(mac_is(s->mv0, ST_MAC_PORT));
	EXPECT_EQ(0, scene_flows(s));
	ASSERT_EQ(0, st_detach(s->control, s->port));
	EXPECT_TRUE(mac_is(s->mv0, OTHER_MAC));
	EXPECT_TRUE(mac_is(s->port, ST_MAC_PORT));
}

TEST_F(macvlan, its_MAC_can_not_be_changed_from_outside)
{
	struct scene *s = &self->s;

	EXPECT_EQ(-EBUSY, st_link_mac(s->mv0, (uint8_t *)UNICAST));
	EXPECT_STREQ("stabletap: The macvlan is the lower of a port and must have the port's MAC address; change the port's instead",
		     st_msg);
	EXPECT_TRUE(mac_is(s->mv0, ST_MAC_PORT));
	EXPECT_EQ(0, st_link_mac(s->mv0, (uint8_t *)ST_MAC_PORT));
	EXPECT_EQ(0, scene_flows(s));
	ASSERT_EQ(0, st_detach(s->control, s->port));
	EXPECT_EQ(0, st_link_mac(s->mv0, (uint8_t *)UNICAST));
}

TEST_F(macvlan, a_change_of_the_ports_MAC_reaches_it)
{
	uint8_t frame[100];
	struct scene *s = &self->s;

	ASSERT_EQ(0, st_link_mac(s->port, (uint8_t *)UNICAST));
	EXPECT_TRUE(mac_is(s->port, UNICAST));
	EXPECT_TRUE(mac_is(s->mv0, UNICAST));
	st_frame(frame, sizeof(frame), UNICAST, ST_MAC_PEER, 77);
	ASSERT_EQ(100, st_packet_send(s->peer, s->p0, frame, sizeof(frame)));
	EXPECT_EQ(0, scene_await_fd(s, 77, SCENE_DEADLINE));
	ASSERT_EQ(0, st_detach(s->control, s->port));
	EXPECT_TRUE(mac_is(s->mv0, OTHER_MAC));
}

TEST_F(macvlan, if_it_refuses_the_MAC_the_port_keeps_its_own)
{
	struct scene *s = &self->s;
	int mv1;

	mv1 = st_macvlan_add("mv1", s->v0, (uint8_t *)UNICAST, 0);
	ASSERT_LT(0, mv1);
	ASSERT_EQ(0, st_link_up(mv1, true));
	EXPECT_EQ(-EADDRINUSE, st_link_mac(s->port, (uint8_t *)UNICAST));
	EXPECT_TRUE(mac_is(s->port, ST_MAC_PORT));
	EXPECT_TRUE(mac_is(s->mv0, ST_MAC_PORT));
	EXPECT_EQ(0, scene_flows(s));
}

#define GROUPS 8

/*
 * Send a multicast frame to each of several groups, then a broadcast.  The
 * macvlan queues both kinds in one queue, so the broadcast arrives last.
 * Returns the number of frames that arrived before it.
 */
static int multicasts_received(struct scene *s)
{
	uint8_t frame[256], mac[6];
	uint64_t before;
	int64_t number;
	int i, count;

	before = SCENE_STAT(s, rx_multicast);
	memcpy(mac, MULTICAST, 6);
	for (i = 0; i <= GROUPS; i++) {
		mac[5] = i;
		st_frame(frame, 100, i < GROUPS ? mac :
			 (uint8_t *)ST_BROADCAST, ST_MAC_PEER, 500 + i);
		if (st_packet_send(s->peer, s->p0, frame, 100) < 0)
			return -EIO;
	}
	for (count = 0, number = 0; number != 500 + GROUPS; count++) {
		if (st_readable(s->fd, SCENE_DEADLINE) != 1)
			return -ETIMEDOUT;
		number = st_frame_number(frame, st_fd_read(s->fd, frame,
							   sizeof(frame)));
	}
	/* A frame is counted just after it can be read. */
	if (!SCENE_AWAIT(s, rx_multicast, before + count))
		return -EBADMSG;
	return count - 1;
}

TEST_F(macvlan, it_takes_in_every_multicast_frame_by_default)
{
	struct scene *s = &self->s;

	EXPECT_EQ(IFF_ALLMULTI, scene_flags("mv0") &
				(IFF_ALLMULTI | IFF_PROMISC));
	EXPECT_EQ(GROUPS, multicasts_received(s));
	ASSERT_EQ(0, st_detach(s->control, s->port));
	EXPECT_EQ(0, scene_flags("mv0") & (IFF_ALLMULTI | IFF_PROMISC));
}

TEST_F(macvlan, in_filter_mode_it_takes_in_the_ports_groups_only)
{
	struct scene *s = &self->s;
	uint8_t mac[6];
	int few, i;

	ASSERT_EQ(0, attach(s, STABLETAP_ATTACH_REPLACE |
			       STABLETAP_ATTACH_FILTER));
	/* A macvlan filters by a hash, so some other groups may pass. */
	few = multicasts_received(s);
	EXPECT_LE(0, few);
	EXPECT_LT(few, GROUPS / 2);
	memcpy(mac, MULTICAST, 6);
	for (i = 0; i < GROUPS; i++) {
		mac[5] = i;
		ASSERT_EQ(0, maddr_set("vm1", mac, true));
	}
	EXPECT_EQ(GROUPS, multicasts_received(s));
}

FIXTURE(direct) {
	struct scene s;
	uint8_t mac[6];
};

FIXTURE_SETUP(direct)
{
	ASSERT_EQ(0, scene_new(&self->s, false, 1));
	ASSERT_EQ(0, st_link_state(self->s.v0, NULL, NULL, self->mac, NULL));
	ASSERT_EQ(0, attach(&self->s, 0));
}

FIXTURE_TEARDOWN(direct)
{
	scene_end(&self->s);
}

TEST_F(direct, it_keeps_its_MAC_and_is_promiscuous_while_attached)
{
	struct scene *s = &self->s;

	EXPECT_TRUE(mac_is(s->v0, self->mac));
	EXPECT_EQ(IFF_PROMISC, scene_flags("v0") &
			       (IFF_PROMISC | IFF_ALLMULTI));
	EXPECT_EQ(STABLETAP_ATTACH_PROMISC, scene_get(s)->attach_flags);
	EXPECT_EQ(0, scene_flows(s));
	ASSERT_EQ(0, st_detach(s->control, s->port));
	EXPECT_EQ(0, scene_flags("v0") & (IFF_PROMISC | IFF_ALLMULTI));
	EXPECT_TRUE(mac_is(s->v0, self->mac));
}

TEST_F(direct, its_own_MAC_may_be_changed)
{
	struct scene *s = &self->s;

	EXPECT_EQ(0, st_link_mac(s->v0, (uint8_t *)OTHER_MAC));
	EXPECT_TRUE(mac_is(s->port, ST_MAC_PORT));
	ASSERT_EQ(0, st_detach(s->control, s->port));
	EXPECT_TRUE(mac_is(s->v0, OTHER_MAC));
}

TEST_F(direct, in_filter_mode_it_has_the_ports_MAC_on_its_list)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, attach(s, STABLETAP_ATTACH_REPLACE |
			       STABLETAP_ATTACH_FILTER));
	EXPECT_TRUE(fdb_has(s->v0, ST_MAC_PORT));
	ASSERT_EQ(0, st_link_mac(s->port, (uint8_t *)UNICAST));
	EXPECT_TRUE(fdb_has(s->v0, UNICAST));
	EXPECT_TRUE(fdb_lacks(s->v0, ST_MAC_PORT));
	ASSERT_EQ(0, st_detach(s->control, s->port));
	EXPECT_TRUE(fdb_lacks(s->v0, UNICAST));
}

/*
 * The lower is a VLAN, which has a unicast filter.  A veth has none, and
 * becomes promiscuous when an address is added.
 */
FIXTURE(filter) {
	struct scene s;
};

FIXTURE_SETUP(filter)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, scene_new(s, false, 1));
	ASSERT_EQ(0, st_sh("ip link add v0.7 link v0 type vlan id 7"));
	s->lower = st_ifindex("v0.7");
	ASSERT_EQ(0, attach(s, STABLETAP_ATTACH_FILTER));
}

FIXTURE_TEARDOWN(filter)
{
	scene_end(&self->s);
}

TEST_F(filter, the_lower_is_neither_promiscuous_nor_allmulti)
{
	struct scene *s = &self->s;

	EXPECT_EQ(STABLETAP_ATTACH_FILTER, scene_get(s)->attach_flags);
	EXPECT_EQ(0, scene_flags("v0.7") & (IFF_PROMISC | IFF_ALLMULTI));
	ASSERT_EQ(0, attach(s, STABLETAP_ATTACH_REPLACE |
			       STABLETAP_ATTACH_PROMISC));
	EXPECT_EQ(IFF_PROMISC, scene_flags("v0.7") &
			       (IFF_PROMISC | IFF_ALLMULTI));
	ASSERT_EQ(0, attach(s, STABLETAP_ATTACH_REPLACE |
			       STABLETAP_ATTACH_FILTER));
	EXPECT_EQ(0, scene_flags("v0.7") & (IFF_PROMISC | IFF_ALLMULTI));
}

TEST_F(filter, promiscuity_of_the_port_is_passed_down)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, st_sh("ip link set vm1 promisc on"));
	EXPECT_EQ(IFF_PROMISC, scene_flags("v0.7") & IFF_PROMISC);
	ASSERT_EQ(0, st_detach(s->control, s->port));
	EXPECT_EQ(0, scene_flags("v0.7") & IFF_PROMISC);
	ASSERT_EQ(0, attach(s, STABLETAP_ATTACH_FILTER));
	EXPECT_EQ(IFF_PROMISC, scene_flags("v0.7") & IFF_PROMISC);
	ASSERT_EQ(0, st_sh("ip link set vm1 promisc off"));
	EXPECT_EQ(0, scene_flags("v0.7") & IFF_PROMISC);
}

/* Replaces v0, used directly, by a second veth. */
FIXTURE(replace) {
	struct scene s;
	int v1;
	int p1;
	int peer1;
	struct stabletap_get before;
};

FIXTURE_SETUP(replace)
{
	ASSERT_EQ(0, scene_new(&self->s, false, 1));
	ASSERT_EQ(0, attach(&self->s, 0));
	ASSERT_EQ(0, st_veth_add("v1", "p1", -1));
	self->v1 = st_ifindex("v1");
	self->p1 = st_ifindex("p1");
	ASSERT_TRUE(st_wait_up(self->v1, SCENE_DEADLINE));
	ASSERT_TRUE(st_wait_up(self->p1, SCENE_DEADLINE));
	self->peer1 = st_packet_open(self->p1, false);
	self->before = *scene_get(&self->s);
}

FIXTURE_TEARDOWN(replace)
{
	close(self->peer1);
	scene_end(&self->s);
}

/*
 * Check that the old attachment is unchanged in every field, and carries
 * frames.
 */
static void is_untouched(struct __test_metadata *_metadata,
			 FIXTURE_DATA(replace) *self)
{
	struct scene *s = &self->s;

	EXPECT_EQ(0, memcmp(&self->before, scene_get(s), sizeof(s->get)));
	EXPECT_EQ(IFF_PROMISC, scene_flags("v0") & IFF_PROMISC);
	EXPECT_EQ(0, scene_flows(s));
	EXPECT_EQ(0, st_readable(self->peer1, 0));
}

TEST_F(replace, a_refusal_leaves_the_old_lower_untouched)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, st_link_mtu(self->v1, 1400));
	EXPECT_EQ(-EMSGSIZE, st_attach(s->control, s->port, self->v1,
				       STABLETAP_ATTACH_REPLACE));
	EXPECT_EQ(0, scene_flags("v1") & IFF_PROMISC);
	is_untouched(_metadata, self);
}

TEST_F(replace, a_failure_midway_leaves_the_old_lower_untouched)
{
	struct scene *s = &self->s;
	int mv1, mv2, master = 0;

	/*
	 * While mv2 is down it can get the port's MAC address, but then it
	 * can't be opened.
	 */
	mv1 = st_macvlan_add("mv1", self->v1, (uint8_t *)ST_MAC_PORT, 0);
	ASSERT_LT(0, mv1);
	ASSERT_EQ(0, st_link_up(mv1, true));
	mv2 = st_macvlan_add("mv2", self->v1, (uint8_t *)OTHER_MAC, 0);
	ASSERT_LT(0, mv2);
	EXPECT_EQ(-EADDRINUSE, st_attach(s->control, s->port, mv2,
					 STABLETAP_ATTACH_REPLACE));
	EXPECT_STREQ("stabletap: Another macvlan on the same parent has the port's MAC address",
		     st_msg);
	EXPECT_FALSE(is_up(mv2));
	EXPECT_TRUE(mac_is(mv2, OTHER_MAC));
	ASSERT_EQ(0, st_link_state(mv2, NULL, NULL, NULL, &master));
	EXPECT_EQ(0, master);
	EXPECT_EQ(0, scene_flags("mv2") & IFF_ALLMULTI);
	is_untouched(_metadata, self);
}

TEST_F(replace, both_directions_switch_and_the_old_lower_is_put_back)
{
	struct scene *s = &self->s;
	uint8_t frame[100];

	ASSERT_EQ(0, st_attach(s->control, s->port, self->v1,
			       STABLETAP_ATTACH_REPLACE));
	EXPECT_EQ(0, scene_flags("v0") & IFF_PROMISC);
	EXPECT_EQ(IFF_PROMISC, scene_flags("v1") & IFF_PROMISC);

	ASSERT_EQ(0, scene_write(s));
	EXPECT_EQ(1, st_readable(self->peer1, SCENE_DEADLINE));
	EXPECT_EQ(0, st_readable(s->peer, 0));

	/* A broadcast that reaches both lowers is delivered once. */
	st_frame(frame, sizeof(frame), ST_BROADCAST, ST_MAC_PEER, 60);
	ASSERT_EQ(100, st_packet_send(s->peer, s->p0, frame, 100));
	ASSERT_EQ(100, st_packet_send(self->peer1, self->p1, frame, 100));
	EXPECT_EQ(0, scene_await_fd(s, 60, SCENE_DEADLINE));
	EXPECT_TRUE(SCENE_AWAIT(s, rx_packets, 1));
	EXPECT_EQ(STABLETAP_STATE_ATTACHED, scene_get(s)->state);
	EXPECT_EQ(self->v1, s->get.lower);
}

TEST_F(replace, to_a_macvlan_and_back_switches_kind_and_MAC)
{
	struct scene *s = &self->s;
	int mv1;

	mv1 = st_macvlan_add("mv1", self->v1, (uint8_t *)OTHER_MAC, 0);
	ASSERT_LT(0, mv1);
	ASSERT_EQ(0, st_attach(s->control, s->port, mv1,
			       STABLETAP_ATTACH_REPLACE));
	EXPECT_EQ(STABLETAP_LOWER_MACVLAN, scene_get(s)->lower_kind);
	EXPECT_TRUE(mac_is(mv1, ST_MAC_PORT));
	ASSERT_EQ(0, scene_write(s));
	EXPECT_EQ(1, st_readable(self->peer1, SCENE_DEADLINE));
	ASSERT_EQ(0, attach(s, STABLETAP_ATTACH_REPLACE));
	EXPECT_TRUE(mac_is(mv1, OTHER_MAC));
	EXPECT_FALSE(is_up(mv1));
	EXPECT_EQ(0, scene_flows(s));
}

/*
 * Other kinds of direct lowers, each with the scene's p0 at its far end.
 *
 *	fd -- vm1 -- KIND -- v0 ==== p0 -- packet socket
 */
FIXTURE(kind) {
	struct scene s;
	int lower;
};

FIXTURE_VARIANT(kind) {
	const char *name;
	const char *make;
};

FIXTURE_VARIANT_ADD(kind, bond) {
	.name = "bond0",
	.make = "ip link add bond0 type bond mode active-backup miimon 10 && "
		"ip link set v0 down && ip link set v0 master bond0 && "
		"ip link set bond0 up",
};

FIXTURE_VARIANT_ADD(kind, bridge) {
	.name = "br0",
	.make = "ip link add br0 type bridge forward_delay 0 && "
		"ip link set v0 master br0 && ip link set br0 up",
};

FIXTURE_VARIANT_ADD(kind, macvlan_passthru) {
	.name = "mp0",
	.make = "ip link add mp0 link v0 type macvlan mode passthru && "
		"ip link set mp0 up",
};

FIXTURE_SETUP(kind)
{
	ASSERT_EQ(0, scene_new(&self->s, false, 1));
	ASSERT_EQ(0, st_sh("%s", variant->make));
	self->lower = st_ifindex(variant->name);
	ASSERT_LT(0, self->lower);
	ASSERT_TRUE(st_wait_up(self->lower, SCENE_DEADLINE));
}

FIXTURE_TEARDOWN(kind)
{
	scene_end(&self->s);
}

TEST_F(kind, it_carries_frames_both_ways_and_its_loss_is_survived)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, st_attach(s->control, s->port, self->lower, 0)) {
		TH_LOG("%s", st_msg);
	}
	EXPECT_EQ(0, scene_flows_again(s, SCENE_DEADLINE));
	ASSERT_EQ(0, st_link_del(self->lower));
	EXPECT_EQ(STABLETAP_REASON_LOWER_GONE, scene_get(s)->detach_reason);
	EXPECT_EQ(0, scene_write(s));
	EXPECT_EQ(0, s->get.lower);
}

TEST_F(kind, what_happens_to_it_changes_nothing_of_the_port)
{
	static const char tell[] = "ip -d link show vm1 | tail -n +3 && "
		"ethtool -k vm1";
	struct scene *s = &self->s;

	ASSERT_EQ(0, st_sh("ip link set %s down", variant->name));
	ASSERT_EQ(0, st_attach(s->control, s->port, self->lower, 0));
	ASSERT_EQ(0, st_sh("{ %s; } >/run/before", tell));
	ASSERT_EQ(0, st_sh("ip link set %s down", variant->name));
	ASSERT_EQ(0, st_sh("ip link set %s up", variant->name));
	/* A macvlan refuses the change of sg. */
	ASSERT_EQ(0, st_sh("for s in off on; do "
			   "ethtool -K %s sg $s || :; ethtool -K v0 tx $s; "
			   "done >/dev/null 2>&1", variant->name));
	EXPECT_EQ(0, st_sh("{ %s; } | diff /run/before -", tell));
	EXPECT_EQ(0, scene_flows_again(s, SCENE_DEADLINE));
}

FIXTURE(vlan) {
	struct scene s;
};

FIXTURE_SETUP(vlan)
{
	ASSERT_EQ(0, scene_new(&self->s, false, 1));
}

FIXTURE_TEARDOWN(vlan)
{
	scene_end(&self->s);
}

TEST_F(vlan, a_VLAN_device_as_lower_tags_and_untags)
{
	struct scene *s = &self->s;
	int peer, p0 = s->p0;

	ASSERT_EQ(0, st_sh("ip link add v0.7 link v0 type vlan id 7 && "
			   "ip link add p0.7 link p0 type vlan id 7 && "
			   "ip link set v0.7 up && ip link set p0.7 up"));
	ASSERT_EQ(0, st_attach(s->control, s->port, st_ifindex("v0.7"), 0));
	ASSERT_TRUE(st_wait_up(st_ifindex("p0.7"), SCENE_DEADLINE));
	ASSERT_TRUE(st_wait_up(st_ifindex("v0.7"), SCENE_DEADLINE));
	peer = s->peer;
	s->p0 = st_ifindex("p0.7");
	s->peer = st_packet_open(s->p0, false);
	ASSERT_LE(0, s->peer);
	EXPECT_EQ(0, scene_flows(s));
	close(s->peer);
	s->peer = peer;
	s->p0 = p0;
}

/* The tag of the VLAN on the port must be in the frame when v0.7 adds its own. */
TEST_F(vlan, a_VLAN_device_as_lower_keeps_the_tag_of_a_VLAN_on_the_port)
{
	struct scene *s = &self->s;
	uint8_t frame[100];
	int from, to;

	ASSERT_EQ(0, st_sh("ip link add v0.7 up link v0 type vlan id 7 && "
			   "ip link add p0.7 up link p0 type vlan id 7 && "
			   "ip link add p0.7.5 up link p0.7 type vlan id 5 && "
			   "ip link add vm1.5 up link vm1 type vlan id 5"));
	ASSERT_EQ(0, st_attach(s->control, s->port, st_ifindex("v0.7"), 0));
	ASSERT_TRUE(st_wait_up(st_ifindex("p0.7.5"), SCENE_DEADLINE));
	ASSERT_TRUE(st_wait_up(st_ifindex("v0.7"), SCENE_DEADLINE));
	from = st_packet_open(st_ifindex("vm1.5"), false);
	to = st_packet_open(st_ifindex("p0.7.5"), false);
	ASSERT_LE(0, from);
	ASSERT_LE(0, to);
	st_frame(frame, sizeof(frame), ST_MAC_PEER, ST_MAC_PORT, 7);
	ASSERT_EQ(sizeof(frame), st_packet_send(from, st_ifindex("vm1.5"),
						frame, sizeof(frame)));
	ASSERT_EQ(1, st_readable(to, SCENE_DEADLINE));
	ASSERT_EQ(sizeof(frame), recv(to, frame, sizeof(frame), 0));
	EXPECT_EQ(7, st_frame_number(frame, sizeof(frame)));
	close(from);
	close(to);
	ASSERT_EQ(0, st_sh("ip link del vm1.5"));
}

TEST_F(vlan, a_dummy_as_lower_takes_frames)
{
	struct scene *s = &self->s;
	int d0 = st_link_add("d0", "dummy", 0);

	ASSERT_LT(0, d0);
	ASSERT_EQ(0, st_link_master(d0, s->port));
	ASSERT_EQ(0, scene_write(s));
	EXPECT_EQ(1, SCENE_STAT(s, tx_packets));
	EXPECT_TRUE(scene_file_has("/sys/class/net/d0/statistics/tx_packets",
				   "1\n"));
}

/*
 * IPv6 is on, and a second macvlan, "witness", uses it.  When the witness has
 * finished duplicate address detection and solicits routers, the port and the
 * child would have done so too if they used IPv6.
 *
 *	fd -- vm1 -- mv0 --+-- v0 ==== p0 -- packet socket, all frames
 *	           witness-+
 */
FIXTURE(ipv6) {
	struct scene s;
	int all;
};

FIXTURE_SETUP(ipv6)
{
	ASSERT_EQ(0, scene_new(&self->s, true, 1));
	self->all = st_packet_open(self->s.p0, true);
	ASSERT_LE(0, self->all);
	ASSERT_EQ(0, scene_file_write("/proc/sys/net/ipv6/conf/default/disable_ipv6",
				      "0"));
}

FIXTURE_TEARDOWN(ipv6)
{
	close(self->all);
	scene_end(&self->s);
}

#define WITNESS_MAC "\x52\x54\x00\x00\x0c\x01"

/*
 * Read the frames at p0 until the witness solicits routers, which it does after
 * duplicate address detection.  Returns the number of IPv6 frames from @mac.
 */
static int ipv6_frames_until_witness(int all, const void *mac)
{
	uint64_t deadline = st_now() + ST_DEADLINE * 1000000ULL;
	uint8_t frame[2048];
	int count = 0;
	ssize_t len;

	while (st_now() < deadline) {
		if (st_readable(all, 1000) != 1)
			continue;
		len = read(all, frame, sizeof(frame));
		if (len < 14 + 41 || frame[12] != 0x86 || frame[13] != 0xdd)
			continue;
		if (!memcmp(frame + 6, mac, 6))
			count++;
		if (!memcmp(frame + 6, WITNESS_MAC, 6) &&
		    frame[14 + 6] == IPPROTO_ICMPV6 && frame[14 + 40] == 133)
			return count;
	}
	return -ETIMEDOUT;
}

static int witness_up(struct scene *s)
{
	int witness = st_macvlan_add("witness", s->v0,
				     (uint8_t *)WITNESS_MAC, 0);

	return witness < 0 ? witness : st_link_up(witness, true);
}

static bool has_ipv6(const char *device)
{
	char text[IFNAMSIZ + 2];

	snprintf(text, sizeof(text), " %s\n", device);
	return scene_file_has("/proc/net/if_inet6", text);
}

TEST_F(ipv6, the_host_has_none_on_port_and_child)
{
	struct scene *s = &self->s;

	/*
	 * Set the port up with IPv6 allowed, and create a child as the tools
	 * do.
	 */
	ASSERT_EQ(0, st_sh("sysctl -qw net.ipv6.conf.vm1.disable_ipv6=0"));
	ASSERT_EQ(0, st_link_up(s->port, false));
	ASSERT_EQ(0, st_link_up(s->port, true));
	ASSERT_LT(0, st_macvlan_add("mv0", s->v0, (uint8_t *)ST_MAC_PORT,
				    s->port));
	ASSERT_EQ(0, witness_up(s));
	EXPECT_EQ(0, ipv6_frames_until_witness(self->all, ST_MAC_PORT));
	EXPECT_FALSE(has_ipv6("vm1"));
	EXPECT_FALSE(has_ipv6("mv0"));
	EXPECT_TRUE(has_ipv6("witness"));
}

TEST_F(ipv6, the_host_has_none_after_a_move_to_another_namespace_and_back)
{
	struct scene *s = &self->s;
	int here = st_netns_fd(), there = st_netns_another();

	ASSERT_EQ(0, st_link_netns(s->port, there));
	ASSERT_EQ(0, st_netns_enter(there));
	ASSERT_EQ(0, st_link_up(st_ifindex("vm1"), true));
	EXPECT_FALSE(has_ipv6("vm1"));
	ASSERT_EQ(0, st_link_netns(st_ifindex("vm1"), here));
	ASSERT_EQ(0, st_netns_enter(here));
	s->port = st_ifindex("vm1");
	ASSERT_EQ(0, st_link_up(s->port, true));

	ASSERT_EQ(0, scene_macvlan(s));
	ASSERT_EQ(0, attach(s, 0));
	ASSERT_EQ(0, st_link_netns(s->mv0, there));
	ASSERT_EQ(0, st_netns_enter(there));
	ASSERT_EQ(0, st_link_netns(st_ifindex("mv0"), here));
	ASSERT_EQ(0, st_netns_enter(here));
	s->lower = st_ifindex("mv0");
	ASSERT_EQ(0, attach(s, 0));

	ASSERT_EQ(0, witness_up(s));
	EXPECT_EQ(0, ipv6_frames_until_witness(self->all, ST_MAC_PORT));
	EXPECT_FALSE(has_ipv6("vm1"));
	EXPECT_FALSE(has_ipv6("mv0"));
}

TEST_HARNESS_MAIN
