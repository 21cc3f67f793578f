// SPDX-License-Identifier: GPL-2.0
/*
 * The control device, /dev/stabletap.  For each ioctl, control_commands[] has a
 * function; control_call() copies the argument in, calls it, and copies the
 * result out.  <linux/stabletap.h> describes the ABI and every errno.
 *
 * An open control device is bound to the network namespace of the process that
 * opened it, as a file of /dev/net/tun is.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/nospec.h>
#include <linux/nsproxy.h>
#include <linux/rtnetlink.h>

#include "control.h"
#include "datapath.h"
#include "hold.h"
#include "link.h"
#include "lower.h"
#include "port.h"
#include "release.h"
#include "report.h"

/* The beginning of all argument structs but struct stabletap_version */
struct control_head {
	__u32 size;
	__u32 msg_size;
	__aligned_u64 msg;
};

#define CONTROL_ASSERT(name)						\
	static_assert(offsetof(struct stabletap_##name, msg_size) ==	\
		      offsetof(struct control_head, msg_size) &&	\
		      offsetof(struct stabletap_##name, msg) ==		\
		      offsetof(struct control_head, msg) &&		\
		      sizeof(struct stabletap_##name) % 8 == 0)

/* The last member of a struct's first version must never move. */
#define CONTROL_ASSERT_VER0(name, NAME, last)				\
	static_assert(offsetofend(struct stabletap_##name, last) ==	\
		      STABLETAP_##NAME##_SIZE_VER0)

CONTROL_ASSERT(create);
CONTROL_ASSERT(delete);
CONTROL_ASSERT(attach);
CONTROL_ASSERT(detach);
CONTROL_ASSERT(set);
CONTROL_ASSERT(get);
CONTROL_ASSERT(list);
CONTROL_ASSERT(stats);
CONTROL_ASSERT_VER0(version, VERSION, version);
CONTROL_ASSERT_VER0(create, CREATE, on_detach);
CONTROL_ASSERT_VER0(delete, DELETE, port);
CONTROL_ASSERT_VER0(attach, ATTACH, reserved);
CONTROL_ASSERT_VER0(detach, DETACH, reserved);
CONTROL_ASSERT_VER0(set, SET, reserved);
CONTROL_ASSERT_VER0(get, GET, last_lower);
CONTROL_ASSERT_VER0(list, LIST, ports);
CONTROL_ASSERT_VER0(stats, STATS, rx_nomem);
static_assert(STABLETAP_NAME_SIZE == IFNAMSIZ);
static_assert(STABLETAP_MAX_QUEUES == MAX_TAP_QUEUES);

union control_arg {
	struct control_head		head;
	struct stabletap_version	version;
	struct stabletap_create		create;
	struct stabletap_delete		delete;
	struct stabletap_attach		attach;
	struct stabletap_detach		detach;
	struct stabletap_set		set;
	struct stabletap_get		get;
	struct stabletap_list		list;
	struct stabletap_stats		stats;
};

/**
 * struct control_caller - who calls an ioctl
 * @net: the network namespace of the open control device
 * @waits: it was opened without O_NONBLOCK
 */
struct control_caller {
	struct net	*net;
	bool		waits;
};

/* Wait until a lower has been let go.  Without RTNL. */
static void control_wait(const struct control_caller *caller, u64 releasing)
{
	if (caller->waits)
		stabletap_release_wait(releasing);
}

/* Find a port, or set the message that there is none.  Under RTNL. */
static struct stabletap_port *control_port(struct net *net, u32 ifindex,
					   struct netlink_ext_ack *extack)
{
	struct net_device *dev = __dev_get_by_index(net, ifindex);

	if (!dev || !stabletap_port_is(dev)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "There is no such port in this network namespace");
		return NULL;
	}
	return netdev_priv(dev);
}

static int control_flags(u32 flags, u32 known, struct netlink_ext_ack *extack)
{
	if (!(flags & ~known))
		return 0;
	NL_SET_ERR_MSG_MOD(extack,
			   "This module does not know one of the flags");
	return -EOPNOTSUPP;
}

static int control_reserved(bool zero, struct netlink_ext_ack *extack)
{
	if (zero)
		return 0;
	NL_SET_ERR_MSG_MOD(extack, "A reserved field is not zero");
	return -EINVAL;
}

static int control_version(const struct control_caller *caller,
			   union control_arg *arg,
			   struct netlink_ext_ack *extack)
{
	arg->version.api = STABLETAP_API_VERSION;
	arg->version.features = STABLETAP_FEATURE_HOLD;
	strscpy_pad(arg->version.version, STABLETAP_VERSION,
		    sizeof(arg->version.version));
	return 0;
}

/* An empty name asks for the default; otherwise the kernel's rules apply. */
static bool create_name_is_valid(const char *name)
{
	const char *number;

	if (strnlen(name, IFNAMSIZ) == IFNAMSIZ)
		return false;
	if (!name[0])
		return true;
	number = strchr(name, '%');
	return dev_valid_name(name) &&
	       (!number || (number[1] == 'd' && !strchr(number + 2, '%')));
}

static int create_check(const struct stabletap_create *create,
			struct netlink_ext_ack *extack)
{
	int err;

	err = control_flags(create->flags, STABLETAP_CREATE_OWNER |
			    STABLETAP_CREATE_GROUP | STABLETAP_CREATE_PERM,
			    extack);
	if (err)
		return err;
	err = control_reserved(!create->reserved[0] && !create->reserved[1],
			       extack);
	if (err)
		return err;
	if ((create->owner && !(create->flags & STABLETAP_CREATE_OWNER)) ||
	    (create->group && !(create->flags & STABLETAP_CREATE_GROUP)) ||
	    (create->perm && !(create->flags & STABLETAP_CREATE_PERM))) {
		NL_SET_ERR_MSG_MOD(extack,
				   "Owner, group or perm is set without its flag (STABLETAP_CREATE_OWNER, _GROUP, _PERM)");
		return -EINVAL;
	}
	if (!create_name_is_valid(create->name)) {
		NL_SET_ERR_MSG_MOD(extack, "Not a valid interface name");
		return -EINVAL;
	}
	if (create->port > INT_MAX) {
		NL_SET_ERR_MSG_MOD(extack, "Not a valid ifindex");
		return -EINVAL;
	}
	if (!is_zero_ether_addr(create->mac) &&
	    !is_valid_ether_addr(create->mac)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "A port's MAC address can't be multicast");
		return -EADDRNOTAVAIL;
	}
	if (create->mtu &&
	    (create->mtu < ETH_MIN_MTU || create->mtu > ETH_MAX_MTU)) {
		NL_SET_ERR_MSG_MOD(extack, "A port's MTU is 68 to 65535 bytes");
		return -EINVAL;
	}
	return 0;
}

/* Set the bounds of hold; 0 stands for the default. */
static void config_hold(struct stabletap_config *config, u32 frames, u32 time,
			u64 bytes)
{
	config->hold_frames = frames ?: STABLETAP_HOLD_FRAMES;
	config->hold_time = time ?: STABLETAP_HOLD_TIME;
	config->hold_bytes = bytes ?: STABLETAP_HOLD_BYTES;
}

static int create_config(const struct stabletap_create *create,
			 struct net *net, struct stabletap_config *config,
			 struct netlink_ext_ack *extack)
{
	struct user_namespace *user_ns = current_user_ns();

	stabletap_config_init(config, net);
	if (create->queues)
		config->queues = create->queues;
	if (create->flags & STABLETAP_CREATE_OWNER)
		config->uid = make_kuid(user_ns, create->owner);
	if (create->flags & STABLETAP_CREATE_GROUP)
		config->gid = make_kgid(user_ns, create->group);
	if (create->flags & STABLETAP_CREATE_PERM)
		config->perm = min_t(u32, U16_MAX, create->perm);
	config->on_detach = create->on_detach;
	config_hold(config, create->hold_frames, create->hold_time,
		    create->hold_bytes);
	return stabletap_config_check(config, extack);
}

static int control_create(const struct control_caller *caller,
			  union control_arg *arg,
			  struct netlink_ext_ack *extack)
{
	struct stabletap_create *create = &arg->create;
	struct stabletap_config config;
	struct net_device *dev;
	int err;

	err = create_check(create, extack);
	if (err)
		return err;
	err = create_config(create, caller->net, &config, extack);
	if (err)
		return err;

	dev = alloc_netdev(sizeof(struct stabletap_port),
			   create->name[0] ? create->name :
			   STABLETAP_KIND "%d",
			   create->name[0] ? NET_NAME_USER : NET_NAME_ENUM,
			   stabletap_port_setup);
	if (!dev)
		return -ENOMEM;

	dev_net_set(dev, caller->net);
	dev->rtnl_link_ops = &stabletap_link_ops;
	dev->ifindex = create->port;
	if (create->mtu)
		dev->mtu = create->mtu;
	if (is_zero_ether_addr(create->mac)) {
		eth_hw_addr_random(dev);
	} else {
		eth_hw_addr_set(dev, create->mac);
		dev->addr_assign_type = NET_ADDR_SET;
	}

	rtnl_lock();
	err = stabletap_port_register(dev, &config, extack);
	if (!err) {
		create->port = dev->ifindex;
		strscpy_pad(create->name, dev->name, sizeof(create->name));
	} else if (err == -EEXIST) {
		NL_SET_ERR_MSG_MOD(extack, "An interface of this name exists");
	} else if (err == -EBUSY) {
		NL_SET_ERR_MSG_MOD(extack,
				   "An interface of this ifindex exists");
	} else if (err == -ENFILE) {
		NL_SET_ERR_MSG_MOD(extack,
				   "No name is left for this pattern");
	} else if (err == -ENOSPC) {
		NL_SET_ERR_MSG_MOD(extack,
				   "No minor number is left for another port");
	}
	rtnl_unlock();
	if (err)
		free_netdev(dev);
	return err;
}

static int control_delete(const struct control_caller *caller,
			  union control_arg *arg,
			  struct netlink_ext_ack *extack)
{
	struct stabletap_delete *delete = &arg->delete;
	struct stabletap_port *port;
	LIST_HEAD(list);
	u64 releasing = 0;
	int err;

	err = control_flags(delete->flags, STABLETAP_DELETE_FORCE, extack);
	if (err)
		return err;

	rtnl_lock();
	port = control_port(caller->net, delete->port, extack);
	if (!port) {
		err = -ENODEV;
	} else if (stabletap_open_queues(port) &&
		   !(delete->flags & STABLETAP_DELETE_FORCE)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "The port's node is open; deleting the port would cut the guest off for good, so it needs force");
		err = -EBUSY;
	} else {
		stabletap_port_dellink(port->dev, &list);
		releasing = port->releasing;
		unregister_netdevice_many(&list);
	}
	rtnl_unlock();
	control_wait(caller, releasing);
	return err;
}

static int control_attach(const struct control_caller *caller,
			  union control_arg *arg,
			  struct netlink_ext_ack *extack)
{
	struct stabletap_attach *attach = &arg->attach;
	struct stabletap_port *port;
	struct net_device *dev;
	u64 releasing = 0, before;
	int err;

	err = control_flags(attach->flags, STABLETAP_ATTACH_MASK, extack);
	if (err)
		return err;
	err = control_reserved(!attach->reserved, extack);
	if (err)
		return err;

	rtnl_lock();
	err = -ENODEV;
	port = control_port(caller->net, attach->port, extack);
	if (!port)
		goto unlock;
	dev = __dev_get_by_index(caller->net, attach->lower);
	if (!dev) {
		NL_SET_ERR_MSG_MOD(extack,
				   "There is no such lower in this network namespace");
		goto unlock;
	}
	before = port->releasing;
	err = stabletap_lower_attach(port, dev, attach->flags, extack);
	if (port->releasing != before)
		releasing = port->releasing;
unlock:
	rtnl_unlock();
	control_wait(caller, releasing);
	return err;
}

static int control_detach(const struct control_caller *caller,
			  union control_arg *arg,
			  struct netlink_ext_ack *extack)
{
	struct stabletap_detach *detach = &arg->detach;
	struct stabletap_port *port;
	struct net_device *dev = NULL;
	u64 releasing = 0, before;
	int err;

	err = control_flags(detach->flags, 0, extack);
	if (err)
		return err;
	err = control_reserved(!detach->reserved, extack);
	if (err)
		return err;

	rtnl_lock();
	err = -ENODEV;
	port = control_port(caller->net, detach->port, extack);
	if (!port)
		goto unlock;
	if (detach->lower) {
		dev = __dev_get_by_index(caller->net, detach->lower);
		if (!dev) {
			NL_SET_ERR_MSG_MOD(extack,
					   "There is no such lower in this network namespace");
			goto unlock;
		}
	}
	before = port->releasing;
	err = stabletap_lower_detach(port, dev, extack);
	if (port->releasing != before)
		releasing = port->releasing;
unlock:
	rtnl_unlock();
	control_wait(caller, releasing);
	return err;
}

static int control_set(const struct control_caller *caller,
		       union control_arg *arg,
		       struct netlink_ext_ack *extack)
{
	struct stabletap_set *set = &arg->set;
	struct stabletap_config config;
	struct stabletap_port *port;
	int err;

	err = control_flags(set->mask, STABLETAP_SET_ON_DETACH |
			    STABLETAP_SET_HOLD_FRAMES |
			    STABLETAP_SET_HOLD_TIME | STABLETAP_SET_HOLD_BYTES,
			    extack);
	if (err)
		return err;
	err = control_reserved(!set->reserved &&
			       (set->mask & STABLETAP_SET_ON_DETACH ||
				!set->on_detach) &&
			       (set->mask & STABLETAP_SET_HOLD_FRAMES ||
				!set->hold_frames) &&
			       (set->mask & STABLETAP_SET_HOLD_TIME ||
				!set->hold_time) &&
			       (set->mask & STABLETAP_SET_HOLD_BYTES ||
				!set->hold_bytes), extack);
	if (err)
		return err;

	rtnl_lock();
	err = -ENODEV;
	port = control_port(caller->net, set->port, extack);
	if (!port)
		goto unlock;
	config = port->config;
	if (set->mask & STABLETAP_SET_ON_DETACH)
		config.on_detach = set->on_detach;
	config_hold(&config,
		    set->mask & STABLETAP_SET_HOLD_FRAMES ? set->hold_frames :
		    config.hold_frames,
		    set->mask & STABLETAP_SET_HOLD_TIME ? set->hold_time :
		    config.hold_time,
		    set->mask & STABLETAP_SET_HOLD_BYTES ? set->hold_bytes :
		    config.hold_bytes);
	err = stabletap_config_check(&config, extack);
	if (!err && stabletap_config_change(port, &config))
		stabletap_report_change(port);
unlock:
	rtnl_unlock();
	return err;
}

static int control_get(const struct control_caller *caller,
		       union control_arg *arg,
		       struct netlink_ext_ack *extack)
{
	struct control_head head = arg->head;
	struct stabletap_port *port;
	u32 ifindex = arg->get.port;
	int err;

	err = control_flags(arg->get.flags, 0, extack);
	if (err)
		return err;

	/* All other members are output; their input values are ignored. */
	memset(&arg->get, 0, sizeof(arg->get));
	arg->head = head;

	rtnl_lock();
	port = control_port(caller->net, ifindex, extack);
	if (port)
		stabletap_port_get(port, current_user_ns(), &arg->get);
	else
		err = -ENODEV;
	rtnl_unlock();
	return err;
}

static int control_list(const struct control_caller *caller,
			union control_arg *arg,
			struct netlink_ext_ack *extack)
{
	struct stabletap_list *list = &arg->list;
	u32 room = list->count, count = 0, fit;
	struct net_device *dev;
	u32 *ports;
	int err;

	err = control_flags(list->flags, 0, extack);
	if (err)
		return err;

	/* Copied out later: user memory must not be touched under RTNL. */
	rtnl_lock();
	for_each_netdev(caller->net, dev)
		count += stabletap_port_is(dev);
	fit = min(room, count);
	ports = kvmalloc_array(fit, sizeof(*ports), GFP_KERNEL);
	if (!ports) {
		rtnl_unlock();
		return -ENOMEM;
	}
	count = 0;
	for_each_netdev(caller->net, dev) {
		if (!stabletap_port_is(dev))
			continue;
		if (count < fit)
			ports[count] = dev->ifindex;
		count++;
	}
	rtnl_unlock();

	if (copy_to_user(u64_to_user_ptr(list->ports), ports,
			 fit * sizeof(*ports)))
		err = -EFAULT;
	kvfree(ports);
	list->count = count;
	return err;
}

static void stats_fill(struct stabletap_stats *stats,
		       const u64 sum[STABLETAP_COUNTERS])
{
	static_assert(STABLETAP_COUNTERS ==
		      (sizeof(*stats) - offsetof(struct stabletap_stats,
						 tx_packets)) / sizeof(u64));

	stats->tx_packets = sum[STABLETAP_TX_PACKETS];
	stats->tx_bytes = sum[STABLETAP_TX_BYTES];
	stats->tx_detached = sum[STABLETAP_TX_DETACHED];
	stats->tx_lower = sum[STABLETAP_TX_LOWER];
	stats->tx_refused = sum[STABLETAP_TX_REFUSED];
	stats->tx_held = sum[STABLETAP_TX_HELD];
	stats->tx_expired = sum[STABLETAP_TX_EXPIRED];
	stats->rx_packets = sum[STABLETAP_RX_PACKETS];
	stats->rx_bytes = sum[STABLETAP_RX_BYTES];
	stats->rx_multicast = sum[STABLETAP_RX_MULTICAST];
	stats->rx_no_reader = sum[STABLETAP_RX_NO_READER];
	stats->rx_ring = sum[STABLETAP_RX_RING];
	stats->rx_down = sum[STABLETAP_RX_DOWN];
	stats->rx_inactive = sum[STABLETAP_RX_INACTIVE];
	stats->rx_lro = sum[STABLETAP_RX_LRO];
	stats->rx_nomem = sum[STABLETAP_RX_NOMEM];
	stats->tx_purged = sum[STABLETAP_TX_PURGED];
}

static int control_stats(const struct control_caller *caller,
			 union control_arg *arg,
			 struct netlink_ext_ack *extack)
{
	struct stabletap_stats *stats = &arg->stats;
	u64 sum[STABLETAP_COUNTERS];
	struct stabletap_port *port;
	int err;

	err = control_flags(stats->flags, 0, extack);
	if (err)
		return err;

	rtnl_lock();
	port = control_port(caller->net, stats->port, extack);
	if (port)
		stabletap_report_stats(port, sum);
	else
		err = -ENODEV;
	rtnl_unlock();
	if (!err)
		stats_fill(stats, sum);
	return err;
}

/**
 * struct control_command - one ioctl
 * @func: executes the ioctl
 * @size: present size of its argument struct
 * @min_size: size of the first version of its argument struct; never changes
 * @admin: the caller needs CAP_NET_ADMIN over the network namespace
 * @msg: the argument struct has a message buffer (msg, msg_size)
 */
struct control_command {
	int (*func)(const struct control_caller *caller,
		    union control_arg *arg, struct netlink_ext_ack *extack);
	u32 size;
	u32 min_size;
	bool admin;
	bool msg;
};

#define CONTROL_COMMAND(NAME, name, is_admin, has_msg)			\
	[_IOC_NR(STABLETAP_IOC_##NAME)] = {				\
		.func = control_##name,					\
		.size = sizeof(struct stabletap_##name),		\
		.min_size = STABLETAP_##NAME##_SIZE_VER0,		\
		.admin = is_admin,					\
		.msg = has_msg,						\
	}

static const struct control_command control_commands[] = {
	CONTROL_COMMAND(VERSION, version, false, false),
	CONTROL_COMMAND(CREATE, create, true, true),
	CONTROL_COMMAND(DELETE, delete, true, true),
	CONTROL_COMMAND(ATTACH, attach, true, true),
	CONTROL_COMMAND(DETACH, detach, true, true),
	CONTROL_COMMAND(SET, set, true, true),
	CONTROL_COMMAND(GET, get, false, true),
	CONTROL_COMMAND(LIST, list, false, true),
	CONTROL_COMMAND(STATS, stats, false, true),
};

static int control_copy_msg(const struct control_head *head, const char *msg)
{
	char __user *to = u64_to_user_ptr(head->msg);
	size_t len;

	if (!head->msg || !head->msg_size)
		return 0;

	len = min_t(size_t, strlen(msg), head->msg_size - 1);
	if (copy_to_user(to, msg, len) || put_user('\0', to + len))
		return -EFAULT;
	return 0;
}

static long control_call(const struct control_command *command,
			 const struct control_caller *caller,
			 void __user *argp, u32 size)
{
	struct netlink_ext_ack extack = {};
	union control_arg arg = {};
	const char *msg;
	int err;

	err = copy_struct_from_user(&arg, command->size, argp, size);
	if (err)
		return err;

	if (!command->admin ||
	    ns_capable(caller->net->user_ns, CAP_NET_ADMIN)) {
		err = command->func(caller, &arg, &extack);
	} else {
		NL_SET_ERR_MSG_MOD(&extack,
				   "CAP_NET_ADMIN is missing over this network namespace");
		err = -EPERM;
	}

	msg = err && extack._msg ? extack._msg : "";
	if (command->msg && control_copy_msg(&arg.head, msg))
		return -EFAULT;
	if (!err && copy_to_user(argp, &arg, min(size, command->size)))
		return -EFAULT;
	return err;
}

static long control_ioctl(struct file *file, unsigned int cmd,
			  unsigned long data)
{
	const struct control_caller caller = {
		.net = file->private_data,
		.waits = !(file->f_flags & O_NONBLOCK),
	};
	const struct control_command *command;
	void __user *argp = (void __user *)data;
	unsigned int nr;
	u32 size;

	if (_IOC_TYPE(cmd) != STABLETAP_IOC_TYPE ||
	    _IOC_DIR(cmd) != _IOC_NONE || _IOC_SIZE(cmd) ||
	    _IOC_NR(cmd) >= ARRAY_SIZE(control_commands))
		return -ENOTTY;
	nr = array_index_nospec(_IOC_NR(cmd), ARRAY_SIZE(control_commands));
	command = &control_commands[nr];

	if (get_user(size, (u32 __user *)argp))
		return -EFAULT;
	if (size < command->min_size)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;

	return control_call(command, &caller, argp, size);
}

static int control_open(struct inode *inode, struct file *file)
{
	file->private_data = get_net(current->nsproxy->net_ns);
	return 0;
}

static int control_release(struct inode *inode, struct file *file)
{
	put_net(file->private_data);
	return 0;
}

static const struct file_operations control_fops = {
	.owner		= THIS_MODULE,
	.open		= control_open,
	.release	= control_release,
	.unlocked_ioctl	= control_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

/* Any user may query; changes need a capability, as with /dev/net/tun. */
static struct miscdevice control_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= STABLETAP_KIND,
	.mode	= 0666,
	.fops	= &control_fops,
};

int stabletap_control_init(void)
{
	return misc_register(&control_device);
}

void stabletap_control_exit(void)
{
	misc_deregister(&control_device);
}
