/* SPDX-License-Identifier: GPL-2.0 */
/* Sends frames by any device. */
#ifndef STABLETAP_SENDER_H
#define STABLETAP_SENDER_H

struct announce_frame;

/* Returns a socket that only sends, or a negative errno. */
int sender_open(void);
/* Sends without waiting.  -ENXIO: there is no such device. */
int sender_send(int fd, int ifindex, const struct announce_frame *f);

#endif /* STABLETAP_SENDER_H */
