/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _STABLETAP_TAPNODE_H
#define _STABLETAP_TAPNODE_H

#include "stabletap.h"

void stabletap_tapnode_get(struct stabletap_port *port,
			   struct stabletap_get *get);
int stabletap_tapnode_init(void);
void stabletap_tapnode_exit(void);

#endif /* _STABLETAP_TAPNODE_H */
