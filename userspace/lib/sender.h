/* SPDX-License-Identifier: GPL-2.0 */
/* Sending frames by any device. */
#ifndef STABLETAP_SENDER_H
#define STABLETAP_SENDER_H

struct announce_frame;

/* A socket for that, which receives nothing, or -errno */
int sender_open(void);
/* Doesn't wait.  -ENXIO: there is no such device. */
int sender_send(int fd, int ifindex, const struct announce_frame *f);

#endif /* STABLETAP_SENDER_H */
