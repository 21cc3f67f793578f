/* SPDX-License-Identifier: GPL-2.0 */
/* Logs a line for each event of a port. */
#ifndef TELL_JOURNAL_H
#define TELL_JOURNAL_H

struct model;

void journal_watch(struct model *m);

#endif /* TELL_JOURNAL_H */
