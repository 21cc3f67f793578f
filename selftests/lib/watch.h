/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Looks at every frame of a device, in both directions, and changes nothing: a
 * packet socket, tc and nft.  So no frame takes a short way (way.h).
 */
#ifndef WATCH_H
#define WATCH_H

/*
 * Returns the packet socket, which nobody has to read, or a negative errno.
 * The rest stays as long as the device or the network namespace.
 */
int watch_device(const char *device);

#endif /* WATCH_H */
