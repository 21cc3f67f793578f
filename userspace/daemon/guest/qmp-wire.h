/* SPDX-License-Identifier: GPL-2.0 */
/*
 * QMP's bytes: where a message ends.  Opens nothing, waits for nothing;
 * whatever comes is taken for hostile.
 */
#ifndef GUEST_QMP_WIRE_H
#define GUEST_QMP_WIRE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * A NIC with all 4096 VLANs in QEMU's pretty form takes some 90 KiB.  More is
 * not taken for the sake of a hostile QEMU: jansson needs 70 times as much
 * memory for what is all brackets, and 0.3 s for a MiB.
 */
#define QMP_MESSAGE_MAX ((size_t)128 << 10)

/* What has come and is not read yet.  Zeroed it is empty. */
struct qmp_wire {
	char *buf;
	size_t room;
	size_t begin;		/* of the message that is looked at */
	size_t at;		/* up to where it has been looked at */
	size_t end;
	unsigned int depth;	/* of braces and brackets at @at */
	bool string;
	bool escape;
};

void qmp_wire_reset(struct qmp_wire *w);
/* -ENOMEM; -EMSGSIZE: a message is longer than QMP_MESSAGE_MAX. */
int qmp_wire_feed(struct qmp_wire *w, const void *data, size_t len);
/*
 * The next message that is whole: 1, and *out is the caller's to release; 0:
 * there is none yet; -EBADMSG: what has come is no JSON object.
 */
int qmp_wire_next(struct qmp_wire *w, json_t **out);

#endif /* GUEST_QMP_WIRE_H */
