// SPDX-License-Identifier: GPL-2.0
/*
 * How a lower is let go: it gets back what the attach has changed.
 *
 * The old lower of a replace first goes on for RELEASE_OVERLAP_MS: what it has
 * received before the switch may still be on its way to the port (overlap.c).
 *
 * A device that the attach has opened is closed again, and closing a device
 * throws away the frames in its queue and in its driver's ring.  So a device
 * with frames there goes on without its port, until they are sent or
 * RELEASE_DRAIN_MS are over.  Until then the device is up, its receive handler
 * drops what it receives, and IPv6 leaves it alone.
 *
 * A work item waits for both, without RTNL.  Whatever needs the device earlier
 * ends the wait.
 *
 * An attachment is freed after a grace period, because receivers still use it.
 * The code that waits for it depends on the operation:
 *
 *  - detach and replace wait themselves, in netdev_rx_handler_unregister();
 *  - when the port is unregistered, unregister_netdevice_many() waits, once for
 *    all ports that are unregistered together, before it calls the port's
 *    ndo_uninit;
 *  - when the lower is unregistered, unregister_netdevice_many() has already
 *    waited for the receivers, and will wait again before the device is freed;
 *    kfree_rcu() frees the attachment itself.
 *
 * The latter two cases use release_forget_handler(), because
 * netdev_rx_handler_unregister() would wait for each port.
 */
#include <linux/if_macvlan.h>
#include <linux/rtnetlink.h>
#include <linux/wait.h>
#include <net/sch_generic.h>

#include "datapath.h"
#include "filter.h"
#include "overlap.h"
#include "release.h"
#include "report.h"

/* How long a port receives through both lowers of a replace, in milliseconds */
#define RELEASE_OVERLAP_MS 60

/* How long a device may take to send what waits in its queue, in milliseconds */
#define RELEASE_DRAIN_MS 1000

/* How often the queue is looked at, in jiffies */
#define RELEASE_POLL (1 + HZ / 200)

/*
 * The attachments that have an id.  Written under RTNL and the lock, read under
 * either.
 */
static LIST_HEAD(release_list);
static DEFINE_SPINLOCK(release_lock);

/* Woken when one leaves the list */
static DECLARE_WAIT_QUEUE_HEAD(release_done);

static struct workqueue_struct *release_workqueue;

static void release_work(struct work_struct *work);

int stabletap_release_set_mac(struct net_device *dev, const u8 *mac,
			      struct netlink_ext_ack *extack)
{
	struct sockaddr_storage addr = { .ss_family = dev->type };

	ether_addr_copy(addr.__data, mac);
	return stabletap_set_mac_address(dev, &addr, extack);
}

/*
 * A macvlan that is up adds its new address to its parent's unicast list with
 * GFP_ATOMIC, so a short lack of memory makes this fail.  The detach can't be
 * refused any more, because the port already has no lower.
 */
static void release_restore_mac(struct net_device *dev, const u8 *mac)
{
	int tries = 0;
	int err;

	do {
		err = stabletap_release_set_mac(dev, mac, NULL);
	} while (stabletap_try_again(err, &tries));
	if (err && net_ratelimit())
		netdev_warn(dev, "could not restore the MAC address %pM (error %d); set it by hand\n",
			    mac, err);
}

/*
 * macvlan_stop() waits for a grace period, not expedited, unless the macvlan's
 * dismantle flag says that it is being unregistered.  When the port is being
 * unregistered, that wait is long and not needed: unregister_netdevice_many()
 * waits once for all devices that are unregistered together, before RTNL is
 * released and the macvlan could be opened again.  The kernel's expedited wait
 * for the queues of each closed device remains.
 */
static void release_close(struct net_device *dev, bool leaving)
{
	leaving = leaving && netif_is_macvlan(dev);

	if (leaving)
		dev->dismantle = true;
	dev_close(dev);
	if (leaving)
		dev->dismantle = false;
}

/* Undo what must not wait until the queue is empty.  Under RTNL. */
static void release_part(struct stabletap_lower *lower)
{
	stabletap_filter_off(&lower->filter);
	netdev_upper_dev_unlink(lower->dev, lower->port->dev);
}

/*
 * Undo the rest.  Unless the caller has waited for a grace period, another CPU
 * may still be sending through the device; the kernel allows that for any
 * device that is closed.
 */
static void release_rest(struct stabletap_lower *lower, bool close,
			 bool leaving)
{
	struct net_device *dev = lower->dev;
	/* A device that is being unregistered needs nothing else restored. */
	bool stays = dev->reg_state == NETREG_REGISTERED;

	if (stays && close && lower->opened)
		release_close(dev, leaving);
	if (stays && lower->mac_set)
		release_restore_mac(dev, lower->old_mac);
	stabletap_clear_no_addrconf(dev);
	/* Turns LRO on again if it was on before the attach */
	if (stays)
		stabletap_update_features(dev);
}

/*
 * netdev_rx_handler_unregister() without its wait for readers: the kernel waits
 * later, once for all devices that are unregistered together.  The caller may
 * leave rx_handler_data set, since it is read only if there is a handler.
 */
static void release_forget_handler(struct net_device *dev)
{
	RCU_INIT_POINTER(dev->rx_handler, NULL);
}

/*
 * release_forget_handler() and release_close() write to struct net_device
 * directly.  Check their assumptions: netdev_rx_handler_register() sets nothing
 * but the two pointers (checked when the module is loaded), and dismantle is a
 * bool, not part of a bit field (checked when it is built).
 */
static int release_check_core(void)
{
	struct net_device *dev, *before = NULL;
	int err = -ENOMEM;

	BUILD_BUG_ON(!__same_type(dev->dismantle, bool));

	dev = alloc_netdev(0, STABLETAP_KIND, NET_NAME_UNKNOWN, ether_setup);
	if (dev)
		before = kmemdup(dev, sizeof(*dev), GFP_KERNEL);
	if (!before)
		goto out;

	rtnl_lock();
	err = netdev_rx_handler_register(dev, stabletap_datapath_rx_port,
					 before);
	rtnl_unlock();
	if (err)
		goto out;
	release_forget_handler(dev);
	RCU_INIT_POINTER(dev->rx_handler_data, NULL);
	if (memcmp(dev, before, sizeof(*dev))) {
		pr_err("stabletap: this kernel's receive handlers work in a way that this version of the module does not know; install a newer version\n");
		err = -ENXIO;
	}
out:
	kfree(before);
	if (dev)
		free_netdev(dev);
	return err;
}

/* Readers may still use @lower. */
static void release_free(struct stabletap_lower *lower)
{
	stabletap_dev_put(lower->dev, &lower->tracker);
	kfree_rcu(lower, rcu);
}

/**
 * stabletap_release_waiting - count the frames in a device's queues
 * @dev: the device
 *
 * Return: the number of frames in the queueing disciplines.  Those in the
 * driver's ring can't be counted.
 */
unsigned int stabletap_release_waiting(struct net_device *dev)
{
	struct Qdisc *qdisc, *last = NULL;
	unsigned int frames = 0, i;

	rcu_read_lock();
	for (i = 0; i < dev->num_tx_queues; i++) {
		qdisc = rcu_dereference(netdev_get_tx_queue(dev, i)->qdisc);
		/* All queues share one discipline, or each has its own. */
		if (qdisc && qdisc != last)
			frames += qdisc_qlen_sum(qdisc);
		last = qdisc;
	}
	rcu_read_unlock();
	return frames;
}

/* Returns true if the driver tells of frames that it has not sent yet. */
static bool release_ring_is_busy(const struct netdev_queue *txq)
{
#ifdef CONFIG_BQL
	return READ_ONCE(txq->dql.num_queued) !=
	       READ_ONCE(txq->dql.num_completed);
#else
	return false;
#endif
}

/* Returns true if the device has frames that it can still send. */
static bool release_is_sending(struct net_device *dev)
{
	struct netdev_queue *txq;
	struct Qdisc *qdisc;
	bool sending = false;
	unsigned int i;

	if (!netif_running(dev) || !netif_carrier_ok(dev))
		return false;
	if (stabletap_release_waiting(dev))
		return true;

	rcu_read_lock();
	for (i = 0; i < dev->num_tx_queues && !sending; i++) {
		txq = netdev_get_tx_queue(dev, i);
		qdisc = rcu_dereference(txq->qdisc);
		sending = (qdisc && qdisc_is_running(qdisc)) ||
			  release_ring_is_busy(txq);
	}
	rcu_read_unlock();
	return sending;
}

/* Wait, in the work, for so long at most, and not more often than need be. */
static void release_wait_until(struct stabletap_lower *lower, int ms, int delay)
{
	lower->deadline = jiffies + msecs_to_jiffies(ms) + 1;
	mod_delayed_work(release_workqueue, &lower->work,
			 msecs_to_jiffies(delay) + 1);
}

static void release_list_add(struct stabletap_lower *lower)
{
	static u64 last_id;

	lower->id = lower->port->releasing = ++last_id;
	INIT_DELAYED_WORK(&lower->work, release_work);
	spin_lock(&release_lock);
	list_add(&lower->node, &release_list);
	spin_unlock(&release_lock);
}

/* Returns true if closing the device now would lose frames. */
static bool release_must_wait(const struct stabletap_lower *lower)
{
	return lower->opened && lower->dev->reg_state == NETREG_REGISTERED &&
	       release_is_sending(lower->dev);
}

/*
 * Take a lower from the list, and undo the rest.  The work frees it, because it
 * may be running, and waiting for RTNL.
 */
static void release_end(struct stabletap_lower *lower, bool close)
{
	struct net_device *dev = lower->dev;

	WRITE_ONCE(lower->ended, true);
	release_rest(lower, close, false);
	if (dev->reg_state == NETREG_REGISTERED)
		netdev_rx_handler_unregister(dev);
	else
		release_forget_handler(dev);
	mod_delayed_work(release_workqueue, &lower->work, 0);

	/* The last: then nobody waits for this attachment any more. */
	spin_lock(&release_lock);
	list_del(&lower->node);
	spin_unlock(&release_lock);
	wake_up_all(&release_done);
}

/* From now on the port receives through its new lower alone. */
static void release_end_overlap(struct stabletap_port *port)
{
	struct stabletap_lower *old = port->overlapping;
	struct stabletap_overlap *overlap = rtnl_dereference(old->overlap);

	port->overlapping = NULL;
	stabletap_datapath_set_overlap(rtnl_dereference(port->lower), NULL);
	stabletap_datapath_set_overlap(old, NULL);
	stabletap_overlap_free(overlap);
	release_part(old);
}

/*
 * The overlap is over: go on with the old lower.  @keep: the caller is about to
 * attach it, so don't close it.
 */
static void release_go_on(struct stabletap_lower *lower, bool keep)
{
	release_end_overlap(lower->port);
	/* Let frames that are being sent pass before the device is closed. */
	if (lower->opened)
		synchronize_net();
	if (release_must_wait(lower) || (lower->opened && keep))
		release_wait_until(lower, RELEASE_DRAIN_MS, 0);
	else
		release_end(lower, true);
}

/* End the wait now. */
static void release_hurry(struct stabletap_lower *lower)
{
	WRITE_ONCE(lower->deadline, jiffies);
	mod_delayed_work(release_workqueue, &lower->work, 0);
}

/* Returns true if the wait is not over.  Without RTNL this is only a guess. */
static bool release_is_waiting(const struct stabletap_lower *lower)
{
	return !READ_ONCE(lower->ended) &&
	       time_before(jiffies, READ_ONCE(lower->deadline)) &&
	       (rcu_access_pointer(lower->overlap) ||
		release_must_wait(lower));
}

static void release_work(struct work_struct *work)
{
	struct stabletap_lower *lower;

	lower = container_of(to_delayed_work(work), struct stabletap_lower,
			     work);
	if (release_is_waiting(lower)) {
		queue_delayed_work(release_workqueue, &lower->work,
				   RELEASE_POLL);
		return;
	}
	rtnl_lock();
	if (!lower->ended && !release_is_waiting(lower)) {
		if (rcu_access_pointer(lower->overlap))
			release_go_on(lower, false);
		else
			release_end(lower, true);
	} else if (!lower->ended) {
		/* It has begun to send again while this waited for RTNL. */
		queue_delayed_work(release_workqueue, &lower->work,
				   RELEASE_POLL);
	} else if (!delayed_work_pending(&lower->work)) {
		release_free(lower);
	}
	rtnl_unlock();
}

/**
 * stabletap_release - let go of a lower
 * @lower: the attachment; port->lower does not point at it.  Neither the port
 *	nor the device is being unregistered.
 *
 * Context: under RTNL.
 */
void stabletap_release(struct stabletap_lower *lower)
{
	/* Let frames that are being sent pass before the device is closed. */
	if (lower->opened)
		synchronize_net();
	release_part(lower);
	if (release_must_wait(lower)) {
		release_list_add(lower);
		release_wait_until(lower, RELEASE_DRAIN_MS, 0);
		return;
	}
	release_rest(lower, true, false);
	netdev_rx_handler_unregister(lower->dev);
	release_free(lower);
}

/**
 * stabletap_release_old - let go of the old lower of a replace
 * @old: the attachment; port->lower points at the new one
 *
 * If the two have an overlap, the old one receives for a while.
 *
 * Context: under RTNL.
 */
void stabletap_release_old(struct stabletap_lower *old)
{
	if (!rcu_access_pointer(old->overlap)) {
		stabletap_release(old);
		return;
	}
	old->port->overlapping = old;
	release_list_add(old);
	release_wait_until(old, RELEASE_OVERLAP_MS, RELEASE_OVERLAP_MS);
}

/*
 * If the port receives through both lowers of a replace, end that.  @next: the
 * device that the caller is about to attach, or NULL.
 */
void stabletap_release_settle(struct stabletap_port *port,
			      const struct net_device *next)
{
	struct stabletap_lower *old = port->overlapping;

	if (old)
		release_go_on(old, old->dev == next);
}

/**
 * stabletap_release_leave - let go of the lowers of a port that goes
 * @port: the port, which is being unregistered
 * @lower: its attachment, to which port->lower does not point any more, or NULL
 *
 * RTNL is held until stabletap_release_left(), so no other receive handler can
 * be registered on the device in between.
 *
 * Context: under RTNL.
 */
void stabletap_release_leave(struct stabletap_port *port,
			     struct stabletap_lower *lower)
{
	struct stabletap_lower *other;

	if (lower) {
		release_part(lower);
		if (release_must_wait(lower)) {
			release_list_add(lower);
			release_wait_until(lower, RELEASE_DRAIN_MS, 0);
		} else {
			release_rest(lower, true, true);
			release_forget_handler(lower->dev);
			port->leaving = lower;
		}
	}
	/* The other handler does not use the port. */
	list_for_each_entry(other, &release_list, node) {
		if (other->port != port)
			continue;
		other->orphan = true;
		stabletap_datapath_orphan(other);
	}
}

/* Second half, after a grace period; called by the port's ndo_uninit */
void stabletap_release_left(struct stabletap_port *port)
{
	if (!port->leaving)
		return;

	RCU_INIT_POINTER(port->leaving->dev->rx_handler_data, NULL);
	release_free(port->leaving);
	port->leaving = NULL;
}

/**
 * stabletap_release_gone - let go of a lower that is being unregistered
 * @lower: the attachment; port->lower does not point at it
 *
 * Context: under RTNL.
 */
void stabletap_release_gone(struct stabletap_lower *lower)
{
	release_part(lower);
	release_rest(lower, true, false);
	release_forget_handler(lower->dev);
	release_free(lower);
}

/**
 * stabletap_release_adopt - stop waiting for a lower, because it is attached
 * @lower: an attachment whose device still sends (id is not 0, no overlap)
 *
 * The device stays open, so that no frame is lost.
 *
 * Context: under RTNL.
 */
void stabletap_release_adopt(struct stabletap_lower *lower)
{
	release_end(lower, false);
}

/**
 * stabletap_release_event - an event of a device that has been let go
 * @lower: its attachment
 * @event: NETDEV_*
 *
 * Context: under RTNL.
 */
void stabletap_release_event(struct stabletap_lower *lower,
			     unsigned long event)
{
	struct net_device *dev = lower->dev;

	switch (event) {
	case NETDEV_GOING_DOWN:
		if (!lower->orphan)
			stabletap_report_purged(lower->port,
						stabletap_release_waiting(dev));
		break;
	case NETDEV_DOWN:
		/*
		 * The caller may hold the device's instance lock, so the work
		 * goes on.  A device that is down has nothing left to send.
		 */
		if (!lower->ended)
			release_hurry(lower);
		break;
	case NETDEV_UNREGISTER:
	/* A bridge, bond or team takes the device. */
	case NETDEV_JOIN:
		if (lower->ended)
			break;
		if (rcu_access_pointer(lower->overlap))
			release_end_overlap(lower->port);
		release_end(lower, true);
		break;
	}
}

static bool release_is_listed(u64 id)
{
	struct stabletap_lower *lower;
	bool listed = false;

	spin_lock(&release_lock);
	list_for_each_entry(lower, &release_list, node)
		listed = listed || lower->id == id;
	spin_unlock(&release_lock);
	return listed;
}

/**
 * stabletap_release_wait - wait until a lower has been let go
 * @id: port->releasing, read under RTNL after the operation that lets go of it
 *
 * Context: without RTNL.  Returns early if the process is killed.
 */
void stabletap_release_wait(u64 id)
{
	/* The work ends the wait; the timeout is only for a lack of workers. */
	wait_event_killable_timeout(release_done, !release_is_listed(id),
				    msecs_to_jiffies(10 * RELEASE_DRAIN_MS));
}

int stabletap_release_init(void)
{
	int err;

	err = release_check_core();
	if (err)
		return err;
	release_workqueue = alloc_workqueue("stabletap_release", WQ_UNBOUND, 0);
	return release_workqueue ? 0 : -ENOMEM;
}

static bool release_list_is_empty(void)
{
	bool empty;

	spin_lock(&release_lock);
	empty = list_empty(&release_list);
	spin_unlock(&release_lock);
	return empty;
}

/* All ports are gone, but a lower of theirs may still be sending. */
void stabletap_release_exit(void)
{
	wait_event(release_done, release_list_is_empty());
	destroy_workqueue(release_workqueue);
}
