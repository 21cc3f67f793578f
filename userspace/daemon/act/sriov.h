/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Creates VFs, and waits until they are complete.  Calls that block for seconds
 * are made by processes of their own.
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

/* Waits until the VF's PF has created all VFs; they are VFS_MADE then. */
void sriov_await(struct sriov *s, struct device *vf);
/* Creates VFs on the PF if the pool wants some and it has none. */
void sriov_make(struct sriov *s, const struct conf_pool *pool,
		struct device *pf);

#endif /* ACT_SRIOV_H */
