/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Overrides: the operator's requests for a port, until they are removed or the
 * machine is rebooted.  The command writes them, the daemon reads them: a file
 * for each port, named as the port, with one line: "pin DEVICE", "prefer
 * DEVICE" or "hold-off".
 */
#ifndef STABLETAP_OVERRIDE_H
#define STABLETAP_OVERRIDE_H

#include <stdbool.h>

enum override_kind {
	OVERRIDE_NONE,
	OVERRIDE_PIN,		/* this device and no other */
	OVERRIDE_PREFER,	/* this device first, if it is usable */
	OVERRIDE_HOLD_OFF,	/* no device */
};

struct override {
	enum override_kind kind;
	char dev[128];		/* or an altname; "" if the kind has no device */
};

/* Is @dev valid as the name or altname of an override's device? */
bool override_device_is_valid(const char *dev);

/*
 * Reads the override of @port in directory @dir; OVERRIDE_NONE if there is no
 * file.  -EINVAL: the line is malformed; other errors are those of reading.
 */
int override_read(const char *dir, const char *port, struct override *o);

/*
 * Writes @o, which has a kind, in place of an earlier override; @dir is created
 * if missing.  Returns 0 or a negative errno.
 */
int override_write(const char *dir, const char *port,
		   const struct override *o);

/* Removes the override.  -ENOENT: there is none. */
int override_remove(const char *dir, const char *port);

#endif /* STABLETAP_OVERRIDE_H */
