// SPDX-License-Identifier: GPL-2.0
/* 69c7be1b903f (6.15): rtnl_link_ops.newlink takes rtnl_newlink_params */
#include <net/rtnetlink.h>

static int probe_newlink(struct net_device *dev,
			 struct rtnl_newlink_params *params,
			 struct netlink_ext_ack *extack)
{
	return params->tb != params->data;
}

extern struct rtnl_link_ops probe;
struct rtnl_link_ops probe = {
	.newlink = probe_newlink,
};
