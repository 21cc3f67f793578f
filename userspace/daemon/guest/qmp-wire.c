// SPDX-License-Identifier: GPL-2.0
/* Splits QMP's bytes into messages. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest/qmp-wire.h"

#define WIRE_ROOM_MIN 4096

void qmp_wire_reset(struct qmp_wire *w)
{
	free(w->buf);
	memset(w, 0, sizeof(*w));
}

/* Drops the messages that were read. */
static void wire_compact(struct qmp_wire *w)
{
	if (!w->begin)
		return;
	memmove(w->buf, w->buf + w->begin, w->end - w->begin);
	w->at -= w->begin;
	w->end -= w->begin;
	w->begin = 0;
}

int qmp_wire_feed(struct qmp_wire *w, const void *data, size_t len)
{
	size_t room = w->room ? w->room : WIRE_ROOM_MIN;
	char *buf;

	wire_compact(w);
	if (len > QMP_MESSAGE_MAX || w->end > QMP_MESSAGE_MAX - len)
		return -EMSGSIZE;
	while (room < w->end + len)
		room *= 2;
	if (room != w->room) {
		buf = realloc(w->buf, room);
		if (!buf)
			return -ENOMEM;
		w->buf = buf;
		w->room = room;
	}
	memcpy(w->buf + w->end, data, len);
	w->end += len;
	return 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Takes in one character.  Returns true if it ends the message. */
static bool wire_step(struct qmp_wire *w, char c)
{
	if (w->string) {
		if (w->escape)
			w->escape = false;
		else if (c == '\\')
			w->escape = true;
		else if (c == '"')
			w->string = false;
		return false;
	}
	if (c == '"')
		w->string = true;
	else if (c == '{' || c == '[')
		w->depth++;
	else if (c == '}' || c == ']')
		return --w->depth == 0;
	return false;
}

int qmp_wire_next(struct qmp_wire *w, json_t **out)
{
	json_t *json;

	/* A message may go over several lines ("pretty"). */
	while (!w->depth && w->at < w->end && is_space(w->buf[w->at]))
		w->begin = ++w->at;
	if (w->at == w->end) {
		/* Release the buffer: there may be hundreds of idle guests. */
		if (w->begin == w->end)
			qmp_wire_reset(w);
		return 0;
	}
	if (!w->depth && w->buf[w->at] != '{')
		return -EBADMSG;
	while (w->at < w->end)
		if (wire_step(w, w->buf[w->at++]))
			break;
	if (w->depth)
		return 0;
	json = json_loadb(w->buf + w->begin, w->at - w->begin, 0, NULL);
	w->begin = w->at;
	if (!json)
		return -EBADMSG;
	*out = json;
	return 1;
}
