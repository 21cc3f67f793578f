/* SPDX-License-Identifier: GPL-2.0 */
/* Requests to stabletapd. */
#ifndef LIBVIRT_DAEMON_H
#define LIBVIRT_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Milliseconds of a clock that does not jump, for deadlines; and the pause of
 * loops that wait until one.
 */
uint64_t deadline_in(unsigned int ms);
bool deadline_pause(uint64_t deadline);

/*
 * Make stabletapd read its configuration anew.  The requests that follow are
 * answered after it has done so.  Returns 0, a negative errno or, if stabletapd
 * refuses, -EPROTO after a message.  -ENOENT, -ECONNREFUSED: it does not run.
 */
int daemon_reload(uint64_t deadline);

/*
 * Wait until stabletapd has done what it can do for @port now.  Returns 0 or a
 * negative errno; -EPROTO after a message: the port is not in its
 * configuration.
 */
int daemon_settle(const char *port, uint64_t deadline);

#endif /* LIBVIRT_DAEMON_H */
