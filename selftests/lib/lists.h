/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The lists of unicast and multicast addresses of a network device.  As in st.h
 * every int function returns a negative errno on failure.
 */
#ifndef LISTS_H
#define LISTS_H

#include <stdbool.h>

/* Is a MAC address on one of the device's lists? */
bool fdb_has(int ifindex, const void *mac);
/* These two return when all devices that follow the list have it. */
/* "bridge fdb add|del MAC dev DEV self": unicast and multicast */
int fdb_set(int ifindex, const void *mac, bool add);
/* "ip maddress add|del MAC dev DEV" */
int maddr_set(const char *device, const void *mac, bool add);
/* The same, but returns when the device itself has it. */
int maddr_ask(const char *device, const void *mac, bool add);

#endif /* LISTS_H */
