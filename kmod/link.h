/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _STABLETAP_LINK_H
#define _STABLETAP_LINK_H

#include <net/rtnetlink.h>

extern struct rtnl_link_ops stabletap_link_ops;

#endif /* _STABLETAP_LINK_H */
