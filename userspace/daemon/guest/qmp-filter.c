// SPDX-License-Identifier: GPL-2.0
/* Parses the answer to query-rx-filter. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/qmp-filter.h"
#include "stabletap.h"

#define LIST_MAX 8192		/* addresses; a NIC of QEMU's has 64 */
#define VLAN_IDS 4096

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
	/* With "all" QEMU lists each of the 4096. */
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
