/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VFs of pools: sets them up for a port, repeats lost settings, restores them.
 */
#ifndef ACT_VF_H
#define ACT_VF_H

#include "stabletap.h"

struct act;
struct device;
struct port;
struct sriov;
struct vf_keeper;

/* Evaluates VFs whenever they, their PF or a port changes. */
int vf_keeper_start(struct act *a, struct sriov *sriov,
		    struct vf_keeper **out);
void vf_keeper_stop(struct vf_keeper *k);

/* Sets @dev up for @port, before the attach, if it is a pool's VF. */
int vf_prepare(struct vf_keeper *k, struct port *port, struct device *dev,
	       enum stabletap_mode mode);

#endif /* ACT_VF_H */
