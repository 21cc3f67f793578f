/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Notes for verbs that stabletapd undoes at once: it puts each port that is in
 * its configuration where it belongs.  They are given after the deed, and only
 * if the daemon answers.
 */
#ifndef CLI_MANAGED_H
#define CLI_MANAGED_H

#include "cli.h"

void managed_note_delete(struct cli *cli, const char *port);
void managed_note_detach(struct cli *cli, const char *port);
/* @dev: what the port was attached to */
void managed_note_attach(struct cli *cli, const char *port,
			 const struct stabletap_link *dev);

#endif /* CLI_MANAGED_H */
