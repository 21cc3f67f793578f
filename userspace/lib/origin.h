/* SPDX-License-Identifier: GPL-2.0 */
/*
 * On which device a child was made.  The kernel remembers the name of the lower
 * that a port lost.  The name of a child that is gone says little, so its maker
 * records the device's name.  The record serves only to show that name.
 *
 * Each port has a symbolic link, <inode of the network namespace>.<port's
 * ifindex>.  Its target is the record: "COOKIE CHILD DEVICE CHILD DEVICE ...",
 * the newest child first.  One system call reads a link, and two replace it.  A
 * short target needs no page of memory, as a file would, and each port has one.
 *
 * The inode of a namespace that ended is given to a later one, whose ports have
 * the same low ifindexes.  The cookie is never given twice, so a record with
 * another cookie is stale: it is ignored, and replaced by the next one.  As
 * inodes are used again, stale records don't add up.
 */
#ifndef STABLETAP_ORIGIN_H
#define STABLETAP_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "file.h"

#define STABLETAP_ORIGIN_DIR STABLETAP_RUN_DIR "/children"

/* The process's network namespace */
struct origin_netns {
	unsigned long inode;
	uint64_t cookie;	/* 0: kernels before 5.14 don't say. */
};

void origin_here(struct origin_netns *here);

/* Records the device.  Errors are ignored: the child's name is shown then. */
void origin_note(const char *dir, const struct origin_netns *here, int port,
		 const char *child, const char *device);
bool origin_find(const char *dir, int port, const char *child, char *device,
		 size_t size);
void origin_forget(const char *dir, int port);

/* Removes the records of ports of this namespace that don't exist. */
void origin_sweep(const char *dir);

#endif /* STABLETAP_ORIGIN_H */
