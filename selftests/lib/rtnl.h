/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Holds RTNL, the kernel's lock of the network configuration, for as long as a
 * test wants.
 *
 * ETHTOOL_GLINK writes its answer to the caller's memory under RTNL.  Here a
 * part of that memory is a page that is missing until the test supplies it
 * (userfaultfd).
 */
#ifndef RTNL_H
#define RTNL_H

#include <pthread.h>

struct rtnl {
	int memory;		/* the userfaultfd */
	int socket;
	char *pages;
	pthread_t thread;
};

/*
 * Returns once RTNL is held.  Returns -ENOSYS if the kernel has no userfaultfd,
 * or another negative errno.
 */
int rtnl_hold(struct rtnl *rtnl);
void rtnl_let_go(struct rtnl *rtnl);

#endif /* RTNL_H */
