// SPDX-License-Identifier: GPL-2.0
/* Sends an announcement for switches. */
#include <unistd.h>

#include "frames.h"
#include "sender.h"
#include "stabletap.h"

/*
 * The same "who am I" request that QEMU's announce-self and the target of a
 * migration send.  It expects no answer and carries no IP address, and every
 * switch on its way learns the source address.
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
