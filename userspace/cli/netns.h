/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CLI_NETNS_H
#define CLI_NETNS_H

#include <sys/types.h>

/*
 * Go to the network namespace that "ip netns" knows as @name; says what is
 * wrong and returns the exit status otherwise.
 */
int netns_enter(const char *name);

/* Is process @pid in our network namespace?  -1: that can't be seen. */
int netns_is_shared(pid_t pid);

#endif /* CLI_NETNS_H */
