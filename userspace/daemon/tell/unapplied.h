/* SPDX-License-Identifier: GPL-2.0 */
/* Logs the keys of a section that do not change a port that exists. */
#ifndef TELL_UNAPPLIED_H
#define TELL_UNAPPLIED_H

struct model;

void unapplied_watch(struct model *m);

#endif /* TELL_UNAPPLIED_H */
