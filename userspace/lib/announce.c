// SPDX-License-Identifier: GPL-2.0
/* Telling switches where an address is now. */
#include <unistd.h>

#include "frames.h"
#include "sender.h"
#include "stabletap.h"

/*
 * The same "who am I" that QEMU's announce-self and a migration's target
 * send: it asks nobody for anything, carries no IP address, and every switch
 * it crosses learns the source address.
 */
int stabletap_announce_rarp(int ifindex, const uint8_t addr[6])
{
	static const struct announce_tags none;
	struct announce_frame frame;
	int fd = sender_open();
	int err;

	if (fd < 0)
		return fd;
	announce_rarp(&frame, &none, addr);
	err = sender_send(fd, ifindex, &frame);
	close(fd);
	return err;
}
