// SPDX-License-Identifier: GPL-2.0
/*
 * Which frames a port accepts from both lowers of a replace.  Port, lowers and
 * devices are not registered; the frames come to the decision itself.
 */
#include <kunit/test.h>

#include "../../kmod/overlap.c"

#define PAYLOAD		200	/* bytes; more than OVERLAP_BYTES */
#define COPIES		4	/* frames that both lowers receive */

/* A replace.  lower[0] is the old lower, lower[1] the new one. */
struct scene {
	struct stabletap_port port;
	struct stabletap_lower lower[2];
	struct stabletap_overlap *overlap;
	struct sk_buff *skb;
};

static void scene_begin(struct scene *scene)
{
	RCU_INIT_POINTER(scene->port.lower, &scene->lower[0]);
	memset(scene->overlap->frame, 0, sizeof(scene->overlap->frame));
	scene->overlap->end = 0;
}

/* Switch, and accept the old lower's frames for as long as the test takes. */
static void scene_switch(struct scene *scene)
{
	scene->overlap->end = jiffies + 600 * HZ;
	RCU_INIT_POINTER(scene->port.lower, &scene->lower[1]);
}

static int overlap_test_init(struct kunit *test)
{
	struct scene *scene;

	scene = kunit_kzalloc(test, sizeof(*scene), GFP_KERNEL);
	if (!scene)
		return -ENOMEM;
	scene->skb = alloc_skb(ETH_HLEN + PAYLOAD, GFP_KERNEL);
	scene->overlap = stabletap_overlap_new(&scene->port, &scene->lower[0]);
	test->priv = scene;
	if (!scene->skb || !scene->overlap)
		return -ENOMEM;
	skb_reset_mac_header(scene->skb);
	skb_put_zero(scene->skb, ETH_HLEN + PAYLOAD);
	skb_pull(scene->skb, ETH_HLEN);
	scene_begin(scene);
	return 0;
}

static void overlap_test_exit(struct kunit *test)
{
	struct scene *scene = test->priv;

	if (!scene)
		return;
	stabletap_overlap_free(scene->overlap);
	kfree_skb(scene->skb);
}

/* Number of frames that the port accepts, 0 or 1, if @lower receives one now */
static int receive(struct scene *scene, int lower, u8 dst, u32 content)
{
	struct ethhdr *eth = eth_hdr(scene->skb);
	bool accepted;

	memset(eth->h_dest, dst, ETH_ALEN);
	memcpy(scene->skb->data, &content, sizeof(content));
	local_bh_disable();
	rcu_read_lock();
	accepted = stabletap_overlap_accepts(scene->overlap,
					     &scene->lower[lower], scene->skb);
	rcu_read_unlock();
	local_bh_enable();
	return accepted;
}

static int receive_broadcast(struct scene *scene, int lower, u32 content)
{
	return receive(scene, lower, 0xff, content);
}

static int receive_unicast(struct scene *scene, int lower, u32 content)
{
	return receive(scene, lower, 0x02, content);
}

/*
 * Both lowers receive the same four frames, three of which are identical.  Bit
 * i of @order is the lower that receives next; before arrival @at the port
 * switches.
 */
static void expect_each_once(struct kunit *test, unsigned int order, int at)
{
	static const u32 contents[COPIES] = { 1, 2, 1, 1 };
	struct scene *scene = test->priv;
	int next[2] = {}, accepted[3] = {};
	int i, which;
	u32 content;

	scene_begin(scene);
	for (i = 0; i < 2 * COPIES; i++) {
		if (i == at)
			scene_switch(scene);
		which = order >> i & 1;
		content = contents[next[which]++];
		accepted[content] += receive_broadcast(scene, which, content);
	}
	KUNIT_EXPECT_EQ_MSG(test, accepted[1], 3, "order 0x%x, switch at %d",
			    order, at);
	KUNIT_EXPECT_EQ_MSG(test, accepted[2], 1, "order 0x%x, switch at %d",
			    order, at);
}

static void each_broadcast_is_accepted_once_in_any_order(struct kunit *test)
{
	unsigned int order;
	int at;

	for (order = 0; order < BIT(2 * COPIES); order++) {
		if (hweight32(order) != COPIES)
			continue;
		for (at = 0; at <= 2 * COPIES; at++)
			expect_each_once(test, order, at);
	}
}

static void before_the_switch_only_the_old_lower_is_heard(struct kunit *test)
{
	struct scene *scene = test->priv;

	KUNIT_EXPECT_EQ(test, receive_broadcast(scene, 1, 1), 0);
	KUNIT_EXPECT_EQ(test, receive_unicast(scene, 1, 1), 0);
	KUNIT_EXPECT_EQ(test, receive_broadcast(scene, 0, 2), 1);
	KUNIT_EXPECT_EQ(test, receive_unicast(scene, 0, 2), 1);
}

static void a_broadcast_of_one_segment_is_accepted(struct kunit *test)
{
	struct scene *scene = test->priv;

	scene_switch(scene);
	KUNIT_EXPECT_EQ(test, receive_broadcast(scene, 0, 1), 1);
	KUNIT_EXPECT_EQ(test, receive_broadcast(scene, 0, 1), 1);
	KUNIT_EXPECT_EQ(test, receive_broadcast(scene, 1, 2), 1);
	KUNIT_EXPECT_EQ(test, receive_broadcast(scene, 1, 2), 1);
}

static void one_more_identical_frame_is_another_frame(struct kunit *test)
{
	struct scene *scene = test->priv;
	int i, accepted = 0;

	for (i = 0; i < 3; i++)
		accepted += receive_broadcast(scene, 0, 1);
	scene_switch(scene);
	for (i = 0; i < 3; i++)
		accepted += receive_broadcast(scene, 1, 1);
	KUNIT_EXPECT_EQ(test, accepted, 3);
	KUNIT_EXPECT_EQ(test, receive_broadcast(scene, 1, 1), 1);
}

static void unicast_frames_are_not_compared(struct kunit *test)
{
	struct scene *scene = test->priv;

	KUNIT_EXPECT_EQ(test, receive_unicast(scene, 0, 1), 1);
	scene_switch(scene);
	KUNIT_EXPECT_EQ(test, receive_unicast(scene, 1, 1), 1);
	KUNIT_EXPECT_EQ(test, receive_unicast(scene, 0, 1), 1);
	KUNIT_EXPECT_EQ(test, receive_unicast(scene, 1, 1), 1);
}

static void the_old_lower_is_heard_only_until_the_end(struct kunit *test)
{
	struct scene *scene = test->priv;

	scene_switch(scene);
	scene->overlap->end = jiffies - 1;
	KUNIT_EXPECT_EQ(test, receive_unicast(scene, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, receive_broadcast(scene, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, receive_unicast(scene, 1, 1), 1);
	KUNIT_EXPECT_EQ(test, receive_broadcast(scene, 1, 1), 1);
}

/* What the port has accepted from the old lower can still come by the new one. */
static void after_the_end_copies_are_still_refused(struct kunit *test)
{
	struct scene *scene = test->priv;

	scene_switch(scene);
	KUNIT_EXPECT_EQ(test, receive_broadcast(scene, 0, 1), 1);
	scene->overlap->end = jiffies - 1;
	KUNIT_EXPECT_EQ(test, receive_broadcast(scene, 1, 1), 0);
}

static void the_switch_sets_the_end(struct kunit *test)
{
	struct stabletap_overlap *overlap =
		((struct scene *)test->priv)->overlap;
	unsigned long accept = msecs_to_jiffies(OVERLAP_ACCEPT_MS);
	unsigned long before = jiffies;

	stabletap_overlap_switch(overlap);
	KUNIT_EXPECT_TRUE(test, time_after_eq(overlap->end, before + accept));
	KUNIT_EXPECT_TRUE(test,
			  time_before_eq(overlap->end, jiffies + accept + 1));
}

/* The frames are longer than what is hashed, and one bit of each differs. */
static void frames_that_differ_in_one_byte_differ(struct kunit *test)
{
	struct scene *scene = test->priv;
	u8 *byte;
	int i;

	for (i = 0; i < ETH_HLEN + PAYLOAD; i++) {
		scene_begin(scene);
		KUNIT_EXPECT_EQ(test, receive_broadcast(scene, 0, 1), 1);
		scene_switch(scene);
		KUNIT_EXPECT_EQ(test, receive_broadcast(scene, 1, 1), 0);
		/* receive() writes the first bytes of both parts. */
		if (i < ETH_ALEN || (i >= ETH_HLEN && i < ETH_HLEN + 4))
			continue;
		byte = skb_mac_header(scene->skb) + i;
		*byte ^= 0x02;
		KUNIT_EXPECT_EQ_MSG(test, receive_broadcast(scene, 1, 1), 1,
				    "byte %d", i);
		*byte ^= 0x02;
	}
}

/* Whatever their sets are */
static void a_frame_is_remembered_over_seven_others(struct kunit *test)
{
	struct scene *scene = test->priv;
	u32 i, base;

	for (base = 0; base < 100 * OVERLAP_WAYS; base += OVERLAP_WAYS) {
		scene_begin(scene);
		KUNIT_EXPECT_EQ(test, receive_broadcast(scene, 0, base), 1);
		for (i = 1; i < OVERLAP_WAYS; i++)
			receive_broadcast(scene, 0, base + i);
		scene_switch(scene);
		KUNIT_EXPECT_EQ(test, receive_broadcast(scene, 1, base), 0);
	}
}

static void after_thousands_of_others_a_frame_is_new(struct kunit *test)
{
	struct scene *scene = test->priv;
	u32 i;

	KUNIT_EXPECT_EQ(test, receive_broadcast(scene, 0, 0), 1);
	for (i = 1; i < 8 * OVERLAP_SETS * OVERLAP_WAYS; i++)
		receive_broadcast(scene, 0, i);
	scene_switch(scene);
	KUNIT_EXPECT_EQ(test, receive_broadcast(scene, 1, 0), 1);
}

static struct kunit_case overlap_test_cases[] = {
	KUNIT_CASE(each_broadcast_is_accepted_once_in_any_order),
	KUNIT_CASE(before_the_switch_only_the_old_lower_is_heard),
	KUNIT_CASE(a_broadcast_of_one_segment_is_accepted),
	KUNIT_CASE(one_more_identical_frame_is_another_frame),
	KUNIT_CASE(unicast_frames_are_not_compared),
	KUNIT_CASE(the_old_lower_is_heard_only_until_the_end),
	KUNIT_CASE(after_the_end_copies_are_still_refused),
	KUNIT_CASE(the_switch_sets_the_end),
	KUNIT_CASE(frames_that_differ_in_one_byte_differ),
	KUNIT_CASE(a_frame_is_remembered_over_seven_others),
	KUNIT_CASE(after_thousands_of_others_a_frame_is_new),
	{}
};

static struct kunit_suite overlap_test_suite = {
	.name		= "stabletap_overlap",
	.init		= overlap_test_init,
	.exit		= overlap_test_exit,
	.test_cases	= overlap_test_cases,
};

kunit_test_suite(overlap_test_suite);
