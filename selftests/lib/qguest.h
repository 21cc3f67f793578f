/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest of a real QEMU whose NIC can be unplugged and plugged again while
 * frames are sent: this process is its driver, through vrings in memory that
 * the guest shares with it.
 *
 * Functions return a negative errno on failure unless they say otherwise.
 */
#ifndef QGUEST_H
#define QGUEST_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "qemu.h"
#include "qnic.h"

struct qguest {
	struct qemu qemu;
	/*
	 * Protects @nic and QEMU's qtest socket.  Held while there is no NIC.
	 */
	pthread_mutex_t lock;
	struct qnic nic;
	uint8_t *memory;
	const char *mac;
	int nr;			/* how often the NIC was plugged */
};

/* Start a guest with a NIC on @tap, a macvtap's or port's file. */
int qguest_start(struct qguest *guest, int tap, const char *mac);
void qguest_end(struct qguest *guest);
/* Send one frame; -ENODEV while there is no NIC. */
int qguest_send(struct qguest *guest, const uint8_t *frame, size_t len);
/*
 * Take one received frame.  Returns its length, 0 if there is none, -ENODEV
 * while there is no NIC.
 */
int qguest_receive(struct qguest *guest, uint8_t *frame, size_t size);
/*
 * Unplug the NIC with its back end, and plug one on @tap.  Another thread may
 * send and receive meanwhile.
 */
int qguest_replug(struct qguest *guest, int tap);

#endif /* QGUEST_H */
