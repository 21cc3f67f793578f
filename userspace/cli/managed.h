/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Notes for verbs that stabletapd undoes at once, because it brings each port in
 * its configuration back to what that says.  They are printed after the verb's
 * work, and only if the daemon answers.
 */
#ifndef CLI_MANAGED_H
#define CLI_MANAGED_H

#include "cli.h"

void managed_note_delete(struct cli *cli, const char *port);
void managed_note_detach(struct cli *cli, const char *port);
void managed_note_options(struct cli *cli, const char *port);
/*
 * @dev: the device to which the port was to be attached.  @attached: it was; if
 * not, stabletapd may be the cause.
 */
void managed_note_attach(struct cli *cli, const char *port,
			 const struct stabletap_link *dev, bool attached);

#endif /* CLI_MANAGED_H */
