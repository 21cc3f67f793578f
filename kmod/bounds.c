// SPDX-License-Identifier: GPL-2.0
/*
 * Bounds on the memory that the ports of containers can take from the host.
 *
 * Frames that wait for a reader are charged neither to the sender's socket
 * (skb_orphan()) nor to a memory cgroup.  The root of a user namespace may set
 * txqueuelen, so without a bound it could fill the host's memory.  Therefore
 * the number of frames that can wait (queues times txqueuelen) is bounded for
 * ports in network namespaces that are not owned by the initial user namespace:
 * once for each such network namespace, and once for all of them together.  The
 * default of the second bound assumes 64 KiB for each frame.  A longer frame is
 * dropped, and so is one that occupies more than 256 KiB.
 *
 * A port that is moved into such a namespace counts there, but the move is not
 * refused, because the kernel lets no driver refuse a move.  So a user who owns
 * several of these namespaces can exceed the bound of one of them, but never
 * the bound of all.
 */
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/sysctl.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>

#include "bounds.h"
#include "datapath.h"

/* The sysctls userns_frames and userns_frames_total; read without a lock */
static unsigned int bounds_per_net = 4096;
static unsigned int bounds_all;

/* Sum of port->charged over all ports; protected by RTNL */
static u64 bounds_charged;

static struct ctl_table_header *bounds_header;

/* The last, empty entry is not registered; it ends the table on old kernels. */
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
	if (!stabletap_is_contained(dev_net(port->dev)))
		return 0;
	/* A queue costs memory even if its ring is empty. */
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

/* Set the charge of a port, without a check; 0 if it goes.  Under RTNL. */
void stabletap_bounds_set(struct stabletap_port *port, u64 frames)
{
	bounds_charged += frames - port->charged;
	port->charged = frames;
}

/**
 * stabletap_bounds_charge - charge a port for its queues, or refuse
 * @port: the port, which is new or has a new txqueuelen
 * @extack: gets the message of a refusal; may be NULL
 *
 * Context: under RTNL.
 * Return: 0; -EPERM if the host allows no ports in such a namespace; -EDQUOT
 * if the ports could hold more frames than the host allows.
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

/* Charge a port that has been moved to another namespace.  Under RTNL. */
void stabletap_bounds_move(struct stabletap_port *port)
{
	stabletap_bounds_set(port, bounds_frames(port));
}

/**
 * stabletap_bounds_empty - free the frames in the rings of a port that goes
 * @port: the port, which receives nothing any more
 *
 * An open fd keeps its ring, and the frames in it, after the port has been
 * unregistered and is no longer charged.  A user who creates, fills and deletes
 * ports again and again would fill the host's memory.  So the rings are emptied
 * here.
 *
 * Context: under RTNL, before the tap core forgets the queues.
 */
void stabletap_bounds_empty(struct stabletap_port *port)
{
	if (!stabletap_is_contained(dev_net(port->dev)) ||
	    !stabletap_open_queues(port))
		return;
	WRITE_ONCE(port->dev->tx_queue_len, 0);
	if (tap_queue_resize(&port->tap) && net_ratelimit())
		netdev_warn(port->dev, "no memory to empty the queues: frames wait until the fd is closed\n");
}

int stabletap_bounds_init(void)
{
	/*
	 * As many frames of 64 KiB as fit into a sixteenth of memory (frames of
	 * 256 KiB take a quarter), but at least the bound of one namespace
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
