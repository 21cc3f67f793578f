/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Overrides: what the operator asks for by hand, until it is taken back or the
 * machine starts anew.  The command writes them, the daemon reads them: a file
 * for each port, named as the port, with one line: "pin DEVICE",
 * "prefer DEVICE" or "hold-off".
 */
#ifndef STABLETAP_OVERRIDE_H
#define STABLETAP_OVERRIDE_H

#include <stdbool.h>

enum override_kind {
	OVERRIDE_NONE,
	OVERRIDE_PIN,		/* this device and no other */
	OVERRIDE_PREFER,	/* this one first, if it is usable */
	OVERRIDE_HOLD_OFF,	/* none at all */
};

struct override {
	enum override_kind kind;
	char dev[128];		/* or an altname; "": the kind has no device */
};

/* Can @dev be the name or altname of an override's device? */
bool override_device_is_valid(const char *dev);

/*
 * What is asked for @port in directory @dir; OVERRIDE_NONE if there is no file.
 * -EINVAL: the line can't be understood; other errors are those of reading.
 */
int override_read(const char *dir, const char *port, struct override *o);

/*
 * Ask for @o, which has a kind, instead of what was asked for before; @dir is
 * made if it is not there.  Returns 0 or a negative errno.
 */
int override_write(const char *dir, const char *port,
		   const struct override *o);

/* Take back what is asked for.  -ENOENT: nothing is. */
int override_remove(const char *dir, const char *port);

#endif /* STABLETAP_OVERRIDE_H */
