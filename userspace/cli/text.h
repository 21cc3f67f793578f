/* SPDX-License-Identifier: GPL-2.0 */
/* A port as lines of text, in the manner of iproute2. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdio.h>

#include "view.h"

void view_text(const struct cli *cli, const struct view *v, FILE *out);
void view_brief(const struct view *v, FILE *out);
void view_stats_text(const struct stabletap_stats *stats, FILE *out);

#endif /* CLI_TEXT_H */
