/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "cli.h"

/* stabletap status --watch; @port NULL: all.  Returns the exit status. */
int watch_run(struct cli *cli, const char *port);

#endif /* CLI_WATCH_H */
