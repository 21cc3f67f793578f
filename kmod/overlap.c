// SPDX-License-Identifier: GPL-2.0
/*
 * Which frames a port accepts around a replace.
 *
 * Frames that the old lower has received before the switch may reach the port
 * after it: they wait for a softirq, or, if they are multicast, in a macvlan's
 * own queue, whose work item may run much later.  So for a moment after the
 * switch the port accepts what both lowers receive (release.c ends that).
 *
 * If both lowers are on the same segment, they receive the same multicast
 * frames, at different times.  Each of these frames is accepted once: the port
 * counts, for each content, how often either lower has received it, and accepts
 * a frame only if its own lower has received it more often than the port has
 * accepted it.  This begins when the new lower is about to be set up, so only a
 * frame that was accepted from the old lower before, and is still under way at
 * the new one after the switch, is accepted twice.
 *
 * Other frames are not compared: a switch sends a unicast frame to one device.
 */
#include <linux/jhash.h>
#include <linux/slab.h>

#include "overlap.h"

/* How many different frames are remembered; the following ones may double. */
#define OVERLAP_FRAMES 512

/* So many bytes, and the sum and length of all, tell one frame from another. */
#define OVERLAP_BYTES 128

/**
 * struct overlap_frame - the multicast frames of one content
 * @hash: of the first bytes
 * @sum: of all bytes; with @hash it stands for the content
 * @received: how many the old and the new lower have received
 * @accepted: how many the port has accepted; 0 with no reception: entry is free
 */
struct overlap_frame {
	u32 hash;
	u32 sum;
	u16 received[2];
	u16 accepted;
};

/**
 * struct stabletap_overlap - a replace of a port's lower
 * @port: the port
 * @old: the old lower
 * @lock: protects the following members
 * @used: number of entries in use
 * @frame: the entries, by @hash; the next ones if that one is taken
 * @rcu: for kfree_rcu()
 */
struct stabletap_overlap {
	struct stabletap_port	*port;
	struct stabletap_lower	*old;
	spinlock_t		lock;
	unsigned int		used;
	struct overlap_frame	frame[OVERLAP_FRAMES];
	struct rcu_head		rcu;
};

/* Returns NULL if memory is short: then there is no overlap. */
struct stabletap_overlap *stabletap_overlap_new(struct stabletap_port *port,
						struct stabletap_lower *old)
{
	struct stabletap_overlap *overlap;

	overlap = kzalloc(sizeof(*overlap), GFP_KERNEL | __GFP_NOWARN);
	if (!overlap)
		return NULL;
	overlap->port = port;
	overlap->old = old;
	spin_lock_init(&overlap->lock);
	return overlap;
}

/* Readers may still use it. */
void stabletap_overlap_free(struct stabletap_overlap *overlap)
{
	kfree_rcu(overlap, rcu);
}

/* The entry of a content, perhaps a new one; NULL if there is no room. */
static struct overlap_frame *overlap_find(struct stabletap_overlap *overlap,
					  u32 hash, u32 sum)
{
	struct overlap_frame *frame;
	unsigned int i;

	for (i = 0; i < OVERLAP_FRAMES; i++) {
		frame = &overlap->frame[(hash + i) % OVERLAP_FRAMES];
		if (!frame->received[0] && !frame->received[1])
			break;
		if (frame->hash == hash && frame->sum == sum)
			return frame;
	}
	if (overlap->used == OVERLAP_FRAMES)
		return NULL;
	overlap->used++;
	frame->hash = hash;
	frame->sum = sum;
	return frame;
}

/* Hash and sum of a frame, from its Ethernet header on */
static void overlap_content(const struct sk_buff *skb, u32 *hash, u32 *sum)
{
	u8 bytes[OVERLAP_BYTES];
	unsigned int len = min_t(unsigned int, skb->len, sizeof(bytes));

	*hash = jhash(eth_hdr(skb), ETH_HLEN, skb->len);
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
	/* Before the switch only the old lower's, after it those of both */
	bool accepts = now == lower || now != overlap->old;
	int which = lower != overlap->old;
	struct overlap_frame *frame;
	u32 hash, sum;

	if (!is_multicast_ether_addr(eth_hdr(skb)->h_dest))
		return accepts;

	overlap_content(skb, &hash, &sum);
	spin_lock(&overlap->lock);
	frame = overlap_find(overlap, hash, sum);
	if (frame) {
		frame->received[which]++;
		accepts = accepts && frame->received[which] > frame->accepted;
		frame->accepted += accepts;
	}
	spin_unlock(&overlap->lock);
	return accepts;
}
