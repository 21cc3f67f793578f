// SPDX-License-Identifier: GPL-2.0
/*
 * The rtnetlink interface: which attributes of link kind "stabletap" are
 * accepted, refused and reported; and the port's node, which is created with
 * the port.
 *
 *	ip link add vm1 type stabletap
 *	fd -- vm1 -- d0 (dummy), or mv0 (macvlan) -- d0
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "st.h"

/* Create a port with one attribute of any length, or change port @ifindex */
static int newlink(const char *name, int ifindex, int type, const void *value,
		   size_t len)
{
	char buf[1024] = {};
	struct nlmsghdr *nlh;
	struct st_kind kind;

	nlh = name ? st_newlink_msg(buf, name) :
	      st_link_msg(buf, RTM_NEWLINK, 0, ifindex);
	kind = st_kind_start(nlh, STABLETAP_KIND);
	mnl_attr_put(nlh, type, len, value);
	st_kind_end(nlh, kind);
	return st_talk(nlh, NULL, NULL);
}

/* Create a port with one general link attribute */
static int newlink_with(const char *name, int type, const void *value,
			size_t len)
{
	char buf[1024] = {};
	struct nlmsghdr *nlh = st_newlink_msg(buf, name);
	struct nlattr *info;

	mnl_attr_put(nlh, type, len, value);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, STABLETAP_KIND);
	mnl_attr_nest_end(nlh, info);
	return st_talk(nlh, NULL, NULL);
}

/* Create a port in another namespace, on a lower there */
static int newlink_there(const char *name, int netns, __u32 lower)
{
	char buf[1024] = {};
	struct nlmsghdr *nlh = st_newlink_msg(buf, name);
	struct st_kind kind;

	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, netns);
	kind = st_kind_start(nlh, STABLETAP_KIND);
	mnl_attr_put_u32(nlh, IFLA_STABLETAP_LOWER, lower);
	st_kind_end(nlh, kind);
	return st_talk(nlh, NULL, NULL);
}

FIXTURE(link) {
	int control;
	struct st_told told;
	struct stabletap_get get;
};

FIXTURE_SETUP(link)
{
	ASSERT_EQ(0, st_netns_new());
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
}

FIXTURE_TEARDOWN(link)
{
	close(self->control);
}

TEST_F(link, a_port_is_created_with_the_defaults)
{
	int vm1 = st_link_add("vm1", STABLETAP_KIND, 0);

	ASSERT_LT(0, vm1);
	ASSERT_EQ(0, st_told(vm1, &self->told));
	EXPECT_EQ(vm1, self->told.ifindex);
	EXPECT_EQ(1, self->told.value[IFLA_STABLETAP_QUEUES]);
	EXPECT_EQ(0, self->told.value[IFLA_STABLETAP_OWNER]);
	EXPECT_EQ(0, self->told.value[IFLA_STABLETAP_GROUP]);
	EXPECT_EQ(0600, self->told.value[IFLA_STABLETAP_PERM]);
	EXPECT_EQ(0, self->told.value[IFLA_STABLETAP_ON_DETACH]);
	EXPECT_EQ(STABLETAP_STATE_DETACHED,
		  self->told.value[IFLA_STABLETAP_STATE]);
	EXPECT_EQ(0, st_sh("test $(cat /sys/class/net/vm1/addr_assign_type) = 1"));
}

TEST_F(link, every_attribute_is_reported)
{
	int type;

	ASSERT_LT(0, st_link_add("vm1", STABLETAP_KIND, 0));
	ASSERT_EQ(0, st_told(st_ifindex("vm1"), &self->told));
	for (type = 1; type <= IFLA_STABLETAP_MAX; type++)
		EXPECT_EQ(type != IFLA_STABLETAP_PAD, self->told.seen[type]) {
			TH_LOG("attribute %d", type);
		}
}

TEST_F(link, both_interfaces_report_what_was_set)
{
	static const struct {
		int type;
		__u32 value;
	} given[] = {
		{ IFLA_STABLETAP_QUEUES, 256 },
		{ IFLA_STABLETAP_OWNER, 1001 },
		{ IFLA_STABLETAP_GROUP, 1002 },
		{ IFLA_STABLETAP_PERM, 0660 },
		{ IFLA_STABLETAP_ON_DETACH, STABLETAP_ON_DETACH_DROP },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(given); i++) {
		ASSERT_EQ(0, st_port_newlink("vm1", given[i].type,
					 given[i].value));
		ASSERT_EQ(0, st_told(st_ifindex("vm1"), &self->told));
		EXPECT_EQ(given[i].value, self->told.value[given[i].type]);
		ASSERT_EQ(0, st_get(self->control, st_ifindex("vm1"),
				    &self->get));
		EXPECT_EQ(i == 0 ? 256 : 1, self->get.queues);
		EXPECT_EQ(i == 1 ? 1001 : 0, self->get.owner);
		EXPECT_EQ(i == 2 ? 1002 : 0, self->get.group);
		EXPECT_EQ(i == 3 ? 0660 : 0600, self->get.perm);
		ASSERT_EQ(0, st_link_del(st_ifindex("vm1")));
	}
}

TEST_F(link, both_interfaces_report_the_same_of_an_attachment)
{
	int vm1 = st_port_new(self->control, "vm1", 0, 2);
	int d0 = st_link_add("d0", "dummy", 0);
	int d1 = st_link_add("d1", "dummy", 0);
	const uint64_t *value = self->told.value;
	struct stabletap_get *get = &self->get;

	ASSERT_LT(0, vm1);
	ASSERT_EQ(0, st_attach(self->control, vm1, d0, 0));
	ASSERT_EQ(0, st_attach(self->control, vm1, d1,
			       STABLETAP_ATTACH_REPLACE |
			       STABLETAP_ATTACH_FILTER));
	ASSERT_LE(0, st_port_open(self->control, vm1, 0));
	ASSERT_EQ(0, st_told(vm1, &self->told));
	ASSERT_EQ(0, st_get(self->control, vm1, get));
	EXPECT_EQ(get->open_queues, value[IFLA_STABLETAP_OPEN_QUEUES]);
	EXPECT_EQ(1, get->open_queues);
	EXPECT_EQ(get->state, value[IFLA_STABLETAP_STATE]);
	EXPECT_EQ(STABLETAP_STATE_ATTACHED, get->state);
	EXPECT_EQ(get->lower, value[IFLA_STABLETAP_LOWER]);
	EXPECT_EQ(d1, get->lower);
	EXPECT_EQ(get->lower_kind, value[IFLA_STABLETAP_LOWER_KIND]);
	EXPECT_EQ(STABLETAP_LOWER_DIRECT, get->lower_kind);
	EXPECT_EQ(get->attach_flags, value[IFLA_STABLETAP_ATTACH_FLAGS]);
	EXPECT_EQ(STABLETAP_ATTACH_FILTER, get->attach_flags);
	EXPECT_EQ(get->detach_reason, value[IFLA_STABLETAP_DETACH_REASON]);
	EXPECT_EQ(STABLETAP_REASON_REPLACED, get->detach_reason);
	EXPECT_STREQ(get->last_lower, self->told.last_lower);
	EXPECT_STREQ("d0", get->last_lower);
	EXPECT_EQ(get->attach_time, value[IFLA_STABLETAP_ATTACH_TIME]);
	EXPECT_EQ(get->detach_time, value[IFLA_STABLETAP_DETACH_TIME]);
	EXPECT_NE(0, get->attach_time);
	EXPECT_NE(0, get->detach_time);
	EXPECT_EQ(get->attaches, value[IFLA_STABLETAP_ATTACHES]);
	EXPECT_EQ(1, get->attaches);
	EXPECT_EQ(get->replaces, value[IFLA_STABLETAP_REPLACES]);
	EXPECT_EQ(1, get->replaces);
	EXPECT_EQ(get->losses, value[IFLA_STABLETAP_LOSSES]);
	EXPECT_EQ(0, get->losses);
}

TEST_F(link, read_only_attributes_can_not_be_set)
{
	const __u64 value = 1;
	int type, vm1;

	vm1 = st_link_add("vm1", STABLETAP_KIND, 0);
	ASSERT_LT(0, vm1);
	for (type = IFLA_STABLETAP_OPEN_QUEUES; type <= IFLA_STABLETAP_MAX;
	     type++) {
		if (type == IFLA_STABLETAP_LOWER ||
		    type == IFLA_STABLETAP_ATTACH_FLAGS ||
		    (type >= IFLA_STABLETAP_HOLD_FRAMES &&
		     type <= IFLA_STABLETAP_HOLD_BYTES))
			continue;
		EXPECT_EQ(-EINVAL, newlink("vm2", 0, type, &value,
					   sizeof(value))) {
			TH_LOG("attribute %d", type);
		}
		EXPECT_STRNE("", st_msg);
		EXPECT_EQ(-EINVAL, newlink(NULL, vm1, type, &value,
					   sizeof(value)));
		EXPECT_STRNE("", st_msg);
	}
	EXPECT_EQ(-ENODEV, st_ifindex("vm2"));
}

/* The call is refused with @error and @sentence, and creates no port. */
#define EXPECT_REFUSED(error, sentence, call) do {			\
	EXPECT_EQ(error, call);						\
	EXPECT_STREQ("stabletap: " sentence, st_msg);			\
	EXPECT_EQ(-ENODEV, st_ifindex("vm1"));				\
} while (0)

TEST_F(link, a_value_out_of_range_is_refused)
{
	EXPECT_REFUSED(-EINVAL, "A port has 1 to 256 queues",
		       st_port_newlink("vm1", IFLA_STABLETAP_QUEUES, 0));
	EXPECT_REFUSED(-EINVAL, "A port has 1 to 256 queues",
		       st_port_newlink("vm1", IFLA_STABLETAP_QUEUES, 257));
	EXPECT_REFUSED(-EINVAL, "The node's owner or group does not exist in this user namespace",
		       st_port_newlink("vm1", IFLA_STABLETAP_OWNER, UINT32_MAX));
	EXPECT_REFUSED(-EINVAL, "The node's owner or group does not exist in this user namespace",
		       st_port_newlink("vm1", IFLA_STABLETAP_GROUP, UINT32_MAX));
	EXPECT_REFUSED(-EINVAL, "The node's permissions must be 0001 to 0777",
		       st_port_newlink("vm1", IFLA_STABLETAP_PERM, 01777));
	EXPECT_REFUSED(-EINVAL, "The node's permissions must be 0001 to 0777",
		       st_port_newlink("vm1", IFLA_STABLETAP_PERM, 0x10180));
	EXPECT_REFUSED(-EOPNOTSUPP, "Unknown on-detach policy",
		       st_port_newlink("vm1", IFLA_STABLETAP_ON_DETACH, 2));
}

/* devtmpfs would create the node with mode 0600. */
TEST_F(link, no_permissions_at_all_are_refused)
{
	EXPECT_REFUSED(-EINVAL, "The node's permissions can't be 0",
		       st_port_newlink("vm1", IFLA_STABLETAP_PERM, 0));
}

/* As with an unknown tail of an ioctl's struct */
TEST_F(link, an_unknown_attribute_is_refused)
{
	static const int types[] = {
		IFLA_STABLETAP_MAX + 1, IFLA_STABLETAP_MAX + 2, 255,
		NLA_TYPE_MASK,
	};
	int i, vm1;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		EXPECT_REFUSED(-EINVAL, "This module does not know one of the attributes",
			       st_port_newlink("vm1", types[i], 0));
	vm1 = st_link_add("vm1", STABLETAP_KIND, 0);
	ASSERT_LT(0, vm1);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		EXPECT_EQ(-EINVAL, st_port_set(vm1, { types[i], 0 }));
		EXPECT_STREQ("stabletap: This module does not know one of the attributes",
			     st_msg);
	}
}

TEST_F(link, an_attribute_of_another_length_is_refused)
{
	EXPECT_NE(0, newlink("vm1", 0, IFLA_STABLETAP_QUEUES, "\1\0\0\0\0", 5));
	EXPECT_NE(0, newlink("vm1", 0, IFLA_STABLETAP_QUEUES, "\1", 1));
	EXPECT_EQ(-ENODEV, st_ifindex("vm1"));
}

TEST_F(link, holding_is_set_when_a_port_is_created_and_later)
{
	int vm1;

	ASSERT_EQ(0, st_port_newlink("vm1", IFLA_STABLETAP_ON_DETACH,
				     STABLETAP_ON_DETACH_HOLD));
	vm1 = st_ifindex("vm1");
	ASSERT_EQ(0, st_told(vm1, &self->told));
	EXPECT_EQ(STABLETAP_ON_DETACH_HOLD,
		  self->told.value[IFLA_STABLETAP_ON_DETACH]);
	EXPECT_EQ(0, st_port_set(vm1, { IFLA_STABLETAP_ON_DETACH,
				      STABLETAP_ON_DETACH_DROP }));
	ASSERT_EQ(0, st_told(vm1, &self->told));
	EXPECT_EQ(STABLETAP_ON_DETACH_DROP,
		  self->told.value[IFLA_STABLETAP_ON_DETACH]);
}

TEST_F(link, a_link_is_refused)
{
	int d0 = st_link_add("d0", "dummy", 0);

	EXPECT_REFUSED(-EINVAL, "A port can't be created with a link; attach a lower to it with master PORT",
		       newlink_with("vm1", IFLA_LINK, &d0, sizeof(d0)));
}

TEST_F(link, a_bad_address_is_refused)
{
	EXPECT_REFUSED(-EADDRNOTAVAIL, "A port's MAC address can't be multicast or zero",
		       newlink_with("vm1", IFLA_ADDRESS,
				    "\x53\x54\0\0\0\1", 6));
	EXPECT_REFUSED(-EADDRNOTAVAIL, "A port's MAC address can't be multicast or zero",
		       newlink_with("vm1", IFLA_ADDRESS, "\0\0\0\0\0\0", 6));
	EXPECT_REFUSED(-EINVAL, "A MAC address has 6 bytes",
		       newlink_with("vm1", IFLA_ADDRESS, "\x52\x54\0\0\0", 5));
	EXPECT_REFUSED(-EINVAL, "A MAC address has 6 bytes",
		       newlink_with("vm1", IFLA_ADDRESS,
				    "\x52\x54\0\0\0\1\0", 7));
}

TEST_F(link, an_mtu_out_of_range_is_refused)
{
	__u32 mtu = 67;

	EXPECT_EQ(-EINVAL, newlink_with("vm1", IFLA_MTU, &mtu, sizeof(mtu)));
	mtu = 65536;
	EXPECT_EQ(-EINVAL, newlink_with("vm1", IFLA_MTU, &mtu, sizeof(mtu)));
	EXPECT_EQ(-ENODEV, st_ifindex("vm1"));
	mtu = 65535;
	EXPECT_EQ(0, newlink_with("vm1", IFLA_MTU, &mtu, sizeof(mtu)));
}

TEST_F(link, only_the_policy_of_detaching_can_be_changed)
{
	static const struct {
		int type;
		__u32 same;
		__u32 other;
	} given[] = {
		{ IFLA_STABLETAP_QUEUES, 1, 2 },
		{ IFLA_STABLETAP_OWNER, 0, 1001 },
		{ IFLA_STABLETAP_GROUP, 0, 1001 },
		{ IFLA_STABLETAP_PERM, 0600, 0660 },
	};
	int i, vm1;

	vm1 = st_link_add("vm1", STABLETAP_KIND, 0);
	ASSERT_LT(0, vm1);
	EXPECT_EQ(0, st_port_set(vm1, { IFLA_STABLETAP_ON_DETACH,
				      STABLETAP_ON_DETACH_DROP }));
	for (i = 0; i < ARRAY_SIZE(given); i++) {
		EXPECT_EQ(-EOPNOTSUPP,
			  st_port_set(vm1, { given[i].type, given[i].other }));
		EXPECT_STREQ("stabletap: Queues, owner, group and perm can only be set when a port is created",
			     st_msg);
		ASSERT_EQ(0, st_told(vm1, &self->told));
		EXPECT_EQ(given[i].same, self->told.value[given[i].type]);
		EXPECT_EQ(0, st_port_set(vm1, { given[i].type,
					      given[i].same }));
	}
}

/* Attach, replace, detach and filter mode through attributes */

FIXTURE(lower) {
	int control;
	int vm1;
	int d0;
	int d1;
	struct st_told told;
	struct stabletap_get get;
	struct stabletap_get before;
};

FIXTURE_SETUP(lower)
{
	ASSERT_EQ(0, st_netns_new());
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	self->vm1 = st_port_new(self->control, "vm1", 0, 1);
	ASSERT_LT(0, self->vm1);
	self->d0 = st_link_add("d0", "dummy", 0);
	ASSERT_LT(0, self->d0);
	self->d1 = st_link_add("d1", "dummy", 0);
	ASSERT_LT(0, self->d1);
}

FIXTURE_TEARDOWN(lower)
{
	close(self->control);
}

#define LOWER(index)	{ IFLA_STABLETAP_LOWER, index }
#define FLAGS(flags)	{ IFLA_STABLETAP_ATTACH_FLAGS, flags }
#define SET(...)	st_port_set(self->vm1, __VA_ARGS__)
#define GET() ASSERT_EQ(0, st_get(self->control, self->vm1, &self->get))
#define REMEMBER() ASSERT_EQ(0, st_get(self->control, self->vm1, &self->before))
#define EXPECT_AS_BEFORE() do {						\
	GET();								\
	EXPECT_EQ(0, memcmp(&self->before, &self->get,			\
			    sizeof(self->get)));			\
} while (0)
/* The call fails with @error and @sentence, and changes nothing. */
#define EXPECT_NOT(error, sentence, ...) do {				\
	REMEMBER();							\
	EXPECT_EQ(error, SET(__VA_ARGS__));				\
	EXPECT_STREQ("stabletap: " sentence, st_msg);			\
	EXPECT_AS_BEFORE();						\
} while (0)

TEST_F(lower, is_attached_and_detached_by_its_index)
{
	ASSERT_EQ(0, SET(LOWER(self->d0)));
	GET();
	EXPECT_EQ(self->d0, self->get.lower);
	EXPECT_EQ(STABLETAP_ATTACH_PROMISC, self->get.attach_flags);
	EXPECT_EQ(1, self->get.attaches);
	EXPECT_EQ(self->vm1, st_link_master_of(self->d0));

	ASSERT_EQ(0, SET(LOWER(0)));
	GET();
	EXPECT_EQ(0, self->get.lower);
	EXPECT_EQ(STABLETAP_REASON_ASKED, self->get.detach_reason);
	EXPECT_EQ(0, st_link_master_of(self->d0));
}

TEST_F(lower, stays_if_it_is_set_again)
{
	ASSERT_EQ(0, SET(LOWER(self->d0), FLAGS(STABLETAP_ATTACH_FILTER)));
	REMEMBER();
	EXPECT_EQ(0, SET(LOWER(self->d0)));
	EXPECT_AS_BEFORE();
	/* Set the reported values again. */
	ASSERT_EQ(0, st_told(self->vm1, &self->told));
	EXPECT_EQ(0, SET(LOWER(self->told.value[IFLA_STABLETAP_LOWER]),
			 FLAGS(self->told.value[IFLA_STABLETAP_ATTACH_FLAGS])));
	EXPECT_EQ(0, SET(FLAGS(STABLETAP_ATTACH_FILTER |
			       STABLETAP_ATTACH_INCOMPLETE)));
	EXPECT_AS_BEFORE();

	ASSERT_EQ(0, SET(LOWER(0)));
	REMEMBER();
	EXPECT_EQ(0, SET(LOWER(0)));
	EXPECT_EQ(0, SET(LOWER(0), FLAGS(0)));
	EXPECT_EQ(0, SET(FLAGS(0)));
	EXPECT_AS_BEFORE();
}

static bool has_no_master(void *ifindex)
{
	return !st_link_master_of(*(int *)ifindex);
}

TEST_F(lower, is_replaced_only_if_that_is_asked_for)
{
	ASSERT_EQ(0, SET(LOWER(self->d0)));
	EXPECT_NOT(-EEXIST, "The port has a lower; detach it first, or ask for replace",
		   LOWER(self->d1));
	ASSERT_EQ(0, SET(LOWER(self->d1), FLAGS(STABLETAP_ATTACH_REPLACE |
						STABLETAP_ATTACH_FILTER)));
	GET();
	EXPECT_EQ(self->d1, self->get.lower);
	EXPECT_EQ(STABLETAP_ATTACH_FILTER, self->get.attach_flags);
	EXPECT_EQ(1, self->get.replaces);
	EXPECT_EQ(STABLETAP_REASON_REPLACED, self->get.detach_reason);
	EXPECT_EQ(self->vm1, st_link_master_of(self->d1));
	/* rtnetlink does not wait until the old lower has been let go. */
	EXPECT_TRUE(st_wait(has_no_master, &self->d0, ST_DEADLINE));
	/* REPLACE is accepted if the port has no lower. */
	ASSERT_EQ(0, SET(LOWER(0)));
	ASSERT_EQ(0, SET(LOWER(self->d0), FLAGS(STABLETAP_ATTACH_REPLACE)));
	GET();
	EXPECT_EQ(self->d0, self->get.lower);
	EXPECT_EQ(1, self->get.replaces);
}

TEST_F(lower, has_its_filter_mode_changed_by_the_flags)
{
	ASSERT_EQ(0, SET(LOWER(self->d0)));
	ASSERT_EQ(0, SET(FLAGS(STABLETAP_ATTACH_FILTER)));
	GET();
	EXPECT_EQ(STABLETAP_ATTACH_FILTER, self->get.attach_flags);
	ASSERT_EQ(0, SET(LOWER(self->d0), FLAGS(STABLETAP_ATTACH_PROMISC)));
	GET();
	EXPECT_EQ(STABLETAP_ATTACH_PROMISC, self->get.attach_flags);
	ASSERT_EQ(0, SET(FLAGS(STABLETAP_ATTACH_FILTER)));
	/* 0 selects the default of the lower's kind, as with ATTACH. */
	ASSERT_EQ(0, SET(FLAGS(0)));
	GET();
	EXPECT_EQ(STABLETAP_ATTACH_PROMISC, self->get.attach_flags);
	EXPECT_EQ(1, self->get.attaches);
	EXPECT_EQ(0, self->get.replaces);
}

TEST_F(lower, and_invalid_flags_are_refused)
{
	EXPECT_NOT(-ENODEV, "There is no such lower in this network namespace",
		   LOWER(999999));
	EXPECT_NOT(-ENODEV, "There is no such lower in this network namespace",
		   LOWER(UINT32_MAX));
	EXPECT_NOT(-ENOTCONN, "Attach flags need a lower",
		   FLAGS(STABLETAP_ATTACH_FILTER));
	EXPECT_NOT(-EINVAL, "Promiscuous and filter mode exclude each other",
		   LOWER(self->d0), FLAGS(STABLETAP_ATTACH_FILTER |
					  STABLETAP_ATTACH_PROMISC));
	EXPECT_NOT(-EOPNOTSUPP, "This module does not know one of the flags",
		   LOWER(self->d0), FLAGS(1U << 4));
	EXPECT_NOT(-EOPNOTSUPP, "This module does not know one of the flags",
		   LOWER(self->d0), FLAGS(1U << 31));

	ASSERT_EQ(0, SET(LOWER(self->d0)));
	EXPECT_NOT(-ENOTCONN, "Attach flags need a lower",
		   LOWER(0), FLAGS(STABLETAP_ATTACH_FILTER));
	EXPECT_NOT(-EINVAL, "Promiscuous and filter mode exclude each other",
		   FLAGS(STABLETAP_ATTACH_FILTER | STABLETAP_ATTACH_PROMISC));
}

TEST_F(lower, is_not_attached_where_another_attribute_is_refused)
{
	EXPECT_NOT(-EOPNOTSUPP, "Queues, owner, group and perm can only be set when a port is created",
		   LOWER(self->d0), { IFLA_STABLETAP_QUEUES, 2 });
	EXPECT_NOT(-EOPNOTSUPP, "Unknown on-detach policy",
		   LOWER(self->d0), { IFLA_STABLETAP_ON_DETACH, 7 });
}

TEST_F(lower, can_be_given_when_a_port_is_made)
{
	const struct st_attr attrs[] = {
		{ IFLA_STABLETAP_QUEUES, 2 }, LOWER(self->d0),
		FLAGS(STABLETAP_ATTACH_FILTER | STABLETAP_ATTACH_REPLACE), {},
	};
	uint8_t frame[60];
	int vm2, fd, peer;

	ASSERT_EQ(0, st_port_request("vm2", NULL, 0, attrs));
	vm2 = st_ifindex("vm2");
	ASSERT_EQ(0, st_get(self->control, vm2, &self->get));
	EXPECT_EQ(self->d0, self->get.lower);
	EXPECT_EQ(STABLETAP_ATTACH_FILTER, self->get.attach_flags);
	EXPECT_EQ(2, self->get.queues);
	EXPECT_EQ(vm2, st_link_master_of(self->d0));

	ASSERT_EQ(0, st_link_up(vm2, true));
	peer = st_packet_open(self->d0, true);
	ASSERT_LE(0, peer);
	fd = st_port_open(self->control, vm2, 0);
	ASSERT_LE(0, fd);
	st_frame(frame, sizeof(frame), ST_MAC_PEER, ST_MAC_PORT, 1);
	EXPECT_EQ(sizeof(frame), st_fd_write(fd, frame, sizeof(frame)));
	EXPECT_EQ(1, st_readable(peer, ST_DEADLINE));

	/* The port is deleted with its lower attached. */
	close(fd);
	ASSERT_EQ(0, st_link_del(vm2));
	EXPECT_EQ(0, st_link_master_of(self->d0));
}

/* The ifindex belongs to the port's namespace, not to the sender's. */
TEST_F(lower, is_looked_up_in_the_ports_own_namespace)
{
	int here = st_netns_fd(), there, control;

	ASSERT_LE(0, here);
	ASSERT_EQ(0, st_netns_new());
	there = st_netns_fd();
	ASSERT_LE(0, there);
	control = st_control_open();
	ASSERT_LE(0, control);
	ASSERT_EQ(0, st_sh("ip link add d9 index 1009 type dummy"));
	ASSERT_EQ(0, st_netns_enter(here));
	EXPECT_NOT(-ENODEV, "There is no such lower in this network namespace",
		   LOWER(1009));
	ASSERT_EQ(0, newlink_there("vm9", there, 1009));
	EXPECT_EQ(-ENODEV, st_ifindex("vm9"));
	ASSERT_EQ(0, st_netns_enter(there));
	ASSERT_EQ(0, st_get(control, st_ifindex("vm9"), &self->get));
	EXPECT_EQ(1009, self->get.lower);
}

/* Values in IFLA_INFO_SLAVE_DATA of the lower */
struct slave {
	char kind[32];
	bool seen[IFLA_STABLETAP_SLAVE_MAX + 1];
	__u32 value[IFLA_STABLETAP_SLAVE_MAX + 1];
};

static void slave_data(const struct nlattr *data, struct slave *slave)
{
	const struct nlattr *attr;
	int type;

	mnl_attr_for_each_nested(attr, data) {
		type = mnl_attr_get_type(attr);
		if (type > IFLA_STABLETAP_SLAVE_MAX)
			continue;
		slave->seen[type] = true;
		slave->value[type] = mnl_attr_get_u32(attr);
	}
}

static int slave_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr, *info;
	struct slave *slave = arg;

	mnl_attr_for_each(attr, nlh, sizeof(struct ifinfomsg)) {
		if (mnl_attr_get_type(attr) != IFLA_LINKINFO)
			continue;
		mnl_attr_for_each_nested(info, attr) {
			if (mnl_attr_get_type(info) == IFLA_INFO_SLAVE_KIND)
				snprintf(slave->kind, sizeof(slave->kind), "%s",
					 mnl_attr_get_str(info));
			if (mnl_attr_get_type(info) == IFLA_INFO_SLAVE_DATA)
				slave_data(info, slave);
		}
	}
	return MNL_CB_OK;
}

static int slave_get(int ifindex, struct slave *slave)
{
	char buf[256] = {};

	memset(slave, 0, sizeof(*slave));
	return st_talk(st_link_msg(buf, RTM_GETLINK, 0, ifindex), slave_cb,
		       slave);
}

static int slave_set(int ifindex, int type, __u32 value)
{
	struct nlattr *info, *data;
	struct nlmsghdr *nlh;
	char buf[256] = {};

	nlh = st_link_msg(buf, RTM_NEWLINK, 0, ifindex);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_SLAVE_KIND, STABLETAP_KIND);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_SLAVE_DATA);
	mnl_attr_put_u32(nlh, type, value);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	return st_talk(nlh, NULL, NULL);
}

TEST_F(lower, reports_its_kind_and_mode_itself)
{
	struct slave slave;
	int mv0;

	ASSERT_EQ(0, SET(LOWER(self->d0), FLAGS(STABLETAP_ATTACH_FILTER)));
	ASSERT_EQ(0, slave_get(self->d0, &slave));
	EXPECT_STREQ(STABLETAP_KIND, slave.kind);
	EXPECT_TRUE(slave.seen[IFLA_STABLETAP_SLAVE_ATTACH_FLAGS]);
	EXPECT_EQ(STABLETAP_ATTACH_FILTER,
		  slave.value[IFLA_STABLETAP_SLAVE_ATTACH_FLAGS]);
	EXPECT_EQ(STABLETAP_LOWER_DIRECT,
		  slave.value[IFLA_STABLETAP_SLAVE_LOWER_KIND]);

	ASSERT_EQ(0, SET(LOWER(0)));
	ASSERT_EQ(0, slave_get(self->d0, &slave));
	EXPECT_STREQ("", slave.kind);
	EXPECT_FALSE(slave.seen[IFLA_STABLETAP_SLAVE_ATTACH_FLAGS]);

	mv0 = st_macvlan_add("mv0", self->d0, NULL, self->vm1);
	ASSERT_LT(0, mv0);
	ASSERT_EQ(0, slave_get(mv0, &slave));
	EXPECT_EQ(STABLETAP_LOWER_MACVLAN,
		  slave.value[IFLA_STABLETAP_SLAVE_LOWER_KIND]);
	EXPECT_TRUE(slave.seen[IFLA_STABLETAP_SLAVE_ATTACH_FLAGS]);
	EXPECT_EQ(0, slave.value[IFLA_STABLETAP_SLAVE_ATTACH_FLAGS]);
}

TEST_F(lower, has_its_mode_changed_by_its_own_attribute)
{
	ASSERT_EQ(0, SET(LOWER(self->d0)));
	ASSERT_EQ(0, slave_set(self->d0, IFLA_STABLETAP_SLAVE_ATTACH_FLAGS,
			       STABLETAP_ATTACH_FILTER));
	GET();
	EXPECT_EQ(STABLETAP_ATTACH_FILTER, self->get.attach_flags);
	ASSERT_EQ(0, slave_set(self->d0, IFLA_STABLETAP_SLAVE_ATTACH_FLAGS, 0));
	GET();
	EXPECT_EQ(STABLETAP_ATTACH_PROMISC, self->get.attach_flags);
	EXPECT_EQ(0, self->get.replaces);
}

TEST_F(lower, refuses_an_attribute_of_its_own_with_a_message)
{
	ASSERT_EQ(0, SET(LOWER(self->d0)));
	REMEMBER();
	EXPECT_EQ(-EOPNOTSUPP,
		  slave_set(self->d0, IFLA_STABLETAP_SLAVE_ATTACH_FLAGS,
			    1U << 5));
	EXPECT_STREQ("stabletap: This module does not know one of the flags",
		     st_msg);
	EXPECT_EQ(-EINVAL,
		  slave_set(self->d0, IFLA_STABLETAP_SLAVE_ATTACH_FLAGS,
			    STABLETAP_ATTACH_FILTER | STABLETAP_ATTACH_PROMISC));
	EXPECT_STREQ("stabletap: Promiscuous and filter mode exclude each other",
		     st_msg);
	EXPECT_EQ(-EINVAL,
		  slave_set(self->d0, IFLA_STABLETAP_SLAVE_LOWER_KIND, 1));
	EXPECT_STRNE("", st_msg);
	EXPECT_EQ(-EINVAL,
		  slave_set(self->d0, IFLA_STABLETAP_SLAVE_MAX + 1, 1));
	EXPECT_STREQ("stabletap: This module does not know one of the attributes",
		     st_msg);
	EXPECT_AS_BEFORE();
}

/* Notifications, as "ip monitor link" sees them */

/*
 * Returns true if a pending message reports @value for attribute @type of the
 * port.  Reads all pending messages; waits for the first one until a deadline.
 */
static bool hear(int monitor, int port, int type, uint64_t value)
{
	char buf[32768] __attribute__((aligned(8)));
	struct nlmsghdr *nlh;
	struct st_told told;
	ssize_t got;
	int len;

	while (st_readable(monitor, ST_DEADLINE) > 0) {
		got = recv(monitor, buf, sizeof(buf), 0);
		if (got < 0)
			return false;
		len = got;
		for (nlh = (void *)buf; mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len)) {
			memset(&told, 0, sizeof(told));
			st_told_cb(nlh, &told);
			if (told.ifindex == port && told.value[type] == value)
				return true;
		}
	}
	return false;
}

static int name_cb(const struct nlattr *attr, void *name)
{
	if (mnl_attr_get_type(attr) == IFLA_IFNAME)
		*(const char **)name = mnl_attr_get_str(attr);
	return MNL_CB_OK;
}

/*
 * Number of messages about link @name before one about @end, or a negative
 * errno
 */
static int heard_before(int monitor, const char *name, const char *end)
{
	char buf[32768] __attribute__((aligned(8)));
	const char *whose;
	struct nlmsghdr *nlh;
	int len, n = 0;

	while (st_readable(monitor, ST_DEADLINE) > 0) {
		len = recv(monitor, buf, sizeof(buf), 0);
		if (len < 0)
			return -errno;
		for (nlh = (void *)buf; mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len)) {
			whose = "";
			mnl_attr_parse(nlh, sizeof(struct ifinfomsg), name_cb,
				       &whose);
			if (!strcmp(whose, end))
				return n;
			n += !strcmp(whose, name);
		}
	}
	return -ETIMEDOUT;
}

static int monitor_open(void)
{
	struct sockaddr_nl addr = {
		.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ?
	       -errno : fd;
}

static void monitor_drain(int monitor)
{
	char buf[32768];

	while (recv(monitor, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
}

TEST_F(link, the_monitor_sees_nothing_of_a_port_whose_attach_was_refused)
{
	int monitor = monitor_open(), d0;

	ASSERT_LE(0, monitor);
	EXPECT_REFUSED(-ENONET, "The loopback device can't be a lower",
		       st_port_newlink("vm1", IFLA_STABLETAP_LOWER,
				   st_ifindex("lo")));
	/* A later event marks the end of the messages. */
	d0 = st_link_add("d0", "dummy", 0);
	ASSERT_LT(0, d0);
	EXPECT_EQ(0, heard_before(monitor, "vm1", "d0"));
}

TEST_F(link, the_monitor_sees_attach_replace_detach_and_loss)
{
	int vm1 = st_port_new(self->control, "vm1", 0, 1);
	int d0 = st_link_add("d0", "dummy", 0);
	int d1 = st_link_add("d1", "dummy", 0);
	int monitor = monitor_open();

	ASSERT_LE(0, monitor);
	ASSERT_EQ(0, st_attach(self->control, vm1, d0, 0));
	EXPECT_TRUE(hear(monitor, vm1, IFLA_STABLETAP_LOWER, d0));
	monitor_drain(monitor);
	ASSERT_EQ(0, st_attach(self->control, vm1, d1,
			       STABLETAP_ATTACH_REPLACE));
	EXPECT_TRUE(hear(monitor, vm1, IFLA_STABLETAP_LOWER, d1));
	monitor_drain(monitor);
	ASSERT_EQ(0, st_attach(self->control, vm1, d1,
			       STABLETAP_ATTACH_REPLACE |
			       STABLETAP_ATTACH_FILTER));
	EXPECT_TRUE(hear(monitor, vm1, IFLA_STABLETAP_ATTACH_FLAGS,
			 STABLETAP_ATTACH_FILTER));
	monitor_drain(monitor);
	ASSERT_EQ(0, st_link_up(d1, false));
	EXPECT_TRUE(hear(monitor, vm1, IFLA_STABLETAP_STATE,
			 STABLETAP_STATE_LOWER_DOWN));
	monitor_drain(monitor);
	ASSERT_EQ(0, st_detach(self->control, vm1));
	EXPECT_TRUE(hear(monitor, vm1, IFLA_STABLETAP_DETACH_REASON,
			 STABLETAP_REASON_ASKED));
	ASSERT_EQ(0, st_link_master(d0, vm1));
	monitor_drain(monitor);
	ASSERT_EQ(0, st_link_del(d0));
	EXPECT_TRUE(hear(monitor, vm1, IFLA_STABLETAP_DETACH_REASON,
			 STABLETAP_REASON_LOWER_GONE));
}

TEST_HARNESS_MAIN
