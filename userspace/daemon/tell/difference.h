/* SPDX-License-Identifier: GPL-2.0 */
/* Logs the keys of a section that do not change a port that exists. */
#ifndef TELL_DIFFERENCE_H
#define TELL_DIFFERENCE_H

struct model;

void difference_watch(struct model *m);

#endif /* TELL_DIFFERENCE_H */
