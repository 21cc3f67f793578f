// SPDX-License-Identifier: GPL-2.0
/*
 * The frames that a port with on-detach hold keeps while nothing can take them.
 *
 * The transmit path uses port->tx, not port->lower.  port->tx is NULL while
 * there is no lower, or none that can send yet; only then does a frame come
 * here.  So holding costs nothing while a lower carries the frames.
 *
 * Frames are sent in the order in which they were written, before any newer
 * one: port->tx is set under the port's hold lock when the list is empty, and a
 * writer that finds port->tx NULL looks again under that lock.  The list is sent
 * in batches, by the one who attached the lower, and by every writer that adds a
 * frame meanwhile.  So writers can't fill it as fast as it is emptied.
 *
 * The list is bounded: in frames, bytes and age by the port's own options, and
 * in bytes over all ports of a network namespace by the sysctl hold_bytes.  All
 * network namespaces that are not owned by the initial user namespace together
 * have that bound once more.  Beyond a bound the oldest frame is dropped.
 */
#include <linux/mm.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/sysctl.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "hold.h"
#include "report.h"

/* How long a writer waits for the end of a batch, in nanoseconds */
#define HOLD_WAIT_NS (NSEC_PER_MSEC)

/* Frames that are dropped with the lock held at a time, because they are old */
#define HOLD_EXPIRE 1000

/* Frames in a batch, which is sent with BH off */
#define HOLD_BATCH 64

/**
 * struct hold_net - what the ports of a network namespace hold
 * @bytes: sum of their frames' truesize
 */
struct hold_net {
	atomic_long_t bytes;
};

static unsigned int hold_net_id __read_mostly;

/* The same for all network namespaces that containers own together */
static struct hold_net hold_contained;

/* sysctl hold_bytes; read without a lock */
static unsigned long hold_max_bytes;

/* Own part of a held frame */
struct hold_cb {
	u64 since;		/* CLOCK_MONOTONIC, ns */
};

static struct hold_cb *hold_cb(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct hold_cb) > sizeof(skb->cb));
	return (struct hold_cb *)skb->cb;
}

static unsigned long hold_sum(atomic_long_t *sum, unsigned long bytes)
{
	return atomic_long_add_return(bytes, sum);
}

/* Returns true, and charges the bytes, if they are within the bounds. */
static bool hold_charge(struct net *net, unsigned long bytes)
{
	struct hold_net *own = net_generic(net, hold_net_id);
	unsigned long max = READ_ONCE(hold_max_bytes);

	if (hold_sum(&own->bytes, bytes) > max)
		goto err_own;
	if (!stabletap_is_contained(net))
		return true;
	if (hold_sum(&hold_contained.bytes, bytes) <= max)
		return true;

	atomic_long_sub(bytes, &hold_contained.bytes);
err_own:
	atomic_long_sub(bytes, &own->bytes);
	return false;
}

static void hold_uncharge(struct net *net, long bytes)
{
	struct hold_net *own = net_generic(net, hold_net_id);

	atomic_long_sub(bytes, &own->bytes);
	if (stabletap_is_contained(net))
		atomic_long_sub(bytes, &hold_contained.bytes);
}

/* Take the oldest frame from the list.  Under the lock. */
static struct sk_buff *hold_take(struct stabletap_port *port)
{
	struct sk_buff *skb = __skb_dequeue(&port->hold.list);

	if (skb) {
		port->hold.bytes -= skb->truesize;
		hold_uncharge(dev_net(port->dev), skb->truesize);
	}
	return skb;
}

/* Drop the oldest frame.  Under the lock, with BH off. */
static void hold_drop(struct stabletap_port *port)
{
	stabletap_report_drop(port, hold_take(port), STABLETAP_TX_EXPIRED);
}

/* Drop the oldest frames beyond the port's bounds.  As hold_drop() */
static void hold_trim(struct stabletap_port *port)
{
	while (skb_queue_len(&port->hold.list) > port->config.hold_frames ||
	       port->hold.bytes > port->config.hold_bytes)
		hold_drop(port);
}

/*
 * Add a frame, and drop the oldest ones beyond the bounds.  The frame itself is
 * dropped if nothing older can make room for it.  Under the lock, with BH off.
 */
static void hold_add(struct stabletap_port *port, struct sk_buff *skb)
{
	struct stabletap_hold *hold = &port->hold;

	while (!hold_charge(dev_net(port->dev), skb->truesize)) {
		if (skb_queue_empty(&hold->list)) {
			stabletap_report_drop(port, skb, STABLETAP_TX_EXPIRED);
			return;
		}
		hold_drop(port);
	}
	/* Not jiffies, which lag behind on a virtual machine without its CPU */
	hold_cb(skb)->since = ktime_get_ns();
	__skb_queue_tail(&hold->list, skb);
	hold->bytes += skb->truesize;
	stabletap_count(port, STABLETAP_TX_HELD);

	hold_trim(port);

	/* The work runs as long as there are frames. */
	if (!delayed_work_pending(&hold->expiry))
		schedule_delayed_work(&hold->expiry,
				      msecs_to_jiffies(port->config.hold_time));
}

/*
 * While another processor sends a batch, wait, so that writers are no faster
 * than it.  This does not take longer than a spinlock would.  With PREEMPT_RT
 * the sender may have been interrupted, so nobody waits.  The sender itself comes
 * here if the lower leads back to the port.
 */
static void hold_wait(struct stabletap_hold *hold)
{
	struct task_struct *sender = READ_ONCE(hold->sender);
	u64 end;

	if (!sender || sender == current || IS_ENABLED(CONFIG_PREEMPT_RT))
		return;
	end = ktime_get_ns() + HOLD_WAIT_NS;
	while (READ_ONCE(hold->sender) && ktime_get_ns() < end)
		cpu_relax();
}

/* Take the next batch; it is not empty.  Under the lock. */
static void hold_take_batch(struct stabletap_port *port,
			    struct sk_buff_head *batch)
{
	struct sk_buff *skb;

	while (skb_queue_len(batch) < HOLD_BATCH &&
	       (skb = hold_take(port)) != NULL)
		__skb_queue_tail(batch, skb);
	WRITE_ONCE(port->hold.sender, current);
}

/**
 * stabletap_hold_frame - hold a frame, or drop it
 * @port: the port, whose port->tx was NULL
 * @skb: the frame
 * @batch: an empty list
 *
 * The frame holds neither the sender's send buffer nor its pages.
 *
 * Context: with BH off, under RCU.
 * Return: NULL if the frame was held or dropped.  Otherwise the lower that has
 * got ready meanwhile, and that must get the frame; or, if @batch is not empty,
 * must get the frames in @batch, after which the caller calls
 * stabletap_hold_sent().
 */
struct stabletap_lower *stabletap_hold_frame(struct stabletap_port *port,
					     struct sk_buff *skb,
					     struct sk_buff_head *batch)
{
	struct stabletap_hold *hold = &port->hold;
	struct stabletap_lower *lower;
	bool drop = false;

	hold_wait(hold);

	spin_lock(&hold->lock);
	lower = rcu_dereference_protected(port->tx,
					  lockdep_is_held(&hold->lock));
	if (lower)
		goto unlock;
	if (READ_ONCE(port->config.on_detach) == STABLETAP_ON_DETACH_HOLD &&
	    !skb_orphan_frags_rx(skb, GFP_ATOMIC)) {
		skb_orphan(skb);
		nf_reset_ct(skb);
		hold_add(port, skb);
	} else {
		drop = true;
	}
	if (hold->resuming && !hold->sender && !skb_queue_empty(&hold->list)) {
		lower = rcu_dereference_bh(port->lower);
		if (lower)
			hold_take_batch(port, batch);
	}
unlock:
	spin_unlock(&hold->lock);
	if (drop)
		stabletap_report_drop(port, skb, STABLETAP_TX_DETACHED);
	return lower;
}

/**
 * stabletap_hold_next - take the next frames to send
 * @port: the port
 * @lower: the lower that shall get the frames
 * @batch: an empty list, which gets them
 *
 * If no frame is left, @lower becomes port->tx.  Nothing is done if @lower is
 * not port->lower any more, or if somebody else is sending.
 *
 * Context: with BH off, under RCU; BH must stay off until the frames are sent,
 * and stabletap_hold_sent() has been called if there were any.
 * Return: false if @lower is port->tx now, so there is nothing left to do.
 */
bool stabletap_hold_next(struct stabletap_port *port,
			 struct stabletap_lower *lower,
			 struct sk_buff_head *batch)
{
	struct stabletap_hold *hold = &port->hold;
	bool more = true;

	spin_lock(&hold->lock);
	if (rcu_access_pointer(port->lower) == lower && !hold->sender) {
		more = !skb_queue_empty(&hold->list);
		if (more)
			hold_take_batch(port, batch);
		else
			rcu_assign_pointer(port->tx, lower);
		hold->resuming = more;
	}
	spin_unlock(&hold->lock);
	return more;
}

/* A batch has been sent.  With BH off */
void stabletap_hold_sent(struct stabletap_port *port)
{
	spin_lock(&port->hold.lock);
	WRITE_ONCE(port->hold.sender, NULL);
	spin_unlock(&port->hold.lock);
}

/*
 * Set port->lower to a lower that can't send yet, or to NULL.  From now on,
 * frames come to stabletap_hold_frame().  Under RTNL.
 */
void stabletap_hold_begin(struct stabletap_port *port,
			  struct stabletap_lower *lower)
{
	spin_lock_bh(&port->hold.lock);
	rcu_assign_pointer(port->lower, lower);
	RCU_INIT_POINTER(port->tx, NULL);
	port->hold.resuming = false;
	spin_unlock_bh(&port->hold.lock);
}

/* The lower can't send any more: writers hold their frames again. */
void stabletap_hold_pause(struct stabletap_port *port)
{
	spin_lock_bh(&port->hold.lock);
	port->hold.resuming = false;
	spin_unlock_bh(&port->hold.lock);
}

/* Drop all frames.  May sleep. */
void stabletap_hold_purge(struct stabletap_port *port)
{
	struct stabletap_hold *hold = &port->hold;
	struct sk_buff_head list;
	struct sk_buff *skb;

	__skb_queue_head_init(&list);
	spin_lock_bh(&hold->lock);
	hold_uncharge(dev_net(port->dev), hold->bytes);
	hold->bytes = 0;
	skb_queue_splice_init(&hold->list, &list);
	spin_unlock_bh(&hold->lock);

	/* There can be a million. */
	while ((skb = __skb_dequeue(&list))) {
		local_bh_disable();
		stabletap_report_drop(port, skb, STABLETAP_TX_EXPIRED);
		local_bh_enable();
		cond_resched();
	}
}

/* Drop the frames that are too old. */
static void hold_expire(struct work_struct *work)
{
	struct stabletap_port *port;
	struct sk_buff *skb;
	int frames = 0;
	u64 end, now;

	port = container_of(to_delayed_work(work), struct stabletap_port,
			    hold.expiry);
	spin_lock_bh(&port->hold.lock);
	while ((skb = skb_peek(&port->hold.list))) {
		now = ktime_get_ns();
		end = hold_cb(skb)->since +
		      (u64)port->config.hold_time * NSEC_PER_MSEC;
		if (now < end || ++frames > HOLD_EXPIRE) {
			schedule_delayed_work(&port->hold.expiry, now < end ?
					      nsecs_to_jiffies(end - now) + 1 :
					      0);
			break;
		}
		hold_drop(port);
	}
	spin_unlock_bh(&port->hold.lock);
}

/* Set hold_*, and drop what is beyond.  Under RTNL. */
void stabletap_hold_set_bounds(struct stabletap_port *port,
			       const struct stabletap_config *config)
{
	spin_lock_bh(&port->hold.lock);
	port->config.hold_frames = config->hold_frames;
	port->config.hold_time = config->hold_time;
	port->config.hold_bytes = config->hold_bytes;
	hold_trim(port);
	if (!skb_queue_empty(&port->hold.list)) {
		cancel_delayed_work(&port->hold.expiry);
		schedule_delayed_work(&port->hold.expiry, 0);
	}
	spin_unlock_bh(&port->hold.lock);
}

/* Fill in the members of GET that tell of held frames. */
void stabletap_hold_get(struct stabletap_port *port, struct stabletap_get *get)
{
	spin_lock_bh(&port->hold.lock);
	get->hold_frames = port->config.hold_frames;
	get->hold_time = port->config.hold_time;
	get->hold_bytes = port->config.hold_bytes;
	get->held_frames = skb_queue_len(&port->hold.list);
	get->held_bytes = port->hold.bytes;
	spin_unlock_bh(&port->hold.lock);
}

void stabletap_hold_init_port(struct stabletap_port *port)
{
	spin_lock_init(&port->hold.lock);
	__skb_queue_head_init(&port->hold.list);
	INIT_DELAYED_WORK(&port->hold.expiry, hold_expire);
}

/* The port is closed, and gets no frame any more. */
void stabletap_hold_exit_port(struct stabletap_port *port)
{
	stabletap_hold_purge(port);
	cancel_delayed_work_sync(&port->hold.expiry);
}

static struct ctl_table_header *hold_header;

/* The last, empty entry is not registered; it ends the table on old kernels. */
static struct ctl_table hold_table[] = {
	{
		.procname	= "hold_bytes",
		.data		= &hold_max_bytes,
		.maxlen		= sizeof(hold_max_bytes),
		.mode		= 0644,
		.proc_handler	= proc_doulongvec_minmax,
	},
	{ }
};

static struct pernet_operations hold_net_ops = {
	.id	= &hold_net_id,
	.size	= sizeof(struct hold_net),
};

int stabletap_hold_init(void)
{
	int err;

	/* 64 MiB, the default bounds of 16 ports, but not much of the memory */
	hold_max_bytes = min_t(u64, SZ_64M,
			       (u64)totalram_pages() * PAGE_SIZE / 32);
	err = register_pernet_subsys(&hold_net_ops);
	if (err)
		return err;
	hold_header = stabletap_register_sysctl("net/stabletap", hold_table,
						ARRAY_SIZE(hold_table) - 1);
	if (!hold_header && IS_ENABLED(CONFIG_SYSCTL)) {
		unregister_pernet_subsys(&hold_net_ops);
		return -ENOMEM;
	}
	return 0;
}

void stabletap_hold_exit(void)
{
	unregister_net_sysctl_table(hold_header);
	unregister_pernet_subsys(&hold_net_ops);
}
