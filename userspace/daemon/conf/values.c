// SPDX-License-Identifier: GPL-2.0
/* How values are read. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/internal.h"

bool conf_mac(struct conf_reader *r, const char *value, uint8_t mac[6])
{
	static const uint8_t zero[6];

	if (stabletap_mac_parse(value, mac)) {
		conf_wrong(r, value, "is no MAC address; write it as in "
			   "52:54:00:12:34:56");
		return false;
	}
	if (mac[0] & 1) {
		conf_wrong(r, value, "is a multicast address; a device's has "
			   "an even first byte, as in 52:54:00:12:34:56");
		return false;
	}
	if (!memcmp(mac, zero, sizeof(zero))) {
		conf_wrong(r, value, "is no device's address; leave it out");
		return false;
	}
	return true;
}

bool conf_take_mac(struct conf_reader *r, const struct conf_key *key,
		   void *base, const char *value)
{
	struct conf_port *port = base;

	(void)key;
	port->mac_set = false;
	memset(port->mac, 0, sizeof(port->mac));
	if (!value)
		return true;
	port->mac_set = conf_mac(r, value, port->mac);
	return port->mac_set;
}

bool conf_take_number(struct conf_reader *r, const struct conf_key *key,
		      void *base, const char *value)
{
	uint32_t *out = conf_field(key, base);
	uint64_t n = key->fallback;

	*out = (uint32_t)n;
	if (!value)
		return true;
	if (stabletap_number_parse(value, 10, key->max, &n) || n < key->min) {
		conf_wrong(r, value, "is no number from %u to %u",
			   (unsigned int)key->min, (unsigned int)key->max);
		return false;
	}
	*out = (uint32_t)n;
	return true;
}

bool conf_take_user(struct conf_reader *r, const struct conf_key *key,
		    void *base, const char *value)
{
	uint32_t *out = conf_field(key, base);

	*out = 0;
	if (!value)
		return true;
	if (stabletap_user_parse(value, out)) {
		conf_wrong(r, value, "there is no such user; 'getent passwd' "
			   "lists them");
		return false;
	}
	return true;
}

bool conf_take_group(struct conf_reader *r, const struct conf_key *key,
		     void *base, const char *value)
{
	uint32_t *out = conf_field(key, base);

	*out = 0;
	if (!value)
		return true;
	if (stabletap_group_parse(value, out)) {
		conf_wrong(r, value, "there is no such group; 'getent group' "
			   "lists them");
		return false;
	}
	return true;
}

bool conf_take_perm(struct conf_reader *r, const struct conf_key *key,
		    void *base, const char *value)
{
	uint32_t *out = conf_field(key, base);

	*out = 0;
	if (!value)
		return true;
	if (stabletap_perm_parse(value, out)) {
		conf_wrong(r, value, "is no octal number from 0001 to 0777; "
			   "as in 0660");
		return false;
	}
	return true;
}

/* ---- strings ---- */

static bool path_ok(struct conf_reader *r, const char *value, uint64_t max)
{
	if (*value != '/') {
		conf_wrong(r, value, "is no absolute path; it must begin with "
			   "'/'");
		return false;
	}
	if (max && strlen(value) > max) {
		conf_wrong(r, value, "is too long for a socket; at most %u "
			   "bytes are possible", (unsigned int)max);
		return false;
	}
	return true;
}

bool conf_take_path(struct conf_reader *r, const struct conf_key *key,
		    void *base, const char *value)
{
	char **out = conf_field(key, base);

	free(*out);
	*out = NULL;
	if (!value)
		return true;
	if (!path_ok(r, value, key->max))
		return false;
	*out = conf_copy(r, value);
	return *out;
}

bool conf_take_id(struct conf_reader *r, const struct conf_key *key,
		  void *base, const char *value)
{
	char **out = conf_field(key, base);
	const char *p;

	free(*out);
	*out = NULL;
	if (!value)
		return true;
	for (p = value; *p; p++) {
		if (isalnum((unsigned char)*p) || strchr("-._/[]#", *p))
			continue;
		conf_wrong(r, value, "is no device's id; write what stands "
			   "behind 'id=' in QEMU's -device or -netdev");
		return false;
	}
	*out = conf_copy(r, value);
	return *out;
}

bool conf_take_hook(struct conf_reader *r, const struct conf_key *key,
		    void *base, const char *value)
{
	char ***hooks = conf_field(key, base);
	char **v = *hooks;
	size_t n = 0;

	while (v && v[n])
		n++;
	if (!value) {
		while (n)
			free(v[--n]);
		free(v);
		*hooks = NULL;
		return true;
	}
	if (!path_ok(r, value, 0))
		return false;
	v = reallocarray(v, n + 2, sizeof(*v));
	if (!v) {
		r->err = -ENOMEM;
		return false;
	}
	*hooks = v;
	v[n] = conf_copy(r, value);
	v[n + 1] = NULL;
	return v[n];
}
