// SPDX-License-Identifier: GPL-2.0
/*
 * stabletap: tap ports whose file descriptor outlives the device below.
 */
#include <linux/module.h>

#include "bounds.h"
#include "control.h"
#include "filter.h"
#include "hold.h"
#include "link.h"
#include "lower.h"
#include "release.h"
#include "tapnode.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static int __init stabletap_init(void)
{
	int err;

	err = stabletap_bounds_init();
	if (err)
		return err;
	err = stabletap_hold_init();
	if (err)
		goto err_exit_bounds;
	err = stabletap_tapnode_init();
	if (err)
		goto err_exit_hold;
	err = stabletap_filter_init();
	if (err)
		goto err_exit_tapnode;
	err = stabletap_release_init();
	if (err)
		goto err_exit_filter;
	err = stabletap_lower_init();
	if (err)
		goto err_exit_release;
	err = rtnl_link_register(&stabletap_link_ops);
	if (err)
		goto err_exit_lower;
	err = stabletap_control_init();
	if (err)
		goto err_unregister_link;
	stabletap_compat_notice();
	return 0;

err_unregister_link:
	rtnl_link_unregister(&stabletap_link_ops);
err_exit_lower:
	stabletap_lower_exit();
err_exit_release:
	stabletap_release_exit();
err_exit_filter:
	stabletap_filter_exit();
err_exit_tapnode:
	stabletap_tapnode_exit();
err_exit_hold:
	stabletap_hold_exit();
err_exit_bounds:
	stabletap_bounds_exit();
	return err;
}

/* An open fd holds a reference to the module, but ports may still exist. */
static void __exit stabletap_exit(void)
{
	stabletap_control_exit();
	rtnl_link_unregister(&stabletap_link_ops);
	/* A lower that still sends needs the notifier of lower.c. */
	stabletap_release_exit();
	stabletap_lower_exit();
	stabletap_filter_exit();
	stabletap_tapnode_exit();
	stabletap_hold_exit();
	stabletap_bounds_exit();
}

module_init(stabletap_init);
module_exit(stabletap_exit);

MODULE_DESCRIPTION("Tap ports that outlive the network device below");
MODULE_VERSION(STABLETAP_VERSION);
MODULE_LICENSE("GPL");
MODULE_ALIAS_RTNL_LINK(STABLETAP_KIND);
