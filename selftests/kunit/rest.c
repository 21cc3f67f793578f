// SPDX-License-Identifier: GPL-2.0
/*
 * The files of the module that have no suite here, but are called by those that
 * have one.
 */
#include <linux/module.h>

#include "../../kmod/bounds.c"
#include "../../kmod/link.c"

MODULE_DESCRIPTION("KUnit suites of stabletap");
MODULE_LICENSE("GPL");
