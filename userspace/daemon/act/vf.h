/* SPDX-License-Identifier: GPL-2.0 */
/* VFs of pools: set up for a port, mended, and put back. */
#ifndef ACT_VF_H
#define ACT_VF_H

#include "stabletap.h"

struct act;
struct device;
struct port;
struct sriov;
struct vf_keeper;

/* Looks after VFs whenever something of them, their PF or a port changes. */
int vf_keeper_start(struct act *a, struct sriov *sriov,
		    struct vf_keeper **out);
void vf_keeper_stop(struct vf_keeper *k);

/* @port is to be attached to that device: set it up if it is a pool's VF. */
int vf_prepare(struct vf_keeper *k, struct port *port, struct device *dev,
	       enum stabletap_mode mode);

#endif /* ACT_VF_H */
