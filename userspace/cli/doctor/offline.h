/* SPDX-License-Identifier: GPL-2.0 */
/* Has "stabletapd --check" check the configuration. */
#ifndef DOCTOR_OFFLINE_H
#define DOCTOR_OFFLINE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Returns true if it found errors; @line is the first one then.  The program is
 * the one beside this command, or one in $PATH.
 */
bool offline_check_fails(char *line, size_t size);

#endif /* DOCTOR_OFFLINE_H */
