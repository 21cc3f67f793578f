/* SPDX-License-Identifier: GPL-2.0 */
/* The options that don't start the daemon.  Both return an exit status. */
#ifndef OFFLINE_H
#define OFFLINE_H

/* Report the errors of @file, or of all files if it is NULL. */
int offline_check(const char *file);
/* List the keys of the configuration, or only @name. */
int offline_keys(const char *name);

#endif /* OFFLINE_H */
