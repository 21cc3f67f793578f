/* SPDX-License-Identifier: GPL-2.0 */
/* Removes orphaned children. */
#ifndef ACT_SWEEP_H
#define ACT_SWEEP_H

struct act;

/* 0, or a negative errno, which was logged unless it is act_is_busy(). */
int sweep_children(struct act *a);

#endif /* ACT_SWEEP_H */
