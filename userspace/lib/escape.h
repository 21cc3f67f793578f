/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Text that others wrote (QEMU, the kernel's device names, files, processes)
 * on its way into lines, labels, environments and terminals, where a control
 * character could forge a line or steer the terminal.
 */
#ifndef STABLETAP_ESCAPE_H
#define STABLETAP_ESCAPE_H

#include <stddef.h>

/*
 * Copy @text to @buf, cut to @size between two characters.  Control characters
 * (C0, DEL, C1) and bytes that are no UTF-8 become \xNN.  Returns @buf.
 */
char *escape_line(char *buf, size_t size, const char *text);

/*
 * The same for a label's value in Prometheus' text format: there a backslash
 * and a double quote have a backslash before them, and a newline is \n.  No
 * other escape exists, so what else can't be shown becomes U+FFFD.
 */
char *escape_label(char *buf, size_t size, const char *text);

/* Bytes of the UTF-8 character at @text that can be shown, or 0. */
size_t escape_printable(const char *text);

#endif /* STABLETAP_ESCAPE_H */
