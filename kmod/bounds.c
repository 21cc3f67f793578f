// SPDX-License-Identifier: GPL-2.0
/*
 * What the ports of containers may cost the host.
 *
 * Frames that wait for a reader are charged to nobody: the sender has been let
 * go, and a memory cgroup doesn't see them.  So the root of a user namespace,
 * who may set txqueuelen, could fill the host's memory.  The number of frames
 * that can wait (queues times txqueuelen) is bounded for the ports of network
 * namespaces that another user namespace than the initial one owns: for each
 * such network namespace, and for all of them.  64 KiB are reckoned for each.  A
 * longer frame is dropped, and so is one that occupies more than 256 KiB.
 *
 * A port that is moved into such a namespace counts there, but is not refused,
 * for the core lets no driver refuse a move.  So a user who owns several of these
 * namespaces can have more in one of them than its bound, but never more than the
 * bound of all.
 */
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/sysctl.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>

#include "bounds.h"
#include "stabletap.h"

/* net.stabletap.userns_frames and userns_frames_total, read without a lock */
static unsigned int bounds_per_net = 4096;
static unsigned int bounds_all;

/* Sum of port->charged; under RTNL */
static u64 bounds_charged;

static struct ctl_table_header *bounds_header;

/* One entry more than is registered: older kernels look for an empty one. */
static struct ctl_table bounds_table[] = {
	{
		.procname	= "userns_frames",
		.data		= &bounds_per_net,
		.maxlen		= sizeof(bounds_per_net),
		.mode		= 0644,
		.proc_handler	= proc_douintvec,
	},
	{
		.procname	= "userns_frames_total",
		.data		= &bounds_all,
		.maxlen		= sizeof(bounds_all),
		.mode		= 0644,
		.proc_handler	= proc_douintvec,
	},
	{ }
};

static u64 bounds_frames(const struct stabletap_port *port)
{
	if (!stabletap_bounds_apply(dev_net(port->dev)))
		return 0;
	/* Also a queue that holds nothing costs something. */
	return (u64)port->config.queues * max(port->dev->tx_queue_len, 1U);
}

static u64 bounds_charged_in(struct net *net)
{
	struct net_device *dev;
	u64 sum = 0;

	for_each_netdev(net, dev)
		if (stabletap_port_is(dev))
			sum += ((struct stabletap_port *)netdev_priv(dev))->charged;
	return sum;
}

/* Put back what a port was charged with; zero when it goes.  Under RTNL. */
void stabletap_bounds_set(struct stabletap_port *port, u64 frames)
{
	bounds_charged += frames - port->charged;
	port->charged = frames;
}

/**
 * stabletap_bounds_charge - take a port's present size into account, or refuse
 * @port: the port, new or with another txqueuelen
 * @extack: gets the sentence of a refusal, or NULL
 *
 * Context: under RTNL.
 * Return: 0; -EPERM if the host allows no ports in such a namespace, -EDQUOT
 * if they could hold more frames than it allows.
 */
int stabletap_bounds_charge(struct stabletap_port *port,
			    struct netlink_ext_ack *extack)
{
	unsigned int per_net = READ_ONCE(bounds_per_net);
	unsigned int all = READ_ONCE(bounds_all);
	u64 frames = bounds_frames(port), more;

	if (frames <= port->charged) {
		stabletap_bounds_set(port, frames);
		return 0;
	}
	if (!per_net) {
		NL_SET_ERR_MSG_MOD(extack,
				   "The host forbids ports in other user namespaces (sysctl net.stabletap.userns_frames)");
		return -EPERM;
	}
	if (!all) {
		NL_SET_ERR_MSG_MOD(extack,
				   "The host forbids ports in other user namespaces (sysctl net.stabletap.userns_frames_total)");
		return -EPERM;
	}

	more = frames - port->charged;
	if (bounds_charged_in(dev_net(port->dev)) + more > per_net) {
		NL_SET_ERR_MSG_MOD(extack,
				   "Queues times txqueuelen of this network namespace's ports exceed the host's sysctl net.stabletap.userns_frames");
		return -EDQUOT;
	}
	if (bounds_charged + more > all) {
		NL_SET_ERR_MSG_MOD(extack,
				   "Queues times txqueuelen of all containers' ports exceed the host's sysctl net.stabletap.userns_frames_total");
		return -EDQUOT;
	}
	stabletap_bounds_set(port, frames);
	return 0;
}

/* The port is in another network namespace now; under RTNL */
void stabletap_bounds_move(struct stabletap_port *port)
{
	stabletap_bounds_set(port, bounds_frames(port));
}

/**
 * stabletap_bounds_empty - let no frame wait for a port that is going
 * @port: the port, which receives no more
 *
 * Until an fd is closed its ring keeps the frames, although the port is charged
 * with nothing any more: ports that are made, filled and deleted again and
 * again would fill the host's memory.  So the rings are emptied here.
 *
 * Context: under RTNL, before the tap core forgets the queues.
 */
void stabletap_bounds_empty(struct stabletap_port *port)
{
	if (!stabletap_bounds_apply(dev_net(port->dev)) ||
	    !stabletap_open_queues(port))
		return;
	WRITE_ONCE(port->dev->tx_queue_len, 0);
	if (tap_queue_resize(&port->tap) && net_ratelimit())
		netdev_warn(port->dev, "no memory to empty the queues: frames wait until the fd is closed\n");
}

int stabletap_bounds_init(void)
{
	/*
	 * Frames of 64 KiB in a sixteenth of memory, which are a quarter at
	 * worst, but at least what one network namespace may have
	 */
	bounds_all = max_t(u64, bounds_per_net,
			   (u64)totalram_pages() * PAGE_SIZE / (16 * SZ_64K));
	bounds_header = stabletap_register_sysctl("net/stabletap",
						  bounds_table,
						  ARRAY_SIZE(bounds_table) - 1);
	return bounds_header || !IS_ENABLED(CONFIG_SYSCTL) ? 0 : -ENOMEM;
}

void stabletap_bounds_exit(void)
{
	unregister_net_sysctl_table(bounds_header);
}
