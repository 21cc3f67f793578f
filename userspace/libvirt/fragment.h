/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file with a domain's ports, /run/stabletap/libvirt-UUID.conf, which
 * stabletapd reads as a part of its configuration.  It is also the record of
 * the ports that the hook has made: it is written before a port is made, and is
 * removed before the port is deleted.
 */
#ifndef LIBVIRT_FRAGMENT_H
#define LIBVIRT_FRAGMENT_H

#include <stdbool.h>

#include "domain.h"

#define FRAGMENT_PATH_SIZE 96

/* Formats the file's path. */
const char *fragment_path(const char *uuid, char buf[FRAGMENT_PATH_SIZE]);

/* Return 0 or a negative errno. */
int fragment_write(const struct domain *d, const char *name);
int fragment_remove(const char *uuid);

/*
 * Lists the names of the ports in the file: zeroed at first, released by
 * fragment_ports_release().  -ENOENT: there is no file.
 */
struct fragment_ports {
	char **v;
	size_t n;
};

int fragment_ports_read(const char *uuid, struct fragment_ports *out);
void fragment_ports_release(struct fragment_ports *ports);
bool fragment_ports_has(const struct fragment_ports *ports, const char *name);

#endif /* LIBVIRT_FRAGMENT_H */
