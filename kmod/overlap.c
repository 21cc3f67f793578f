// SPDX-License-Identifier: GPL-2.0
/*
 * Which frames a port accepts around a replace.
 *
 * Frames that the old lower has received before the switch may reach the port
 * after it: they wait for a softirq, or, if they are multicast, in a macvlan's
 * own queue, whose work item may run much later.  So for a moment after the
 * switch the port accepts what both lowers receive.
 *
 * If both lowers are on the same segment, they receive the same multicast
 * frames, at different times.  Each of these frames is accepted once: the port
 * counts, for each content, how often either lower has received it, and accepts
 * a frame only if its own lower has received it more often than the port has
 * accepted it.  This begins when the new lower is about to be set up, so only a
 * frame that was accepted from the old lower before, and is still under way at
 * the new one after the switch, is accepted twice.  It goes on for a moment after
 * the old lower's frames are accepted no more (release.c ends it), because what
 * was accepted from the old lower last is still under way at the new one.
 *
 * Other frames are not compared, because a switch sends a unicast frame to one
 * device: to the old one until it learns that the port is elsewhere.
 */
#include <linux/if_vlan.h>
#include <linux/jhash.h>
#include <linux/slab.h>

#include "overlap.h"

/*
 * So many different frames are remembered, in sets by their hash.  A set
 * forgets its oldest frame for a new one, so a copy may come as much later as it
 * takes to receive some 2000 other multicast frames.
 */
#define OVERLAP_SETS 256
#define OVERLAP_WAYS 8

/* For so long the old lower's frames are accepted, in milliseconds */
#define OVERLAP_ACCEPT_MS 40

/* So many bytes, and the sum and length of all, tell one frame from another. */
#define OVERLAP_BYTES 128

/**
 * struct overlap_frame - the multicast frames of one content
 * @hash: of the first bytes
 * @sum: of all bytes; with @hash it stands for the content
 * @received: how many the old and the new lower have received
 * @accepted: how many the port has accepted
 */
struct overlap_frame {
	u32 hash;
	u32 sum;
	u32 received[2];
	u32 accepted;
};

/**
 * struct stabletap_overlap - a replace of a port's lower
 * @port: the port
 * @old: the old lower
 * @end: jiffies; the old lower's frames are accepted until then
 * @lock: protects the following members
 * @rcu: for kvfree_rcu()
 * @frame: the sets; the newest frame of each comes first
 */
struct stabletap_overlap {
	struct stabletap_port	*port;
	struct stabletap_lower	*old;
	unsigned long		end;
	spinlock_t		lock;
	struct rcu_head		rcu;
	struct overlap_frame	frame[OVERLAP_SETS][OVERLAP_WAYS];
};

/* Returns NULL if memory is short: then there is no overlap. */
struct stabletap_overlap *stabletap_overlap_new(struct stabletap_port *port,
						struct stabletap_lower *old)
{
	struct stabletap_overlap *overlap;

	overlap = kvzalloc(sizeof(*overlap), GFP_KERNEL);
	if (!overlap)
		return NULL;
	overlap->port = port;
	overlap->old = old;
	spin_lock_init(&overlap->lock);
	return overlap;
}

/* Call this before port->lower points at the new lower. */
void stabletap_overlap_switch(struct stabletap_overlap *overlap)
{
	WRITE_ONCE(overlap->end,
		   jiffies + msecs_to_jiffies(OVERLAP_ACCEPT_MS) + 1);
}

/* Readers may still use it.  It may be NULL. */
void stabletap_overlap_free(struct stabletap_overlap *overlap)
{
	if (!overlap)
		return;
	kvfree_rcu(overlap, rcu);
}

/* The entry of a content, perhaps a new one */
static struct overlap_frame *overlap_find(struct stabletap_overlap *overlap,
					  u32 hash, u32 sum)
{
	struct overlap_frame *set = overlap->frame[hash % OVERLAP_SETS];
	int i;

	for (i = 0; i < OVERLAP_WAYS; i++)
		if (set[i].hash == hash && set[i].sum == sum)
			return &set[i];
	memmove(set + 1, set, (OVERLAP_WAYS - 1) * sizeof(*set));
	set[0] = (struct overlap_frame){ .hash = hash, .sum = sum };
	return set;
}

/* Hash and sum of a frame, from its Ethernet header on */
static void overlap_content(const struct sk_buff *skb, u32 *hash, u32 *sum)
{
	u8 bytes[OVERLAP_BYTES];
	unsigned int len = min_t(unsigned int, skb->len, sizeof(bytes));

	*hash = jhash(eth_hdr(skb), ETH_HLEN, skb->len);
	if (skb_vlan_tag_present(skb))
		*hash = jhash_2words(skb_vlan_tag_get(skb),
				     (__force u32)skb->vlan_proto, *hash);
	*sum = (__force u32)skb_checksum(skb, 0, skb->len, 0);
	if (!skb_copy_bits(skb, 0, bytes, len))
		*hash = jhash(bytes, len, *hash);
}

/**
 * stabletap_overlap_accepts - decide about a frame that a lower has received
 * @overlap: the replace
 * @lower: the lower
 * @skb: the frame
 *
 * Context: under RCU, with BH off.
 * Return: true if the port accepts the frame.
 */
bool stabletap_overlap_accepts(struct stabletap_overlap *overlap,
			       struct stabletap_lower *lower,
			       const struct sk_buff *skb)
{
	struct stabletap_lower *now = rcu_dereference(overlap->port->lower);
	bool accepts = now == lower;
	int which = lower != overlap->old;
	struct overlap_frame *frame;
	u32 hash, sum;

	/* Before the switch the old lower's alone, then, for a while, of both */
	if (!accepts && now != overlap->old) {
		/* Pairs with rcu_assign_pointer(): @end was set before. */
		smp_rmb();
		accepts = time_before(jiffies, READ_ONCE(overlap->end));
	}
	if (!is_multicast_ether_addr(eth_hdr(skb)->h_dest))
		return accepts;

	overlap_content(skb, &hash, &sum);
	spin_lock(&overlap->lock);
	frame = overlap_find(overlap, hash, sum);
	frame->received[which]++;
	accepts = accepts && frame->received[which] > frame->accepted;
	frame->accepted += accepts;
	spin_unlock(&overlap->lock);
	return accepts;
}
