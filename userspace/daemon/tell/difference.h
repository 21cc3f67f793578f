/* SPDX-License-Identifier: GPL-2.0 */
/* Telling what of a port's section does not count for the port that exists. */
#ifndef TELL_DIFFERENCE_H
#define TELL_DIFFERENCE_H

struct model;

void difference_watch(struct model *m);

#endif /* TELL_DIFFERENCE_H */
