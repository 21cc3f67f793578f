/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Escapes foreign text (of QEMU, the kernel's device names, files, processes)
 * for lines, labels, environments and terminals, where a control character
 * could forge a line or steer the terminal.
 */
#ifndef STABLETAP_ESCAPE_H
#define STABLETAP_ESCAPE_H

#include <stddef.h>

/*
 * Copies @text to @buf, cut to @size between two characters.  Control
 * characters (C0, DEL, C1) and bytes that are no UTF-8 become \xNN.  Returns
 * @buf.
 */
char *escape_line(char *buf, size_t size, const char *text);

/*
 * The same for a label's value in Prometheus' text format: backslash and double
 * quote get a backslash before them, a newline becomes \n.  The format has no
 * other escape, so all else that can't be shown becomes U+FFFD.
 */
char *escape_label(char *buf, size_t size, const char *text);

/* Returns the bytes of the UTF-8 character at @text; 0 if it can't be shown. */
size_t escape_printable(const char *text);

#endif /* STABLETAP_ESCAPE_H */
