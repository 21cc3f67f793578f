/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The lists of unicast and multicast addresses of a network device.  As in st.h
 * every int function returns a negative errno on failure.
 */
#ifndef LISTS_H
#define LISTS_H

#include <stdbool.h>

/* Returns true if a MAC address is on one of the device's lists. */
bool fdb_has(int ifindex, const void *mac);
/*
 * Returns true if a MAC address is on none of the device's lists, or is taken
 * off them before the deadline: the work queue of 7.3 that applies a list keeps
 * its entries until it is done.
 */
bool fdb_lacks(int ifindex, const void *mac);
/*
 * fdb_set() and maddr_set() return when all devices that the list is synced to
 * have the change.
 */
/* "bridge fdb add|del MAC dev DEV self": unicast and multicast */
int fdb_set(int ifindex, const void *mac, bool add);
/* "ip maddress add|del MAC dev DEV" */
int maddr_set(const char *device, const void *mac, bool add);
/* As maddr_set(), but returns when the device itself has the change. */
int maddr_ask(const char *device, const void *mac, bool add);

#endif /* LISTS_H */
