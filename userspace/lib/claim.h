/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Claims: which ports are being worked on.
 *
 * A child that was just made and an orphaned child look alike: both have no
 * master.  So a process claims the port before it makes a child, and drops the
 * claim when the child is attached or removed.  A sweep for orphaned children
 * leaves those of claimed ports alone.
 *
 * A claim is a shared lock of an open file description on one byte of
 * STABLETAP_CLAIMS; the port's ifindex is the offset.  No process takes an
 * exclusive lock, so none ever waits, even for the claim of a process that was
 * stopped.  The kernel drops the claims of a process that dies.
 *
 * The file serves all network namespaces.  Ports of two namespaces may have
 * the same ifindex; then a sweep passes over a child once too often, and the
 * next one finds it.
 */
#ifndef STABLETAP_CLAIM_H
#define STABLETAP_CLAIM_H

#include <stdbool.h>

#define STABLETAP_CLAIMS "/run/stabletap.claims"

/* Returns a file descriptor, which the caller closes, or a negative errno. */
int claims_open(const char *path);

/*
 * @fd is the return value of claims_open(), which may be an error: without the
 * file (no /run, not root) ports are not claimed.  At worst, two processes that
 * work on the same port undo each other's work then.
 */
void claim_take(int fd, int port);
void claim_drop(int fd, int port);

/* Has another open file description claimed @port? */
bool claim_is_taken(int fd, int port);

#endif /* STABLETAP_CLAIM_H */
