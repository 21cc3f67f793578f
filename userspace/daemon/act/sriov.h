/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Making VFs, and waiting until they are made: what waits in the kernel, for
 * seconds, is done by processes of their own.
 */
#ifndef ACT_SRIOV_H
#define ACT_SRIOV_H

#include <stddef.h>

struct act;
struct conf_pool;
struct device;
struct sriov;

struct sriov *sriov_new(struct act *a);
void sriov_free(struct sriov *s);

/* Wait until the PF of that VF has made all; its VFs are VFS_MADE then. */
void sriov_await(struct sriov *s, struct device *vf);
/* Have the PF make VFs if the pool wants some and it has none. */
void sriov_make(struct sriov *s, const struct conf_pool *pool,
		struct device *pf);

#endif /* ACT_SRIOV_H */
