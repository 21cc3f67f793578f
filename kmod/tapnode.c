// SPDX-License-Identifier: GPL-2.0
/*
 * Connects ports to the kernel's tap core: the character devices of the ports.
 *
 * The file operations of a port's fd must be the tap core's own, because
 * vhost-net recognises a tap by its file operations.  Only the open is the
 * module's: it admits no more queues than the port has, and then hands the file
 * over to the tap core with replace_fops(), as misc devices do.
 *
 * A node is named tap<ifindex>, like macvtap's, because libvirt recognises that
 * name.  An ifindex is unique only within a network namespace, and its creator
 * can choose it.  All namespaces share one devtmpfs, which silently makes no
 * node if the name exists.  So the path of a node outside the initial namespace
 * is stabletap.ns/<inode of the namespace>/tap<ifindex> below /dev, and can't
 * take the name of a host's node.
 */
#include <linux/cdev.h>
#include <linux/fs.h>
#include <linux/xarray.h>

#include "bounds.h"
#include "datapath.h"
#include "tapnode.h"

/**
 * struct stabletap_node - one port's character device
 * @dev: device of class stabletap, child of the net device
 * @path: path below /dev, empty if it is the name of @dev
 * @link: name of the symlink to @dev in the net device's sysfs directory
 * @uid: owner
 * @gid: group
 * @perm: permission bits
 *
 * devtmpfs creates the node with @uid, @gid and @perm; udev gets them in the
 * uevent.
 */
struct stabletap_node {
	struct device	dev;
	char		path[STABLETAP_NODE_SIZE];
	char		link[IFNAMSIZ];
	kuid_t		uid;
	kgid_t		gid;
	umode_t		perm;
};

static dev_t tapnode_major;
static struct cdev tapnode_cdev;

/* The tap core's file operations, which tap_create_cdev() put into the cdev */
static const struct file_operations *tapnode_tap_fops;

/* Port by minor number.  Written under RTNL, read under RCU. */
static DEFINE_XARRAY(tapnode_ports);

static stabletap_class_tag *tapnode_namespace(stabletap_class_device *dev)
{
	return stabletap_class_tag_of(dev_net(to_net_dev(dev->parent)));
}

static struct class tapnode_class = {
	.name		= STABLETAP_KIND,
	.ns_type	= &net_ns_type_operations,
	.namespace	= tapnode_namespace,
};

static char *tapnode_devnode(stabletap_node_device *dev, umode_t *mode,
			     kuid_t *uid, kgid_t *gid)
{
	const struct stabletap_node *node;

	node = container_of(dev, struct stabletap_node, dev);
	if (mode)
		*mode = node->perm;
	if (uid)
		*uid = node->uid;
	if (gid)
		*gid = node->gid;
	if (!node->path[0])
		return NULL;
	/*
	 * This must not fail: on NULL the kernel would use the device's name,
	 * which may be that of a host's node.
	 */
	return kstrdup(node->path, GFP_KERNEL | __GFP_NOFAIL);
}

static const struct device_type tapnode_type = {
	.devnode	= tapnode_devnode,
};

static void tapnode_release(struct device *dev)
{
	kfree(container_of(dev, struct stabletap_node, dev));
}

/* Find a port.  The caller must dev_put() its net device. */
static struct stabletap_port *tapnode_get_port(unsigned int minor)
{
	struct stabletap_port *port;

	/*
	 * tapnode_free_minor() removes a port before the last grace period that
	 * unregister_netdevice_many() waits for, so a port found here can still
	 * be referenced.
	 */
	rcu_read_lock();
	port = xa_load(&tapnode_ports, minor);
	if (port)
		dev_hold(port->dev);
	rcu_read_unlock();
	return port;
}

/* Returns true if the open file is a queue of this port. */
static bool tapnode_is_of(struct file *file, struct stabletap_port *port)
{
	struct tap_queue *queue = file->private_data;

	return rcu_access_pointer(queue->tap) == &port->tap;
}

/*
 * The tap core's open takes RTNL to add the queue, so RTNL can't be held here.
 * Only an open adds a queue, so open_lock is enough to keep the number of
 * queues from growing between the check and the open.
 */
static int tapnode_open(struct inode *inode, struct file *file)
{
	struct stabletap_port *port;
	int err;

	port = tapnode_get_port(iminor(inode));
	if (!port)
		return -ENODEV;

	err = mutex_lock_killable(&port->open_lock);
	if (err)
		goto out_put;

	/*
	 * The node of a deleted port: its path was looked up before, and the
	 * number may be another port's by now.  tapnode_unregister() removes
	 * the node before it frees the number.
	 */
	err = -ENODEV;
	if (!inode->i_nlink)
		goto out_unlock;

	err = -EBUSY;
	if (READ_ONCE(port->tap.numqueues) < port->config.queues) {
		replace_fops(file, fops_get(tapnode_tap_fops));
		err = file->f_op->open(inode, file);
	}
	/*
	 * The tap core looks the port up by minor number, under RTNL.  Before
	 * it got RTNL, this port may have been deleted and another port may
	 * have been given the number.
	 */
	if (!err && !tapnode_is_of(file, port)) {
		file->f_op->release(inode, file);
		err = -ENODEV;
	}
out_unlock:
	mutex_unlock(&port->open_lock);

out_put:
	dev_put(port->dev);
	return err;
}

static const struct file_operations tapnode_fops = {
	.owner	= THIS_MODULE,
	.open	= tapnode_open,
};

static int tapnode_get_minor(struct stabletap_port *port)
{
	int err;

	err = tap_get_minor(tapnode_major, &port->tap);
	/* tap_get_minor() returns -EINVAL if no number is left. */
	if (err == -EINVAL)
		err = -ENOSPC;
	if (err)
		return err;

	err = xa_err(xa_store(&tapnode_ports, port->tap.minor, port,
			      GFP_KERNEL));
	if (err)
		tap_free_minor(tapnode_major, &port->tap);
	return err;
}

static void tapnode_free_minor(struct stabletap_port *port)
{
	xa_erase(&tapnode_ports, port->tap.minor);
	tap_free_minor(tapnode_major, &port->tap);
}

static struct stabletap_node *tapnode_alloc(struct stabletap_port *port)
{
	struct net_device *dev = port->dev;
	struct stabletap_node *node;

	node = kzalloc(sizeof(*node), GFP_KERNEL);
	if (!node)
		return NULL;

	device_initialize(&node->dev);
	node->dev.class = &tapnode_class;
	node->dev.type = &tapnode_type;
	node->dev.parent = &dev->dev;
	node->dev.devt = MKDEV(MAJOR(tapnode_major), port->tap.minor);
	node->dev.release = tapnode_release;
	node->uid = port->config.uid;
	node->gid = port->config.gid;
	node->perm = port->config.perm;
	snprintf(node->link, sizeof(node->link), "tap%d", dev->ifindex);
	if (!net_eq(dev_net(dev), &init_net))
		snprintf(node->path, sizeof(node->path),
			 STABLETAP_KIND ".ns/%u/%s", dev_net(dev)->ns.inum,
			 node->link);
	return node;
}

/* Create the node, of a new port or of one that was moved to a namespace. */
static int tapnode_add(struct stabletap_port *port)
{
	struct net_device *dev = port->dev;
	struct stabletap_node *node;
	int err;

	node = tapnode_alloc(port);
	if (!node)
		return -ENOMEM;

	err = dev_set_name(&node->dev, "%s", node->link);
	if (err)
		goto err_put;
	err = device_add(&node->dev);
	if (err)
		goto err_put;
	err = sysfs_create_link(&dev->dev.kobj, &node->dev.kobj, node->link);
	if (err)
		goto err_del;

	port->node = node;
	return 0;

err_del:
	device_del(&node->dev);
err_put:
	put_device(&node->dev);
	return err;
}

static void tapnode_del(struct stabletap_port *port)
{
	struct stabletap_node *node = port->node;

	if (!node)
		return;
	port->node = NULL;
	sysfs_remove_link(&port->dev->dev.kobj, node->link);
	device_unregister(&node->dev);
}

/* NETDEV_REGISTER: the port is new, or comes from another namespace. */
static int tapnode_register(struct stabletap_port *port)
{
	bool is_new = !port->tap.minor;
	int tries = 0;
	int err;

	if (is_new) {
		err = tapnode_get_minor(port);
		if (err)
			return err;
		err = tapnode_add(port);
		if (err)
			tapnode_free_minor(port);
		return err;
	}

	/* At this point the kernel can't undo a move any more. */
	do {
		err = tapnode_add(port);
	} while (stabletap_try_again(err, &tries));
	if (err && net_ratelimit())
		netdev_err(port->dev, "can't create the node in the new network namespace (error %d): open fds still work; to get a node, move the port again\n",
			   err);
	return 0;
}

/* NETDEV_UNREGISTER: a port that is moved keeps its minor number. */
static void tapnode_unregister(struct stabletap_port *port)
{
	tapnode_del(port);
	if (port->dev->reg_state == NETREG_UNREGISTERING && port->tap.minor)
		tapnode_free_minor(port);
}

/*
 * If this fails, the kernel restores txqueuelen without another notification,
 * so the charge has to be restored here.
 */
static int tapnode_resize(struct stabletap_port *port)
{
	u64 charged = port->charged;
	int err;

	err = stabletap_bounds_charge(port, NULL);
	if (err)
		return err;
	err = tap_queue_resize(&port->tap);
	if (err)
		stabletap_bounds_set(port, charged);
	return err;
}

static int tapnode_device_event(struct notifier_block *unused,
				unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct stabletap_port *port;

	if (!stabletap_port_is(dev))
		return NOTIFY_DONE;
	port = netdev_priv(dev);

	switch (event) {
	case NETDEV_REGISTER:
		stabletap_bounds_move(port);
		return notifier_from_errno(tapnode_register(port));
	case NETDEV_UNREGISTER:
		tapnode_unregister(port);
		stabletap_bounds_set(port, 0);
		break;
	case NETDEV_CHANGE_TX_QUEUE_LEN:
		return notifier_from_errno(tapnode_resize(port));
	}
	return NOTIFY_DONE;
}

/*
 * The notifiers of IPv4 and IPv6 end the chain with an error if they lack
 * memory for the device, and __dev_change_net_namespace() ignores that error.
 * So this notifier has to be called before them.
 */
static struct notifier_block tapnode_notifier = {
	.notifier_call = tapnode_device_event,
	.priority = 1,
};

/* Fill in the members of GET that describe the node.  Under RTNL. */
void stabletap_tapnode_get(struct stabletap_port *port,
			   struct stabletap_get *get)
{
	get->major = MAJOR(tapnode_major);
	get->minor = port->tap.minor;
	if (port->node)
		strscpy(get->node, port->node->path[0] ? port->node->path :
			port->node->link, sizeof(get->node));
}

int stabletap_tapnode_init(void)
{
	int err;

	err = tap_create_cdev(&tapnode_cdev, &tapnode_major, STABLETAP_KIND,
			      THIS_MODULE);
	if (err)
		return err;
	/*
	 * Replace the cdev's operations by one with this module's open.  The
	 * cdev is visible since cdev_add(), but no port exists yet, so an open
	 * before this point fails.
	 */
	BUILD_BUG_ON(!__same_type(tapnode_cdev.ops, tapnode_tap_fops));
	tapnode_tap_fops = tapnode_cdev.ops;
	if (!tapnode_tap_fops || !tapnode_tap_fops->open ||
	    !tapnode_tap_fops->release || tapnode_cdev.owner != THIS_MODULE) {
		pr_err("stabletap: this kernel's tap core works in a way that this version of the module does not know; install a newer version\n");
		err = -ENXIO;
		goto err_destroy_cdev;
	}
	tapnode_cdev.ops = &tapnode_fops;

	err = class_register(&tapnode_class);
	if (err)
		goto err_destroy_cdev;
	err = register_netdevice_notifier(&tapnode_notifier);
	if (err)
		goto err_unregister_class;
	return 0;

err_unregister_class:
	class_unregister(&tapnode_class);
err_destroy_cdev:
	tap_destroy_cdev(tapnode_major, &tapnode_cdev);
	return err;
}

void stabletap_tapnode_exit(void)
{
	unregister_netdevice_notifier(&tapnode_notifier);
	class_unregister(&tapnode_class);
	tap_destroy_cdev(tapnode_major, &tapnode_cdev);
	xa_destroy(&tapnode_ports);
}
