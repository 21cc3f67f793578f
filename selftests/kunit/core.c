// SPDX-License-Identifier: GPL-2.0
/*
 * The assumptions about the kernel that the module checks when it is loaded:
 * they hold in this kernel, and a kernel in which they don't is refused.  This
 * file replaces the two kernel functions that are checked, to imitate such a
 * kernel.
 */
#include <kunit/test.h>
#include <linux/cdev.h>
#include <linux/if_tap.h>
#include <linux/netdevice.h>

static enum core {
	AS_IT_IS,
	A_FIELD_MORE,		/* is set by netdev_rx_handler_register() */
	NO_OPERATIONS,		/* tap_create_cdev() sets no operations */
	ANOTHER_OWNER,
} core;

static int core_register_handler(struct net_device *dev,
				 rx_handler_func_t *handler, void *data)
{
	int err = netdev_rx_handler_register(dev, handler, data);

	if (core == A_FIELD_MORE)
		dev->group++;
	return err;
}

static int core_create_cdev(struct cdev *cdev, dev_t *major, const char *name,
			    struct module *module)
{
	int err = tap_create_cdev(cdev, major, name, module);

	if (core == NO_OPERATIONS)
		cdev->ops = NULL;
	if (core == ANOTHER_OWNER)
		cdev->owner = NULL;
	return err;
}

#define netdev_rx_handler_register	core_register_handler
#define tap_create_cdev			core_create_cdev
#include "../../kmod/lower.c"
#include "../../kmod/release.c"
#include "../../kmod/tapnode.c"

static void core_test_exit(struct kunit *test)
{
	core = AS_IT_IS;
}

static void the_receive_handlers_of_this_kernel_are_known(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, release_check_core(), 0);
}

static void receive_handlers_with_a_field_more_are_refused(struct kunit *test)
{
	core = A_FIELD_MORE;
	KUNIT_EXPECT_EQ(test, release_check_core(), -ENXIO);
}

static void a_tap_core_without_operations_is_refused(struct kunit *test)
{
	core = NO_OPERATIONS;
	KUNIT_EXPECT_EQ(test, stabletap_tapnode_init(), -ENXIO);
}

static void a_tap_core_that_owns_the_cdev_is_refused(struct kunit *test)
{
	core = ANOTHER_OWNER;
	KUNIT_EXPECT_EQ(test, stabletap_tapnode_init(), -ENXIO);
}

static struct kunit_case core_test_cases[] = {
	KUNIT_CASE(the_receive_handlers_of_this_kernel_are_known),
	KUNIT_CASE(receive_handlers_with_a_field_more_are_refused),
	KUNIT_CASE(a_tap_core_without_operations_is_refused),
	KUNIT_CASE(a_tap_core_that_owns_the_cdev_is_refused),
	{}
};

static struct kunit_suite core_test_suite = {
	.name		= "stabletap_core",
	.exit		= core_test_exit,
	.test_cases	= core_test_cases,
};

kunit_test_suite(core_test_suite);
