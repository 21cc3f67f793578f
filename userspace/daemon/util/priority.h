/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The order in which the loop serves its event sources.  Clients come last:
 * however many of these connect and ask, nothing that the daemon does for a
 * port waits for them.
 */
#ifndef UTIL_PRIORITY_H
#define UTIL_PRIORITY_H

#include <systemd/sd-event.h>

enum {
	/*
	 * The kernel's events and overrides: read all before anything is
	 * planned
	 */
	PRIORITY_EVENTS = SD_EVENT_PRIORITY_NORMAL - 40,
	/* VFs: their users must be known before ports are planned */
	PRIORITY_VFS = SD_EVENT_PRIORITY_NORMAL - 30,
	/* Devices and ports: plan and act */
	PRIORITY_WORK = SD_EVENT_PRIORITY_NORMAL - 20,
	/* QEMU's messages, and then the filters that result from them */
	PRIORITY_GUEST = SD_EVENT_PRIORITY_NORMAL + 5,
	PRIORITY_FILTER,
	/* Questions and answers of Probe= */
	PRIORITY_PROBE = SD_EVENT_PRIORITY_NORMAL + 10,
	PRIORITY_HOOKS = SD_EVENT_PRIORITY_IDLE,
	PRIORITY_ANNOUNCE = SD_EVENT_PRIORITY_IDLE + 10,
	/* Clients of the socket */
	PRIORITY_SERVER = SD_EVENT_PRIORITY_IDLE + 20,
	/* Slow closes; they take turns with clients */
	PRIORITY_CLOSE = PRIORITY_SERVER,
};

#endif /* UTIL_PRIORITY_H */
