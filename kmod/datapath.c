// SPDX-License-Identifier: GPL-2.0
/*
 * The path of a frame through a port: the only file with code that runs for
 * each frame.
 *
 *	tap core -> the port's ndo_start_xmit -> lower
 *	lower -> the lower's rx_handler -> the port's rx_handler -> tap core
 *
 * Frames from any other device than port->lower are dropped, but for a moment
 * after a replace (overlap.c).  The port transmits to port->tx, which is
 * port->lower too, unless frames are held (hold.c).
 */
#include <linux/if_macvlan.h>
#include <linux/if_vlan.h>
#include <linux/sizes.h>
#include <net/sch_generic.h>

#include "datapath.h"
#include "hold.h"
#include "overlap.h"
#include "report.h"

/*
 * The longest frame that a container's port accepts (BIG TCP and tun devices
 * make longer ones), and the most memory that a frame may occupy.  A frame that
 * GRO has built from 45 pages is below the second limit; a frame of hundreds of
 * IP fragments, each with an sk_buff of its own, exceeds it.
 */
#define DATAPATH_MAX_LEN	(SZ_64K + VLAN_ETH_HLEN)
#define DATAPATH_MAX_MEMORY	SZ_256K

/* How long held frames are sent at a time, perhaps under RTNL, in milliseconds */
#define DATAPATH_RESUME_MS	5

/* Transmit */

/* Returns true if the queue that the device has now takes no frame. */
static int xmit_is_deaf(struct net_device *dev,
			struct netdev_nested_priv *unused)
{
	return !netif_running(dev) || !netif_carrier_ok(dev) ||
	       qdisc_tx_is_noop(dev);
}

/*
 * Returns true if the device accepted the frame.  NET_XMIT_CN is ambiguous: a
 * congested queue returns it for a frame that it accepted, but noop_qdisc, the
 * queue of a device that is down or without carrier, returns it for every frame
 * and drops them.  The device with noop_qdisc may be one below @dev.  (Below a
 * bond this can be a member that the frame was not sent to; then a frame that a
 * congested queue accepted is counted as dropped.)
 */
static bool xmit_took(struct net_device *dev, int ret)
{
	if (likely(ret == NET_XMIT_SUCCESS))
		return true;
	return ret == NET_XMIT_CN && !xmit_is_deaf(dev, NULL) &&
	       !netdev_walk_all_lower_dev_rcu(dev, xmit_is_deaf, NULL);
}

static void xmit_count(struct stabletap_port *port, unsigned int len)
{
	struct stabletap_pcpu *stats = this_cpu_ptr(port->stats);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_inc(&stats->counter[STABLETAP_TX_PACKETS]);
	u64_stats_add(&stats->counter[STABLETAP_TX_BYTES], len);
	u64_stats_update_end(&stats->syncp);
}

/* xmit_is_valid() for a frame that some devices can't send as it is */
static noinline bool xmit_needs_nothing(struct sk_buff *skb)
{
	netdev_features_t features;

	/* A guest's GSO frame is checked again for each device but the port. */
	if (skb_vlan_tag_present(skb) ||
	    skb_shinfo(skb)->gso_type & SKB_GSO_DODGY)
		return false;

	features = netif_skb_features(skb);
	return !netif_needs_gso(skb, features) &&
	       !skb_needs_linearize(skb, features) &&
	       (skb->ip_summed != CHECKSUM_PARTIAL ||
		(features & NETIF_F_HW_CSUM && !skb_csum_is_sctp(skb)));
}

/*
 * Returns true if validate_xmit_skb(), which prepares a frame for what the
 * device can do, would change nothing.  skb->dev is the device.
 */
static __always_inline bool xmit_is_valid(struct sk_buff *skb)
{
	return likely(!skb_is_nonlinear(skb) && !skb_is_gso(skb) &&
		      !skb_vlan_tag_present(skb) &&
		      skb->ip_summed != CHECKSUM_PARTIAL) ||
	       xmit_needs_nothing(skb);
}

/* Returns true if the frame lacks the checksum of SCTP. */
static bool xmit_is_sctp(struct sk_buff *skb)
{
	return skb->ip_summed == CHECKSUM_PARTIAL && skb_csum_is_sctp(skb);
}

/*
 * Returns true if all that dev_queue_xmit() would do is to call the device's
 * ndo_start_xmit: there is no queue and no lock, nothing looks at the frame,
 * and the frame needs no preparation.  What a macvlan can't do, its parent's
 * dev_queue_xmit() does, or the receiver: another macvlan of the parent.  But
 * no receiver completes the checksum of SCTP.
 */
static __always_inline bool xmit_is_short(struct sk_buff *skb,
					  struct net_device *dev)
{
	const struct netdev_queue *txq = netdev_get_tx_queue(dev, 0);

	return dev->priv_flags & IFF_NO_QUEUE && stabletap_is_lltx(dev) &&
	       READ_ONCE(dev->real_num_tx_queues) == 1 &&
	       READ_ONCE(dev->flags) & IFF_UP &&
	       !rcu_dereference_bh(txq->qdisc)->enqueue &&
	       !netif_xmit_stopped(txq) && !stabletap_is_watched_tx(dev) &&
	       (netif_is_macvlan(dev) ? !xmit_is_sctp(skb) :
					xmit_is_valid(skb));
}

/* What is left of dev_queue_xmit() if xmit_is_short() */
static __always_inline int xmit_start(struct sk_buff *skb,
				      struct net_device *dev)
{
	struct netdev_queue *txq = netdev_get_tx_queue(dev, 0);
	int ret;

	skb_set_queue_mapping(skb, 0);
	ret = netdev_start_xmit(skb, dev, txq, false);
	if (likely(dev_xmit_complete(ret)))
		return ret;
	/* Busy: as dev_queue_xmit() does for a device without a queue */
	kfree_skb(skb);
	return -ENETDOWN;
}

/*
 * Returns true if all that a macvlan would do is to count the frame and to give
 * it to its parent.  In bridge mode it also looks for other macvlans that the
 * frame is for, and for itself.
 */
static __always_inline bool
xmit_is_passed_on(const struct sk_buff *skb,
		  const struct stabletap_lower *lower)
{
	const struct macvlan_dev *vlan = netdev_priv(lower->dev);

	return !vlan->accel_priv &&
	       (READ_ONCE(vlan->mode) != MACVLAN_MODE_BRIDGE ||
		(READ_ONCE(lower->alone) &&
		 !data_race(ether_addr_equal_64bits(skb_eth_hdr(skb)->h_dest,
						    lower->dev->dev_addr))));
}

/* Count a frame as a macvlan does that has passed it on. */
static __always_inline void xmit_count_passed(const struct macvlan_dev *vlan,
					      unsigned int len, int ret)
{
	struct vlan_pcpu_stats *stats = this_cpu_ptr(vlan->pcpu_stats);

	if (likely(ret == NET_XMIT_SUCCESS || ret == NET_XMIT_CN)) {
		u64_stats_update_begin(&stats->syncp);
		stabletap_vlan_stats_add(&stats->tx_packets, 1);
		stabletap_vlan_stats_add(&stats->tx_bytes, len);
		u64_stats_update_end(&stats->syncp);
	} else {
		this_cpu_inc(vlan->pcpu_stats->tx_dropped);
	}
}

/* Send a frame through the lower.  Returns NET_XMIT_* or an error. */
static __always_inline int xmit_to(struct sk_buff *skb,
				   const struct stabletap_lower *lower)
{
	struct net_device *dev = lower->dev;
	const struct macvlan_dev *vlan = NULL;
	unsigned int len = skb->len;
	bool is_short;
	int ret;

	skb->dev = dev;
	is_short = xmit_is_short(skb, dev);
	if (is_short && netif_is_macvlan(dev) &&
	    xmit_is_passed_on(skb, lower)) {
		vlan = netdev_priv(dev);
		dev = vlan->lowerdev;
		skb->dev = dev;
		/* As the macvlan's own, so that the parent chooses the same */
		skb_set_queue_mapping(skb, 0);
		is_short = xmit_is_short(skb, dev);
	}
	ret = is_short ? xmit_start(skb, dev) : dev_queue_xmit(skb);
	if (vlan)
		xmit_count_passed(vlan, len, ret);
	return ret;
}

static __always_inline int xmit_count_to(struct stabletap_port *port,
					 struct sk_buff *skb,
					 const struct stabletap_lower *lower)
{
	unsigned int len = skb->len;
	int ret;

	ret = xmit_to(skb, lower);
	if (xmit_took(lower->dev, ret))
		xmit_count(port, len);
	else
		stabletap_report_lost(port, STABLETAP_TX_LOWER);
	return ret;
}

/* The same for a frame that comes another way than most */
static noinline void xmit_rare(struct stabletap_port *port, struct sk_buff *skb,
			       const struct stabletap_lower *lower)
{
	xmit_count_to(port, skb, lower);
}

static void xmit_batch(struct stabletap_port *port, struct sk_buff_head *batch,
		       const struct stabletap_lower *lower)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(batch)))
		xmit_rare(port, skb, lower);
	stabletap_hold_sent(port);
}

/* The port has no lower, or frames that it holds come first. */
static noinline void xmit_later(struct stabletap_port *port,
				struct sk_buff *skb)
{
	struct stabletap_lower *lower;
	struct sk_buff_head batch;

	__skb_queue_head_init(&batch);
	lower = stabletap_hold_frame(port, skb, &batch);
	if (!skb_queue_empty(&batch))
		xmit_batch(port, &batch, lower);
	else if (lower)
		xmit_rare(port, skb, lower);
}

/* The port's ndo_start_xmit, called with BH off, under RCU */
netdev_tx_t stabletap_datapath_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct stabletap_port *port = netdev_priv(dev);
	struct stabletap_lower *lower;

	lower = rcu_dereference_bh(port->tx);
	if (likely(lower))
		return xmit_count_to(port, skb, lower);
	xmit_later(port, skb);
	return NETDEV_TX_OK;
}

/**
 * stabletap_datapath_can_send - find out if a device would send a frame now
 * @dev: the device
 *
 * Context: under RCU or RTNL.
 * Return: false if the device, or the one below a macvlan or VLAN, is down, has
 * no carrier, or waits until linkwatch gives it its queue back.
 */
bool stabletap_datapath_can_send(struct net_device *dev)
{
	for (;;) {
		if (xmit_is_deaf(dev, NULL))
			return false;
		if (netif_is_macvlan(dev))
			dev = ((struct macvlan_dev *)netdev_priv(dev))->lowerdev;
		else if (is_vlan_dev(dev))
			dev = vlan_dev_priv(dev)->real_dev;
		else
			return true;
	}
}

/**
 * stabletap_datapath_resume - send what a port holds, and then as usual
 * @port: the port
 *
 * Does nothing if the port has no lower.  Ends when the lower can't send any
 * more, and after a while, because a loop in the topology could bring the frames
 * back for ever.
 *
 * Context: may sleep.
 * Return: false if the caller has to try again later.
 */
bool stabletap_datapath_resume(struct stabletap_port *port)
{
	unsigned long end = jiffies + msecs_to_jiffies(DATAPATH_RESUME_MS);
	struct stabletap_lower *lower;
	struct sk_buff_head batch;
	bool more, go_on;

	__skb_queue_head_init(&batch);
	do {
		rcu_read_lock();
		local_bh_disable();
		lower = rcu_dereference(port->lower);
		more = lower && stabletap_hold_next(port, lower, &batch);
		if (!skb_queue_empty(&batch))
			xmit_batch(port, &batch, lower);
		go_on = more && stabletap_datapath_can_send(lower->dev);
		local_bh_enable();
		rcu_read_unlock();
		cond_resched();
	} while (go_on && time_before(jiffies, end));
	return !more;
}

/* Called by the tap core, in process context, if it refuses a written frame */
void stabletap_datapath_tx_refused(struct tap_dev *tap)
{
	local_bh_disable();
	stabletap_report_lost(container_of(tap, struct stabletap_port, tap),
			      STABLETAP_TX_REFUSED);
	local_bh_enable();
}

/* Receive */

/* Returns true if the port is a container's, and the frame too large for it. */
static bool rx_is_too_large(const struct stabletap_port *port,
			    const struct sk_buff *skb)
{
	return unlikely(skb->len + ETH_HLEN > DATAPATH_MAX_LEN ||
			skb->truesize > DATAPATH_MAX_MEMORY) &&
	       stabletap_is_contained(dev_net(port->dev));
}

static void rx_count(struct stabletap_pcpu *stats, unsigned int len,
		     bool multicast)
{
	u64_stats_update_begin(&stats->syncp);
	u64_stats_inc(&stats->counter[STABLETAP_RX_PACKETS]);
	u64_stats_add(&stats->counter[STABLETAP_RX_BYTES], len);
	if (multicast)
		u64_stats_inc(&stats->counter[STABLETAP_RX_MULTICAST]);
	u64_stats_update_end(&stats->syncp);
}

/* Called by tap_handle_frame(), with BH off, if it drops a frame */
void stabletap_datapath_rx_refused(struct tap_dev *tap)
{
	stabletap_report_lost(container_of(tap, struct stabletap_port, tap),
			      STABLETAP_RX_RING);
}

/*
 * Returns true if rx_check() has something to check.  LRO frames and those with
 * pages of their sender are nonlinear.  So is a frame that occupies much more
 * memory than its length.
 */
static bool rx_is_special(const struct sk_buff *skb, unsigned int len)
{
	return skb_is_nonlinear(skb) || len > DATAPATH_MAX_LEN;
}

/* Returns false, and has dropped the frame, if the tap core must not get it. */
static noinline bool rx_check(struct stabletap_port *port, struct sk_buff *skb)
{
	/* Up to 6.12 tap_put_user() runs into BUG() on an LRO frame. */
	if (skb_warn_if_lro(skb) || rx_is_too_large(port, skb)) {
		stabletap_report_drop(port, skb, STABLETAP_RX_LRO);
		return false;
	}
	/*
	 * The frame can stay in the ring for as long as the reader does not
	 * read.  It must not hold the sender's memory for that time.
	 */
	if (unlikely(skb_orphan_frags_rx(skb, GFP_ATOMIC))) {
		stabletap_report_drop(port, skb, STABLETAP_RX_NOMEM);
		return false;
	}
	return true;
}

/*
 * Give a frame to the tap core; its device is the port.  Under RCU with BH off.
 *
 * The tap core returns RX_HANDLER_PASS if the port has no queue.  Such a frame
 * is dropped here, because the host's own stack must not get frames that are
 * meant for the guest.
 */
static __always_inline void rx_deliver(struct stabletap_port *port,
				       struct sk_buff **pskb)
{
	struct sk_buff *skb = *pskb;
	unsigned int len = skb->len + ETH_HLEN;
	struct stabletap_pcpu *stats;
	bool multicast;
	u64 refused;

	if (unlikely(rx_is_special(skb, len)) && !rx_check(port, skb))
		return;
	multicast = skb->pkt_type == PACKET_MULTICAST ||
		    skb->pkt_type == PACKET_BROADCAST;
	skb_orphan(skb);
	nf_reset_ct(skb);

	/* If RX_RING is counted before the unlock, this frame was dropped. */
	stabletap_lock_nested_bh(&port->stats->rx_lock);
	stats = this_cpu_ptr(port->stats);
	refused = u64_stats_read(&stats->counter[STABLETAP_RX_RING]);
	if (unlikely(tap_handle_frame(pskb) != RX_HANDLER_CONSUMED))
		stabletap_report_drop(port, *pskb, STABLETAP_RX_NO_READER);
	else if (likely(u64_stats_read(&stats->counter[STABLETAP_RX_RING]) ==
			refused))
		rx_count(stats, len, multicast);
	stabletap_unlock_nested_bh(&port->stats->rx_lock);
}

/*
 * The tap core modifies a frame, so nobody else may have it.  Returns NULL, and
 * has freed the frame, if there is no memory for a copy.
 */
static noinline struct sk_buff *rx_copy(struct stabletap_port *port,
					struct sk_buff *skb)
{
	skb = skb_share_check(skb, GFP_ATOMIC);
	if (unlikely(!skb))
		stabletap_report_lost(port, STABLETAP_RX_NOMEM);
	return skb;
}

static inline struct sk_buff *rx_unshare(struct stabletap_port *port,
					 struct sk_buff *skb)
{
	return unlikely(skb_shared(skb)) ? rx_copy(port, skb) : skb;
}

/*
 * The port's own receive handler, called under RCU with BH off.  The lower's
 * handler has passed the frame on, and the port's packet sockets, tc and nft
 * have seen it.
 */
rx_handler_result_t stabletap_datapath_rx_port(struct sk_buff **pskb)
{
	struct sk_buff *skb = *pskb;
	struct stabletap_port *port;

	/* A copy of the host's own multicast, looped back: not for the guest */
	if (unlikely(skb->pkt_type == PACKET_LOOPBACK))
		return RX_HANDLER_PASS;

	port = container_of(rcu_dereference(skb->dev->rx_handler_data),
			    struct stabletap_port, tap);
	*pskb = rx_unshare(port, skb);
	if (likely(*pskb))
		rx_deliver(port, pskb);
	return RX_HANDLER_CONSUMED;
}

/*
 * Hand a frame of a lower to the port.  If nothing looks at the frames that the
 * port receives, the tap core gets the frame at once.  Otherwise the kernel
 * handles it as received by the port: first by the port's VLAN devices, packet
 * sockets, tc and nft, then by stabletap_datapath_rx_port().
 */
static __always_inline rx_handler_result_t
rx_take(struct stabletap_port *port, struct sk_buff **pskb)
{
	struct sk_buff *skb = *pskb;

	if (unlikely(!(READ_ONCE(port->dev->flags) & IFF_UP))) {
		stabletap_report_drop(port, skb, STABLETAP_RX_DOWN);
		return RX_HANDLER_CONSUMED;
	}
	skb = rx_unshare(port, skb);
	*pskb = skb;
	if (unlikely(!skb))
		return RX_HANDLER_CONSUMED;

	skb->dev = port->dev;
	if (likely(!skb_vlan_tag_present(skb) &&
		   !stabletap_is_watched_rx(port->dev))) {
		rx_deliver(port, pskb);
		return RX_HANDLER_CONSUMED;
	}

	/* While the address changes, either one may be compared. */
	if (skb->pkt_type == PACKET_OTHERHOST &&
	    data_race(ether_addr_equal_64bits(eth_hdr(skb)->h_dest,
					      port->dev->dev_addr)))
		skb->pkt_type = PACKET_HOST;
	return RX_HANDLER_ANOTHER;
}

/* The lower's receive handler, called under RCU with BH off */
static rx_handler_result_t rx_lower(struct sk_buff **pskb)
{
	struct sk_buff *skb = *pskb;
	struct stabletap_lower *lower;
	struct stabletap_port *port;

	/* A copy of the host's own multicast, looped back: not for the guest */
	if (unlikely(skb->pkt_type == PACKET_LOOPBACK))
		return RX_HANDLER_PASS;

	lower = rcu_dereference(skb->dev->rx_handler_data);
	port = lower->port;
	if (unlikely(rcu_access_pointer(port->lower) != lower)) {
		stabletap_report_drop(port, skb, STABLETAP_RX_INACTIVE);
		return RX_HANDLER_CONSUMED;
	}
	return rx_take(port, pskb);
}

/* The same, for both lowers of a replace, for a while (overlap.c) */
static rx_handler_result_t rx_overlap(struct sk_buff **pskb)
{
	struct sk_buff *skb = *pskb;
	struct stabletap_overlap *overlap;
	struct stabletap_lower *lower;
	struct stabletap_port *port;

	if (unlikely(skb->pkt_type == PACKET_LOOPBACK))
		return RX_HANDLER_PASS;

	lower = rcu_dereference(skb->dev->rx_handler_data);
	port = lower->port;
	overlap = rcu_dereference(lower->overlap);
	if (overlap ? !stabletap_overlap_accepts(overlap, lower, skb) :
		      rcu_access_pointer(port->lower) != lower) {
		stabletap_report_drop(port, skb, STABLETAP_RX_INACTIVE);
		return RX_HANDLER_CONSUMED;
	}
	return rx_take(port, pskb);
}

/*
 * The receive handler of a lower whose port is gone, while the lower sends what
 * is left in its queue.
 */
static rx_handler_result_t rx_drop(struct sk_buff **pskb)
{
	if (unlikely((*pskb)->pkt_type == PACKET_LOOPBACK))
		return RX_HANDLER_PASS;
	stabletap_kfree_skb(*pskb, STABLETAP_DROP_OTHERHOST);
	return RX_HANDLER_CONSUMED;
}

/* The receive handler of an attachment; lower->overlap tells which. */
rx_handler_func_t *
stabletap_datapath_rx_handler(const struct stabletap_lower *lower)
{
	return rcu_access_pointer(lower->overlap) ? rx_overlap : rx_lower;
}

/* The port is gone: drop what its lower receives.  Under RTNL. */
void stabletap_datapath_orphan(struct stabletap_lower *lower)
{
	rcu_assign_pointer(lower->dev->rx_handler, rx_drop);
}

/* Begin an overlap, or, with NULL, end it.  Under RTNL. */
void stabletap_datapath_set_overlap(struct stabletap_lower *lower,
				    struct stabletap_overlap *overlap)
{
	rcu_assign_pointer(lower->overlap, overlap);
	rcu_assign_pointer(lower->dev->rx_handler,
			   stabletap_datapath_rx_handler(lower));
}

/* Returns the device's attachment, NULL if it has none.  Under RTNL. */
struct stabletap_lower *stabletap_datapath_lower(const struct net_device *dev)
{
	rx_handler_func_t *handler = rcu_access_pointer(dev->rx_handler);

	if (handler != rx_lower && handler != rx_overlap && handler != rx_drop)
		return NULL;
	return rtnl_dereference(dev->rx_handler_data);
}
