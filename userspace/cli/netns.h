/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CLI_NETNS_H
#define CLI_NETNS_H

#include <sys/types.h>

/*
 * Enters the network namespace that "ip netns" knows as @name.  Returns 0, or
 * the exit status after a message.
 */
int netns_enter(const char *name);

/* Is process @pid in our network namespace?  -1: unknown. */
int netns_is_shared(pid_t pid);

#endif /* CLI_NETNS_H */
