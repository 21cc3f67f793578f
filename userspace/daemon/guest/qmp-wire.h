/* SPDX-License-Identifier: GPL-2.0 */
/* Splits QMP's bytes into messages.  No I/O; the input is not trusted. */
#ifndef GUEST_QMP_WIRE_H
#define GUEST_QMP_WIRE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * A NIC with all 4096 VLANs in QEMU's pretty form takes some 90 KiB.  The limit
 * protects against a hostile QEMU: jansson needs 70 times as much memory for a
 * message of brackets alone, and 0.3 s for a MiB.
 */
#define QMP_MESSAGE_MAX ((size_t)128 << 10)

/* Bytes that are not read yet.  All zero is an empty buffer. */
struct qmp_wire {
	char *buf;
	size_t room;
	size_t begin;		/* start of the present message */
	size_t at;		/* end of the scanned part */
	size_t end;
	unsigned int depth;	/* of braces and brackets at @at */
	bool string;
	bool escape;
};

void qmp_wire_reset(struct qmp_wire *w);
/* -ENOMEM; -EMSGSIZE: a message is longer than QMP_MESSAGE_MAX. */
int qmp_wire_feed(struct qmp_wire *w, const void *data, size_t len);
/*
 * Returns 1 with the next complete message in *out, which the caller releases;
 * 0 if none is complete; -EBADMSG if the bytes are no JSON object.
 */
int qmp_wire_next(struct qmp_wire *w, json_t **out);

#endif /* GUEST_QMP_WIRE_H */
