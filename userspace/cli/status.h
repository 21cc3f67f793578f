/* SPDX-License-Identifier: GPL-2.0 */
/* Prints stabletapd's answers about a port. */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

#include <jansson.h>

#include "cli.h"

/* "vm1: attached dev eth0 pin eth0", and a line for each warning */
void status_print_headline(const json_t *port);

#endif /* CLI_STATUS_H */
