// SPDX-License-Identifier: GPL-2.0
/*
 * Filter mode together with other users of a device's address lists, and when
 * memory is short. attach.c has the basic tests of filter mode.
 *
 *	fd -- vm1 -- mv0 -- v0 ==== p0
 *	      mv1.5 -- mv1 -- v1 ==== p1	mv1: the lower that is refused
 *	             taken -- v1		has the port's MAC address
 */
#include <errno.h>
#include <net/if.h>
#include <unistd.h>

#include "fault.h"
#include "harness.h"
#include "lists.h"
#include "scene.h"
#include "st.h"
#include "trace.h"

#define OTHER_MAC	"\x52\x54\x00\x00\x0f\x01"
#define UNICAST		"\x52\x54\x00\x00\x0e\x01"
#define MULTICAST	"\x01\x00\x5e\x7f\x00\x01"
#define LATER		"\x01\x00\x5e\x7f\x00\x02"

FIXTURE(filter) {
	struct scene s;
	int mv1;
	bool memory_is_short;
};

FIXTURE_SETUP(filter)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, scene_new(s, true, 1));
	ASSERT_EQ(0, scene_macvlan(s));
	ASSERT_EQ(0, fdb_set(s->port, UNICAST, true));
	ASSERT_EQ(0, maddr_set("vm1", MULTICAST, true));

	ASSERT_EQ(0, st_veth_add("v1", "p1", -1));
	self->mv1 = st_macvlan_add("mv1", st_ifindex("v1"),
				   (uint8_t *)OTHER_MAC, 0);
	ASSERT_LT(0, self->mv1);
	ASSERT_EQ(0, st_link_up(self->mv1, true));
	ASSERT_EQ(0, st_sh("ip link add mv1.5 link mv1 up type vlan id 5"));
	ASSERT_EQ(0, maddr_set("mv1.5", MULTICAST, true));
	ASSERT_TRUE(fdb_has(self->mv1, MULTICAST));
}

/*
 * While memory is short, the nth allocation of this thread that must not sleep
 * fails, and every such allocation of the kernel's workers.  New workers
 * inherit the setting from kthreadd, so kthreadd comes first.  The test
 * robust/failnth leaves ignore-gfp-wait off, so it is set here.
 */
#define FAILSLAB "/sys/kernel/debug/failslab/"

static int memory_is_short(bool is_short)
{
	return st_sh("for name in kthreadd kworker; do"
		     "  for pid in $(pgrep ^$name); do"
		     "    echo %d >/proc/$pid/make-it-fail; done; done 2>/dev/null;"
		     "cd " FAILSLAB " && echo Y >ignore-gfp-wait &&"
		     "echo Y >task-filter && echo -1 >times &&"
		     "echo %d >probability",
		     is_short, is_short ? 100 : 0);
}

FIXTURE_TEARDOWN(filter)
{
	/* The kernel's workers also serve the tests that follow. */
	if (self->memory_is_short)
		EXPECT_EQ(0, memory_is_short(false));
	trace_end();
	scene_end(&self->s);
}

static int attach(struct scene *s, int lower, uint32_t flags)
{
	return st_attach(s->control, s->port, lower,
			 STABLETAP_ATTACH_FILTER | flags);
}

TEST_F(filter, a_refused_replace_leaves_the_lists_of_both_devices)
{
	struct scene *s = &self->s;
	int taken, i;

	taken = st_macvlan_add("taken", st_ifindex("v1"),
			       (uint8_t *)ST_MAC_PORT, 0);
	ASSERT_LT(0, taken);
	ASSERT_EQ(0, st_link_up(taken, true));
	ASSERT_EQ(0, attach(s, s->mv0, 0));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(-EADDRINUSE, attach(s, self->mv1,
					      STABLETAP_ATTACH_REPLACE));

	EXPECT_TRUE(fdb_has(s->mv0, UNICAST));
	EXPECT_TRUE(fdb_has(s->mv0, MULTICAST));
	EXPECT_TRUE(fdb_lacks(self->mv1, UNICAST));
	EXPECT_TRUE(fdb_has(self->mv1, MULTICAST)) {
		TH_LOG("the VLAN on the refused device lost its group");
	}
	ASSERT_EQ(0, maddr_set("mv1.5", MULTICAST, false));
	EXPECT_TRUE(fdb_lacks(self->mv1, MULTICAST));

	ASSERT_EQ(0, st_detach(s->control, s->port));
	EXPECT_TRUE(fdb_lacks(s->mv0, UNICAST));
	EXPECT_TRUE(fdb_lacks(s->mv0, MULTICAST));
}

TEST_F(filter, a_replace_moves_the_lists_and_leaves_those_of_others)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, attach(s, s->mv0, 0));
	ASSERT_EQ(0, attach(s, self->mv1, STABLETAP_ATTACH_REPLACE));
	EXPECT_TRUE(fdb_lacks(s->mv0, UNICAST));
	EXPECT_TRUE(fdb_lacks(s->mv0, MULTICAST));
	EXPECT_TRUE(fdb_has(self->mv1, UNICAST));

	/* The group stays as long as one of its two users does. */
	ASSERT_EQ(0, maddr_set("mv1.5", MULTICAST, false));
	EXPECT_TRUE(fdb_has(self->mv1, MULTICAST));
	ASSERT_EQ(0, maddr_set("mv1.5", MULTICAST, true));
	ASSERT_EQ(0, attach(s, s->mv0, STABLETAP_ATTACH_REPLACE));
	EXPECT_TRUE(fdb_has(s->mv0, MULTICAST));
	EXPECT_TRUE(fdb_has(self->mv1, MULTICAST));
	EXPECT_TRUE(fdb_lacks(self->mv1, UNICAST));
	ASSERT_EQ(0, maddr_set("mv1.5", MULTICAST, false));
	EXPECT_TRUE(fdb_lacks(self->mv1, MULTICAST));
}

TEST_F(filter, a_change_of_mode_leaves_the_lists_of_others)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, st_attach(s->control, s->port, self->mv1, 0));
	ASSERT_EQ(0, attach(s, self->mv1, STABLETAP_ATTACH_REPLACE));
	EXPECT_TRUE(fdb_has(self->mv1, UNICAST));
	ASSERT_EQ(0, st_attach(s->control, s->port, self->mv1,
			       STABLETAP_ATTACH_REPLACE));
	EXPECT_TRUE(fdb_lacks(self->mv1, UNICAST));
	EXPECT_TRUE(fdb_has(self->mv1, MULTICAST));
	ASSERT_EQ(0, maddr_set("mv1.5", MULTICAST, false));
	EXPECT_TRUE(fdb_lacks(self->mv1, MULTICAST));
}

TEST_F(filter, a_VLAN_follows_the_lists)
{
	struct scene *s = &self->s;
	int vlan;

	ASSERT_EQ(0, st_sh("ip link add v0.7 link v0 type vlan id 7"));
	vlan = st_ifindex("v0.7");
	ASSERT_EQ(0, attach(s, vlan, 0));
	EXPECT_TRUE(fdb_has(vlan, MULTICAST));
	EXPECT_EQ(0, maddr_set("vm1", LATER, true));
	EXPECT_TRUE(fdb_has(vlan, LATER));
	EXPECT_EQ(0, maddr_set("vm1", LATER, false));
	EXPECT_TRUE(fdb_lacks(vlan, LATER));
	ASSERT_EQ(0, st_detach(s->control, s->port));
	EXPECT_TRUE(fdb_lacks(vlan, MULTICAST));
}

static bool is_incomplete(void *arg);

/*
 * A device that is down takes addresses, and passes them on when it is set up.
 */
TEST_F(filter, a_VLAN_that_is_down_does_not_count_as_incomplete)
{
	struct scene *s = &self->s;
	int vlan;

	ASSERT_EQ(0, st_sh("ip link add v0.7 link v0 type vlan id 7"));
	vlan = st_ifindex("v0.7");
	ASSERT_EQ(0, attach(s, vlan, 0));
	ASSERT_EQ(0, st_link_up(vlan, false));
	EXPECT_EQ(0, maddr_set("vm1", LATER, true));
	EXPECT_TRUE(fdb_has(vlan, LATER));
	/* There is no event to wait for, so wait a while. */
	EXPECT_FALSE(st_wait(is_incomplete, s, 500));
	ASSERT_EQ(0, st_link_up(vlan, true));
	EXPECT_TRUE(fdb_has(s->v0, LATER));
	EXPECT_EQ(STABLETAP_ATTACH_FILTER, scene_get(s)->attach_flags);
}

/*
 * 7.3 applies the lists from a work queue, which waits for RTNL; the module
 * must not rely on that.
 */
TEST_F(filter, a_macvlan_knows_its_lists_before_attach_returns)
{
	struct scene *s = &self->s;
	int tracer = trace_begin("macvlan_set_mac_lists");

	if (tracer == -EOPNOTSUPP)
		SKIP(return, NO_TRACER);
	ASSERT_EQ(0, tracer);
	EXPECT_EQ(0, attach(s, s->mv0, 0));
	EXPECT_LT(0, trace_calls());
	EXPECT_TRUE(fdb_has(s->v0, UNICAST));
	EXPECT_EQ(0, scene_peer_broadcast(s));
	EXPECT_EQ(0, scene_await_fd(s, s->number, SCENE_DEADLINE));
}

static bool is_incomplete(void *arg)
{
	const struct stabletap_get *get = scene_get(arg);

	return get->attach_flags == (STABLETAP_ATTACH_FILTER |
				     STABLETAP_ATTACH_INCOMPLETE) &&
	       scene_flags("v0.7") & IFF_PROMISC;
}

#define FAULTS_ROUND	29
#define FAULTS		(5 * FAULTS_ROUND)

static bool is_complete(void *arg)
{
	return scene_get(arg)->attach_flags == STABLETAP_ATTACH_FILTER &&
	       !(scene_flags("v0.7") & IFF_PROMISC);
}

TEST_F(filter, without_memory_for_an_address_the_lower_is_promiscuous)
{
	struct scene *s = &self->s;
	char said[FAULTS * 8] = "";
	int vlan, i, err, fd;

	fd = fault_open();
	if (fd == -ENOENT)
		SKIP(return, NO_FAULTS);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, st_sh("ip link add v0.7 link v0 type vlan id 7"));
	vlan = st_ifindex("v0.7");
	ASSERT_EQ(0, attach(s, vlan, 0));
	EXPECT_TRUE(is_complete(s));

	/*
	 * Two of the first allocations are the entries on the port's list and
	 * on the lower's.  Debugging code of the kernel allocates memory too,
	 * which shifts the numbers, so one round may miss the lower's entry.
	 */
	self->memory_is_short = true;
	ASSERT_EQ(0, memory_is_short(true));
	for (i = 0; i < FAULTS; i++) {
		ASSERT_EQ(0, fault_arm(fd, 1 + i % FAULTS_ROUND));
		/*
		 * On 7.3 a worker allocates the lower's entry; all its
		 * allocations fail.
		 */
		err = maddr_ask("vm1", LATER, true);
		ASSERT_EQ(0, fault_arm(fd, 0));
		snprintf(said + strlen(said), 8, " %d", err);
		if (err)
			continue;
		if (!fdb_has(vlan, LATER))
			break;
		ASSERT_EQ(0, maddr_set("vm1", LATER, false));
	}
	close(fd);
	ASSERT_LT(i, FAULTS) {
		TH_LOG("the port's answers:%s", said);
	}
	EXPECT_TRUE(st_wait(is_incomplete, s, SCENE_DEADLINE));
	EXPECT_TRUE(fdb_lacks(vlan, LATER));
	ASSERT_EQ(0, memory_is_short(false));
	self->memory_is_short = false;

	/* The next change of the lists adds the missing address. */
	EXPECT_TRUE(is_incomplete(s));
	EXPECT_EQ(0, fdb_set(s->port, OTHER_MAC, true));
	EXPECT_TRUE(st_wait(is_complete, s, SCENE_DEADLINE));
	EXPECT_TRUE(fdb_has(vlan, LATER));
}

TEST_HARNESS_MAIN
