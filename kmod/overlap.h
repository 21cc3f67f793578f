/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _STABLETAP_OVERLAP_H
#define _STABLETAP_OVERLAP_H

#include "stabletap.h"

struct stabletap_overlap *stabletap_overlap_new(struct stabletap_port *port,
						struct stabletap_lower *old);
void stabletap_overlap_switch(struct stabletap_overlap *overlap);
bool stabletap_overlap_accepts(struct stabletap_overlap *overlap,
			       struct stabletap_lower *lower,
			       const struct sk_buff *skb);
void stabletap_overlap_free(struct stabletap_overlap *overlap);

#endif /* _STABLETAP_OVERLAP_H */
