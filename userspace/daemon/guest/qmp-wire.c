// SPDX-License-Identifier: GPL-2.0
/* QMP's bytes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest/qmp-wire.h"
#include "stabletap.h"

#define WIRE_ROOM_MIN 4096
#define LIST_MAX 8192		/* addresses; a NIC of QEMU's has 64 */
#define VLAN_IDS 4096

void qmp_wire_reset(struct qmp_wire *w)
{
	free(w->buf);
	memset(w, 0, sizeof(*w));
}

/* What has been read makes room for what comes. */
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

/* Take one more character in; true: it ends the message. */
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
		/* Hundreds of idle guests shall not hold hundreds of these. */
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

/* ---- query-rx-filter ---- */

static int get_bool(const json_t *nic, const char *key, bool *out)
{
	const json_t *value = json_object_get(nic, key);

	if (!json_is_boolean(value))
		return -EPROTO;
	*out = json_is_true(value);
	return 0;
}

static int get_rx(const json_t *nic, const char *key, enum qmp_rx *out)
{
	const char *word = json_string_value(json_object_get(nic, key));

	if (!word)
		return -EPROTO;
	if (!strcmp(word, "none"))
		*out = QMP_RX_NONE;
	else if (!strcmp(word, "normal"))
		*out = QMP_RX_NORMAL;
	else if (!strcmp(word, "all"))
		*out = QMP_RX_ALL;
	else
		return -EPROTO;
	return 0;
}

static int get_mac(const json_t *value, uint8_t mac[6])
{
	const char *text = json_string_value(value);

	return text && !stabletap_mac_parse(text, mac) ? 0 : -EPROTO;
}

static int get_macs(const json_t *nic, const char *key, uint8_t (**out)[6],
		    size_t *n)
{
	const json_t *list = json_object_get(nic, key);
	size_t size = json_array_size(list);
	size_t i;

	if (!json_is_array(list) || size > LIST_MAX)
		return -EPROTO;
	*out = calloc(size ? size : 1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	for (i = 0; i < size; i++)
		if (get_mac(json_array_get(list, i), (*out)[i]))
			return -EPROTO;
	*n = size;
	return 0;
}

static int get_vlans(const json_t *nic, struct qmp_filter *f)
{
	const json_t *list = json_object_get(nic, "vlan-table");
	size_t size = json_array_size(list);
	const json_t *value;
	json_int_t id;
	size_t i;

	if (!json_is_array(list) || size > VLAN_IDS)
		return -EPROTO;
	f->vlans = calloc(size ? size : 1, sizeof(*f->vlans));
	if (!f->vlans)
		return -ENOMEM;
	for (i = 0; i < size; i++) {
		value = json_array_get(list, i);
		id = json_integer_value(value);
		if (!json_is_integer(value) || id < 0 || id >= VLAN_IDS)
			return -EPROTO;
		f->vlans[i] = (uint16_t)id;
	}
	f->vlans_n = size;
	return 0;
}

static int get_filter(const json_t *nic, struct qmp_filter *f)
{
	int err = get_mac(json_object_get(nic, "main-mac"), f->mac);

	if (!err)
		err = get_bool(nic, "promiscuous", &f->promiscuous);
	if (!err)
		err = get_rx(nic, "unicast", &f->unicast);
	if (!err)
		err = get_rx(nic, "multicast", &f->multicast);
	if (!err)
		err = get_rx(nic, "vlan", &f->vlan);
	if (!err)
		err = get_bool(nic, "unicast-overflow", &f->unicast_overflow);
	if (!err)
		err = get_bool(nic, "multicast-overflow",
			       &f->multicast_overflow);
	if (!err)
		err = get_macs(nic, "unicast-table", &f->uc, &f->uc_n);
	if (!err)
		err = get_macs(nic, "multicast-table", &f->mc, &f->mc_n);
	/* With "all" it lists each of the 4096. */
	if (!err && f->vlan == QMP_RX_NORMAL)
		err = get_vlans(nic, f);
	return err;
}

int qmp_filter_parse(const json_t *answer, const char *name,
		     struct qmp_filter *out)
{
	struct qmp_filter f = { 0 };
	const char *its_name;
	const json_t *nic;
	size_t i;
	int err;

	if (!json_is_array(answer))
		return -EPROTO;
	for (i = 0; i < json_array_size(answer); i++) {
		nic = json_array_get(answer, i);
		its_name = json_string_value(json_object_get(nic, "name"));
		if (!its_name)
			return -EPROTO;
		if (strcmp(its_name, name) != 0)
			continue;
		err = get_filter(nic, &f);
		if (err)
			qmp_filter_release(&f);
		else
			*out = f;
		return err;
	}
	return -ENOENT;
}

void qmp_filter_release(struct qmp_filter *f)
{
	free(f->uc);
	free(f->mc);
	free(f->vlans);
	memset(f, 0, sizeof(*f));
}
