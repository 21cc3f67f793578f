/* SPDX-License-Identifier: GPL-2.0 */
/* Candidate= and Member=: devices for a port, devices of a pool. */
#ifndef CONF_CANDIDATE_H
#define CONF_CANDIDATE_H

#include "conf/selector.h"
#include "conf/values.h"

extern const struct conf_type conf_candidate_type;	/* of a conf_port */
extern const struct conf_type conf_member_type;		/* of a conf_pool */

#endif /* CONF_CANDIDATE_H */
