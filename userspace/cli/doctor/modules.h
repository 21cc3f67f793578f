/* SPDX-License-Identifier: GPL-2.0 */
/* The modules of the running kernel, as depmod has listed them. */
#ifndef DOCTOR_MODULES_H
#define DOCTOR_MODULES_H

#include "doctor/host.h"
#include "doctor/tree.h"

/*
 * Finds the file of module @name, as "/lib/modules/<release>/...".  Returns
 * false if there is none.
 */
bool modules_path(const struct host *h, const char *name, char path[TREE_PATH]);

/* Has the kernel that module, built in, loaded or to be loaded? */
bool modules_have(const struct host *h, const char *name);

/* Are there lists of modules for the running kernel? */
bool modules_are_listed(const struct host *h);

#endif /* DOCTOR_MODULES_H */
