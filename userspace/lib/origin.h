/* SPDX-License-Identifier: GPL-2.0 */
/*
 * On which device a child was.  The kernel remembers the name of the lower
 * that a port lost; of a child that is gone, the name says little.  So its
 * maker notes the device's name, in a file for each port: a line
 * "CHILD DEVICE" for each of the last children, the newest first.  The note
 * serves only to show the name.
 */
#ifndef STABLETAP_ORIGIN_H
#define STABLETAP_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

#define STABLETAP_ORIGIN_DIR "/run/stabletap/children"

/* The name of the file of @port in the present network namespace */
void origin_name(int port, char *buf, size_t size);

/* Errors are passed over: the child's name is shown then. */
void origin_note(const char *dir, const char *name, const char *child,
		 const char *device);
bool origin_find(const char *dir, const char *name, const char *child,
		 char *device, size_t size);
void origin_forget(const char *dir, const char *name);

#endif /* STABLETAP_ORIGIN_H */
