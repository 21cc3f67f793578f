// SPDX-License-Identifier: GPL-2.0
/*
 * CREATE, DELETE, SET, GET and LIST, with each of their fields.
 *
 *	/dev/stabletap -- ports, without a lower
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <linux/if_tun.h>

#include "harness.h"
#include "st.h"

FIXTURE(ports) {
	int fd;
	struct stabletap_create create;
	struct stabletap_get get;
};

FIXTURE_SETUP(ports)
{
	ASSERT_EQ(0, st_netns_new());
	self->fd = st_control_open();
	ASSERT_LE(0, self->fd);
	self->create.size = sizeof(self->create);
}

FIXTURE_TEARDOWN(ports)
{
	close(self->fd);
}

#define CREATE() st_ioctl(self->fd, STABLETAP_IOC_CREATE, &self->create)
#define GET() st_get(self->fd, self->create.port, &self->get)

static unsigned int ports(int fd)
{
	struct stabletap_list list = { .size = sizeof(list) };

	return st_ioctl(fd, STABLETAP_IOC_LIST, &list) ? -1U : list.count;
}

/* CREATE is refused with @error and @sentence, and creates no port. */
#define EXPECT_REFUSED(error, sentence) do {				\
	EXPECT_EQ(error, CREATE());					\
	EXPECT_STREQ("stabletap: " sentence, st_msg);			\
	EXPECT_EQ(0, ports(self->fd));					\
} while (0)

static int node_stat(const struct stabletap_get *get, struct stat *st)
{
	char path[128];

	snprintf(path, sizeof(path), "/dev/%s", get->node);
	return stat(path, st) ? -errno : 0;
}

TEST_F(ports, an_empty_request_creates_a_port_with_the_defaults)
{
	unsigned int flags;
	uint8_t mac[6];
	struct stat st;
	int master;

	ASSERT_EQ(0, CREATE());
	EXPECT_STREQ("stabletap0", self->create.name);
	EXPECT_EQ(st_ifindex("stabletap0"), self->create.port);
	ASSERT_EQ(0, GET());
	EXPECT_EQ(self->create.port, self->get.port);
	EXPECT_STREQ("stabletap0", self->get.name);
	EXPECT_EQ(1, self->get.queues);
	EXPECT_EQ(0, self->get.open_queues);
	EXPECT_EQ(0, self->get.owner);
	EXPECT_EQ(0, self->get.group);
	EXPECT_EQ(0600, self->get.perm);
	EXPECT_EQ(STABLETAP_ON_DETACH_DROP, self->get.on_detach);
	EXPECT_EQ(STABLETAP_STATE_DETACHED, self->get.state);
	EXPECT_EQ(0, self->get.lower);
	EXPECT_EQ(STABLETAP_LOWER_NONE, self->get.lower_kind);
	EXPECT_EQ(STABLETAP_REASON_NONE, self->get.detach_reason);
	EXPECT_EQ(0, self->get.attach_time);
	EXPECT_EQ(0, self->get.detach_time);
	EXPECT_STREQ("", self->get.last_lower);
	EXPECT_EQ(0, st_sh("test $(cat /sys/class/net/stabletap0/mtu) = 1500"));

	/* Unicast, locally administered, random */
	ASSERT_EQ(0, st_link_state(self->create.port, NULL, &flags, mac,
				   &master));
	EXPECT_EQ(2, mac[0] & 3);
	EXPECT_EQ(0, st_sh("test $(cat /sys/class/net/stabletap0/addr_assign_type) = 1"));
	EXPECT_EQ(0, flags & IFF_UP);
	EXPECT_EQ(0, master);

	ASSERT_EQ(0, node_stat(&self->get, &st));
	EXPECT_EQ(S_IFCHR | 0600, st.st_mode);
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, st.st_gid);
	EXPECT_EQ(makedev(self->get.major, self->get.minor), st.st_rdev);
}

TEST_F(ports, a_port_gets_all_that_was_asked_for)
{
	static const uint8_t mac[6] = { 0x52, 0x54, 0, 1, 2, 3 };
	uint8_t got[6];
	struct stat st;

	strcpy(self->create.name, "vm1");
	memcpy(self->create.mac, mac, 6);
	self->create.port = 4711;
	self->create.mtu = 9000;
	self->create.queues = 3;
	self->create.flags = STABLETAP_CREATE_OWNER | STABLETAP_CREATE_GROUP |
			     STABLETAP_CREATE_PERM;
	self->create.owner = 1001;
	self->create.group = 1002;
	self->create.perm = 0640;
	ASSERT_EQ(0, CREATE());
	EXPECT_EQ(4711, self->create.port);
	EXPECT_EQ(4711, st_ifindex("vm1"));
	ASSERT_EQ(0, GET());
	EXPECT_EQ(3, self->get.queues);
	EXPECT_EQ(1001, self->get.owner);
	EXPECT_EQ(1002, self->get.group);
	EXPECT_EQ(0640, self->get.perm);
	ASSERT_EQ(0, st_link_state(4711, NULL, NULL, got, NULL));
	EXPECT_EQ(0, memcmp(mac, got, 6));
	EXPECT_EQ(0, st_sh("test $(cat /sys/class/net/vm1/mtu) = 9000"));
	EXPECT_EQ(0, st_sh("test $(cat /sys/class/net/vm1/addr_assign_type) = 3"));
	ASSERT_EQ(0, node_stat(&self->get, &st));
	EXPECT_EQ(S_IFCHR | 0640, st.st_mode);
	EXPECT_EQ(1001, st.st_uid);
	EXPECT_EQ(1002, st.st_gid);
}

TEST_F(ports, a_name_may_be_a_pattern_with_one_number)
{
	strcpy(self->create.name, "p%dq");
	ASSERT_EQ(0, CREATE());
	EXPECT_STREQ("p0q", self->create.name);
	self->create.port = 0;
	strcpy(self->create.name, "p%dq");
	ASSERT_EQ(0, CREATE());
	EXPECT_STREQ("p1q", self->create.name);
}

TEST_F(ports, a_name_that_no_interface_can_have_is_refused)
{
	static const char * const names[] = {
		".", "..", "a/b", "a b", "a:b", "a\tb", "%s", "%d%d", "a%", "%x%d"
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		strcpy(self->create.name, names[i]);
		EXPECT_EQ(-EINVAL, CREATE()) {
			TH_LOG("\"%s\"", names[i]);
		}
		EXPECT_STREQ("stabletap: Not a valid interface name", st_msg) {
			TH_LOG("\"%s\"", names[i]);
		}
	}
	EXPECT_EQ(0, ports(self->fd));
}

TEST_F(ports, a_name_without_an_end_is_refused)
{
	memset(self->create.name, 'a', sizeof(self->create.name));
	EXPECT_REFUSED(-EINVAL, "Not a valid interface name");
}

TEST_F(ports, a_name_of_fifteen_letters_is_taken)
{
	memset(self->create.name, 'a', sizeof(self->create.name) - 1);
	ASSERT_EQ(0, CREATE());
	EXPECT_EQ(self->create.port, st_ifindex("aaaaaaaaaaaaaaa"));
}

TEST_F(ports, a_name_in_use_is_refused)
{
	ASSERT_LT(0, st_link_add("d0", "dummy", 0));
	strcpy(self->create.name, "d0");
	EXPECT_REFUSED(-EEXIST, "An interface of this name exists");
}

TEST_F(ports, an_alternative_name_in_use_is_refused)
{
	ASSERT_LT(0, st_link_add("d0", "dummy", 0));
	ASSERT_EQ(0, st_sh("ip link property add dev d0 altname vm1"));
	strcpy(self->create.name, "vm1");
	EXPECT_REFUSED(-EEXIST, "An interface of this name exists");
}

TEST_F(ports, an_ifindex_in_use_is_refused)
{
	int d0 = st_link_add("d0", "dummy", 0);

	ASSERT_LT(0, d0);
	self->create.port = d0;
	EXPECT_REFUSED(-EBUSY, "An interface of this ifindex exists");
}

TEST_F(ports, an_ifindex_that_can_not_be_is_refused)
{
	self->create.port = 0x80000000;
	EXPECT_REFUSED(-EINVAL, "Not a valid ifindex");
	self->create.port = UINT32_MAX;
	EXPECT_REFUSED(-EINVAL, "Not a valid ifindex");
}

TEST_F(ports, the_largest_ifindex_is_taken)
{
	self->create.port = INT32_MAX;
	ASSERT_EQ(0, CREATE());
	EXPECT_EQ(INT32_MAX, self->create.port);
	ASSERT_EQ(0, GET());
	EXPECT_NE(NULL, strstr(self->get.node, "tap2147483647"));
}

TEST_F(ports, a_multicast_mac_is_refused)
{
	memcpy(self->create.mac, "\x53\x54\x00\x00\x00\x01", 6);
	EXPECT_REFUSED(-EADDRNOTAVAIL, "A port's MAC address can't be multicast");
	memcpy(self->create.mac, ST_BROADCAST, 6);
	EXPECT_REFUSED(-EADDRNOTAVAIL, "A port's MAC address can't be multicast");
}

TEST_F(ports, an_mtu_out_of_range_is_refused)
{
	static const __u32 mtus[] = { 1, 67, 65536, 0x80000000, UINT32_MAX };
	int i;

	for (i = 0; i < ARRAY_SIZE(mtus); i++) {
		self->create.mtu = mtus[i];
		EXPECT_REFUSED(-EINVAL, "A port's MTU is 68 to 65535 bytes");
	}
}

TEST_F(ports, the_least_and_the_largest_mtu_are_taken)
{
	self->create.mtu = 68;
	EXPECT_EQ(0, CREATE());
	EXPECT_EQ(0, st_sh("test $(cat /sys/class/net/stabletap0/mtu) = 68"));
	memset(self->create.name, 0, sizeof(self->create.name));
	self->create.port = 0;
	self->create.mtu = 65535;
	EXPECT_EQ(0, CREATE());
	EXPECT_EQ(0, st_sh("test $(cat /sys/class/net/stabletap1/mtu) = 65535"));
}

TEST_F(ports, a_number_of_queues_out_of_range_is_refused)
{
	self->create.queues = STABLETAP_MAX_QUEUES + 1;
	EXPECT_REFUSED(-EINVAL, "A port has 1 to 256 queues");
	self->create.queues = UINT32_MAX;
	EXPECT_REFUSED(-EINVAL, "A port has 1 to 256 queues");
}

TEST_F(ports, as_many_queues_can_be_opened_as_were_asked_for)
{
	int i;

	self->create.queues = STABLETAP_MAX_QUEUES;
	ASSERT_EQ(0, CREATE());
	for (i = 0; i < STABLETAP_MAX_QUEUES; i++)
		ASSERT_LE(0, st_port_open(self->fd, self->create.port, 0)) {
			TH_LOG("queue %d", i);
		}
	EXPECT_EQ(-EBUSY, st_port_open(self->fd, self->create.port, 0));
	ASSERT_EQ(0, GET());
	EXPECT_EQ(STABLETAP_MAX_QUEUES, self->get.open_queues);
}

TEST_F(ports, a_queue_that_was_closed_can_be_opened_again)
{
	int first, second;

	self->create.queues = 2;
	ASSERT_EQ(0, CREATE());
	first = st_port_open(self->fd, self->create.port, 0);
	ASSERT_LE(0, first);
	second = st_port_open(self->fd, self->create.port, 0);
	ASSERT_LE(0, second);
	EXPECT_EQ(-EBUSY, st_port_open(self->fd, self->create.port, 0));
	close(first);
	EXPECT_LE(0, st_port_open(self->fd, self->create.port, 0));
	EXPECT_EQ(-EBUSY, st_port_open(self->fd, self->create.port, 0));
}

/* The bytes after the returned name are zero, whatever they were before. */
TEST_F(ports, the_answer_shows_nothing_but_the_name_and_the_index)
{
	struct stabletap_create expected;

	strcpy(self->create.name, "x%d");
	memset(self->create.name + 4, 0xa5, sizeof(self->create.name) - 5);
	self->create.mac[0] = 2;
	expected = self->create;
	ASSERT_EQ(0, CREATE());
	memset(expected.name, 0, sizeof(expected.name));
	strcpy(expected.name, "x0");
	expected.port = st_ifindex("x0");
	/* st_ioctl() has added a buffer for the error message. */
	expected.msg = self->create.msg;
	expected.msg_size = self->create.msg_size;
	EXPECT_EQ(0, memcmp(&expected, &self->create, sizeof(expected)));
}

TEST_F(ports, permissions_of_more_than_rwx_are_refused)
{
	static const __u32 perms[] = { 01000, 04755, 0x10180, UINT32_MAX };
	int i;

	self->create.flags = STABLETAP_CREATE_PERM;
	for (i = 0; i < ARRAY_SIZE(perms); i++) {
		self->create.perm = perms[i];
		EXPECT_REFUSED(-EINVAL, "The node's permissions must be 0001 to 0777");
	}
}

/* devtmpfs would create the node with mode 0600. */
TEST_F(ports, no_permissions_at_all_are_refused)
{
	self->create.flags = STABLETAP_CREATE_PERM;
	EXPECT_REFUSED(-EINVAL, "The node's permissions can't be 0");
}

TEST_F(ports, owner_group_and_perm_without_their_flag_are_refused)
{
	static const __u32 others[] = {
		STABLETAP_CREATE_GROUP | STABLETAP_CREATE_PERM,
		STABLETAP_CREATE_OWNER | STABLETAP_CREATE_PERM,
		STABLETAP_CREATE_OWNER | STABLETAP_CREATE_GROUP,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		self->create.owner = i == 0 || others[i] & STABLETAP_CREATE_OWNER;
		self->create.group = i == 1 || others[i] & STABLETAP_CREATE_GROUP;
		self->create.perm = 0600;
		self->create.flags = others[i];
		EXPECT_REFUSED(-EINVAL, "Owner, group or perm is set without its flag (STABLETAP_CREATE_OWNER, _GROUP, _PERM)");
	}
}

TEST_F(ports, all_permissions_up_to_0777_are_taken)
{
	struct stat st;

	self->create.flags = STABLETAP_CREATE_PERM;
	self->create.perm = 0777;
	ASSERT_EQ(0, CREATE());
	ASSERT_EQ(0, GET());
	EXPECT_EQ(0777, self->get.perm);
	ASSERT_EQ(0, node_stat(&self->get, &st));
	EXPECT_EQ(S_IFCHR | 0777, st.st_mode);
}

TEST_F(ports, an_owner_or_group_that_can_not_be_is_refused)
{
	self->create.flags = STABLETAP_CREATE_OWNER | STABLETAP_CREATE_GROUP;
	self->create.owner = UINT32_MAX;
	EXPECT_REFUSED(-EINVAL, "The node's owner or group does not exist in this user namespace");
	self->create.owner = 0;
	self->create.group = UINT32_MAX;
	EXPECT_REFUSED(-EINVAL, "The node's owner or group does not exist in this user namespace");
}

TEST_F(ports, holding_is_asked_for_when_a_port_is_created)
{
	self->create.on_detach = STABLETAP_ON_DETACH_HOLD;
	ASSERT_EQ(0, CREATE());
	ASSERT_EQ(0, GET());
	EXPECT_EQ(STABLETAP_ON_DETACH_HOLD, self->get.on_detach);
}

TEST_F(ports, an_unknown_policy_is_refused_when_a_port_is_made)
{
	self->create.on_detach = 2;
	EXPECT_REFUSED(-EOPNOTSUPP, "Unknown on-detach policy");
	self->create.on_detach = UINT32_MAX;
	EXPECT_REFUSED(-EOPNOTSUPP, "Unknown on-detach policy");
}

/* SET */

TEST_F(ports, holding_is_set_and_an_unknown_policy_refused)
{
	struct stabletap_set set = {
		.size = sizeof(set), .mask = STABLETAP_SET_ON_DETACH,
		.on_detach = STABLETAP_ON_DETACH_HOLD,
	};

	ASSERT_EQ(0, CREATE());
	set.port = self->create.port;
	EXPECT_EQ(0, st_ioctl(self->fd, STABLETAP_IOC_SET, &set));
	set.on_detach = 3;
	EXPECT_EQ(-EOPNOTSUPP, st_ioctl(self->fd, STABLETAP_IOC_SET, &set));
	EXPECT_STREQ("stabletap: Unknown on-detach policy", st_msg);
	ASSERT_EQ(0, GET());
	EXPECT_EQ(STABLETAP_ON_DETACH_HOLD, self->get.on_detach);
}

TEST_F(ports, dropping_can_be_set)
{
	struct stabletap_set set = {
		.size = sizeof(set), .mask = STABLETAP_SET_ON_DETACH,
		.on_detach = STABLETAP_ON_DETACH_DROP,
	};

	ASSERT_EQ(0, CREATE());
	set.port = self->create.port;
	EXPECT_EQ(0, st_ioctl(self->fd, STABLETAP_IOC_SET, &set));
}

TEST_F(ports, a_value_that_the_mask_does_not_name_is_refused)
{
	struct stabletap_set set = {
		.size = sizeof(set), .on_detach = STABLETAP_ON_DETACH_HOLD,
	};

	ASSERT_EQ(0, CREATE());
	set.port = self->create.port;
	EXPECT_EQ(-EINVAL, st_ioctl(self->fd, STABLETAP_IOC_SET, &set));
	EXPECT_STRNE("", st_msg);
}

TEST_F(ports, an_empty_mask_changes_nothing)
{
	struct stabletap_set set = { .size = sizeof(set) };

	ASSERT_EQ(0, CREATE());
	set.port = self->create.port;
	EXPECT_EQ(0, st_ioctl(self->fd, STABLETAP_IOC_SET, &set));
}

/* DELETE */

TEST_F(ports, a_port_is_deleted_with_its_node)
{
	struct stat st;

	ASSERT_EQ(0, CREATE());
	ASSERT_EQ(0, GET());
	ASSERT_EQ(0, node_stat(&self->get, &st));
	EXPECT_EQ(0, st_port_delete(self->fd, self->create.port, 0));
	EXPECT_EQ(-ENODEV, st_ifindex("stabletap0"));
	EXPECT_EQ(-ENOENT, node_stat(&self->get, &st));
	EXPECT_EQ(-ENODEV, st_port_delete(self->fd, self->create.port, 0));
}

TEST_F(ports, a_port_whose_node_is_open_is_not_deleted)
{
	int fd;

	ASSERT_EQ(0, CREATE());
	fd = st_port_open(self->fd, self->create.port, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBUSY, st_port_delete(self->fd, self->create.port, 0));
	EXPECT_STREQ("stabletap: The port's node is open; deleting the port would cut the guest off for good, so it needs force",
		     st_msg);
	EXPECT_EQ(self->create.port, st_ifindex("stabletap0"));
	close(fd);
	EXPECT_EQ(0, st_port_delete(self->fd, self->create.port, 0));
}

TEST_F(ports, a_port_whose_node_is_open_is_deleted_by_force)
{
	int fd;

	ASSERT_EQ(0, CREATE());
	fd = st_port_open(self->fd, self->create.port, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, st_port_delete(self->fd, self->create.port,
				    STABLETAP_DELETE_FORCE));
	EXPECT_EQ(-ENODEV, st_ifindex("stabletap0"));
}

TEST_F(ports, a_queue_that_is_switched_off_counts_as_open)
{
	struct stabletap_delete delete = { .size = sizeof(delete) };
	struct ifreq ifr = { .ifr_flags = IFF_DETACH_QUEUE };
	int fd;

	ASSERT_EQ(0, CREATE());
	fd = st_port_open(self->fd, self->create.port, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioctl(fd, TUNSETQUEUE, &ifr));
	delete.port = self->create.port;
	EXPECT_EQ(-EBUSY, st_ioctl(self->fd, STABLETAP_IOC_DELETE, &delete));
	EXPECT_EQ(-EBUSY, st_port_open(self->fd, self->create.port, 0));
	ASSERT_EQ(0, GET());
	EXPECT_EQ(1, self->get.open_queues);
}

/* GET */

TEST_F(ports, output_fields_may_hold_anything_before)
{
	struct stabletap_get clean;
	__u32 port;

	ASSERT_EQ(0, CREATE());
	port = self->create.port;
	memset(&self->get, 0xa5, sizeof(self->get));
	self->get.size = sizeof(self->get);
	self->get.flags = 0;
	self->get.port = port;
	self->get.msg = (uintptr_t)st_msg;
	self->get.msg_size = sizeof(st_msg);
	ASSERT_EQ(0, st_ioctl(self->fd, STABLETAP_IOC_GET, &self->get));
	ASSERT_EQ(0, st_get(self->fd, port, &clean));
	EXPECT_EQ(0, memcmp(&clean, &self->get, sizeof(clean)));
}

/* LIST */

static int list_ports(int fd, __u32 *array, __u32 room, __u32 *count)
{
	struct stabletap_list list = {
		.size = sizeof(list),
		.count = room,
		.ports = (uintptr_t)array,
	};
	int err = st_ioctl(fd, STABLETAP_IOC_LIST, &list);

	*count = list.count;
	return err;
}

FIXTURE(list) {
	int fd;
	int port[3];
	__u32 array[6];
	__u32 count;
};

FIXTURE_SETUP(list)
{
	int i;

	ASSERT_EQ(0, st_netns_new());
	self->fd = st_control_open();
	ASSERT_LE(0, self->fd);
	ASSERT_LT(0, st_link_add("d0", "dummy", 0));
	for (i = 0; i < 3; i++) {
		self->port[i] = st_port_new(self->fd, "vm%d", i, 1);
		ASSERT_LT(0, self->port[i]);
	}
	memset(self->array, 0xa5, sizeof(self->array));
}

FIXTURE_TEARDOWN(list)
{
	close(self->fd);
}

static bool in(const int *ports, __u32 ifindex)
{
	return ports[0] == ifindex || ports[1] == ifindex ||
	       ports[2] == ifindex;
}

TEST_F(list, all_ports_are_listed_once_and_nothing_else)
{
	ASSERT_EQ(0, list_ports(self->fd, self->array, 6, &self->count));
	EXPECT_EQ(3, self->count);
	EXPECT_TRUE(in(self->port, self->array[0]));
	EXPECT_TRUE(in(self->port, self->array[1]));
	EXPECT_TRUE(in(self->port, self->array[2]));
	EXPECT_NE(self->array[0], self->array[1]);
	EXPECT_NE(self->array[0], self->array[2]);
	EXPECT_NE(self->array[1], self->array[2]);
	EXPECT_EQ(0xa5a5a5a5, self->array[3]);
}

TEST_F(list, an_array_too_small_is_filled_and_the_count_returned)
{
	ASSERT_EQ(0, list_ports(self->fd, self->array, 2, &self->count));
	EXPECT_EQ(3, self->count);
	EXPECT_TRUE(in(self->port, self->array[0]));
	EXPECT_TRUE(in(self->port, self->array[1]));
	EXPECT_EQ(0xa5a5a5a5, self->array[2]);
}

TEST_F(list, without_an_array_the_count_is_returned)
{
	ASSERT_EQ(0, list_ports(self->fd, NULL, 0, &self->count));
	EXPECT_EQ(3, self->count);
}

TEST_F(list, a_bad_array_is_a_fault)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, page);
	ASSERT_EQ(0, munmap(page + 4096, 4096));
	EXPECT_EQ(-EFAULT, list_ports(self->fd, NULL, 3, &self->count));
	EXPECT_EQ(-EFAULT, list_ports(self->fd, (__u32 *)(page + 4096), 3,
				      &self->count));
	EXPECT_EQ(-EFAULT, list_ports(self->fd, (__u32 *)(page + 4088), 3,
				      &self->count));
	EXPECT_EQ(-EFAULT, list_ports(self->fd, (__u32 *)-4096L, 3,
				      &self->count));
	EXPECT_EQ(0, list_ports(self->fd, (__u32 *)(page + 4088), 2,
				&self->count));
}

TEST_F(list, a_huge_count_allocates_nothing)
{
	ASSERT_EQ(0, list_ports(self->fd, self->array, UINT32_MAX,
				&self->count));
	EXPECT_EQ(3, self->count);
	EXPECT_EQ(0xa5a5a5a5, self->array[3]);
}

TEST_F(list, a_namespace_without_ports_has_none)
{
	int other;

	ASSERT_EQ(0, st_netns_new());
	other = st_control_open();
	ASSERT_LE(0, other);
	EXPECT_EQ(0, list_ports(other, self->array, 6, &self->count));
	EXPECT_EQ(0, self->count);
	EXPECT_EQ(0xa5a5a5a5, self->array[0]);
	EXPECT_EQ(0, list_ports(other, NULL, 0, &self->count));
}

TEST_HARNESS_MAIN
