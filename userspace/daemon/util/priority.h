/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the loop does first.  Clients come last: however many of these connect
 * and ask, nothing that the daemon does for a port waits for them.
 */
#ifndef UTIL_PRIORITY_H
#define UTIL_PRIORITY_H

#include <systemd/sd-event.h>

enum {
	/* The kernel's events and the operator's wishes: read all first */
	PRIORITY_EVENTS = SD_EVENT_PRIORITY_NORMAL - 40,
	/* VFs, of which it must be known who has them before ports look */
	PRIORITY_VFS = SD_EVENT_PRIORITY_NORMAL - 30,
	/* Devices and ports: plan and act */
	PRIORITY_WORK = SD_EVENT_PRIORITY_NORMAL - 20,
	/* QEMU, and then what follows from what it says */
	PRIORITY_GUEST = SD_EVENT_PRIORITY_NORMAL + 5,
	PRIORITY_FILTER,
	/* Questions and answers of Probe= */
	PRIORITY_PROBE = SD_EVENT_PRIORITY_NORMAL + 10,
	PRIORITY_HOOKS = SD_EVENT_PRIORITY_IDLE,
	PRIORITY_ANNOUNCE = SD_EVENT_PRIORITY_IDLE + 10,
	/* Clients of the socket */
	PRIORITY_SERVER = SD_EVENT_PRIORITY_IDLE + 20,
	/* What takes long to close: in turn with clients, so both get on */
	PRIORITY_CLOSE = PRIORITY_SERVER,
};

#endif /* UTIL_PRIORITY_H */
