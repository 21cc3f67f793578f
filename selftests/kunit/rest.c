// SPDX-License-Identifier: GPL-2.0
/* The files of the module without a suite, which the files with one call. */
#include <linux/module.h>

#include "../../kmod/bounds.c"
#include "../../kmod/hold.c"
#include "../../kmod/link.c"

MODULE_DESCRIPTION("KUnit suites of stabletap");
MODULE_LICENSE("GPL");
