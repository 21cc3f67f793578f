/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which ports the files of stabletapd's configuration name.  Only the daemon
 * understands them; this looks for the headers of sections.
 */
#ifndef DOCTOR_CONFIGURED_H
#define DOCTOR_CONFIGURED_H

#include <stdbool.h>
#include <stddef.h>

#include "doctor/tree.h"

struct configured_port {
	char port[64];
	char file[TREE_PATH];
};

/* Zeroed at first; released by configured_release(). */
struct configured {
	struct configured_port *v;
	size_t n;
	bool unreadable;	/* a file could not be read */
};

/* Reads the files that stabletapd would read at its start. */
void configured_read(const char *root, struct configured *out);
/* Adds the ports of one file. */
void configured_add(const char *root, const char *path, struct configured *out);
void configured_release(struct configured *conf);

#endif /* DOCTOR_CONFIGURED_H */
