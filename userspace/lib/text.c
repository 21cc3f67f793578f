// SPDX-License-Identifier: GPL-2.0
/* Words and numbers: from text to values and back. */
#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if_link.h>

#include "internal.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int stabletap_mac_parse(const char *text, uint8_t mac[6])
{
	uint8_t out[6];
	char sep = 0;
	int value;
	int i;

	for (i = 0; i < 6; i++) {
		value = hex(*text);
		if (value < 0)
			return -EINVAL;
		text++;
		if (hex(*text) >= 0)
			value = value * 16 + hex(*text++);
		out[i] = (uint8_t)value;
		if (i == 5)
			break;
		if (*text != ':' && *text != '-')
			return -EINVAL;
		if (sep && *text != sep)
			return -EINVAL;
		sep = *text++;
	}
	if (*text)
		return -EINVAL;
	memcpy(mac, out, sizeof(out));
	return 0;
}

const char *stabletap_mac_format(const uint8_t mac[6],
				 char buf[STABLETAP_MAC_TEXT])
{
	snprintf(buf, STABLETAP_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x",
		 mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return buf;
}

int stabletap_number_parse(const char *text, int base, uint64_t max,
			   uint64_t *number)
{
	unsigned long long value;
	char *end;

	/* strtoull() would take "-1" and " 1". */
	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, base);
	if (errno || *end || value > max)
		return -EINVAL;
	*number = value;
	return 0;
}

/* Returns the power of two of a unit, or -EINVAL; "" is a unit, too. */
static int unit_shift(const char *unit)
{
	static const char units[] = "KMG";
	const char *at;

	if (!*unit)
		return 0;
	at = strchr(units, toupper((unsigned char)*unit));
	return at && !unit[1] ? 10 * (int)(at - units + 1) : -EINVAL;
}

int stabletap_size_parse(const char *text, uint64_t max, uint64_t *bytes)
{
	size_t digits = strspn(text, "0123456789");
	int shift = unit_shift(text + digits);
	uint64_t value;
	char number[24];
	int err;

	if (shift < 0 || digits >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, digits);
	number[digits] = '\0';
	err = stabletap_number_parse(number, 10, max >> shift, &value);
	if (!err)
		*bytes = value << shift;
	return err;
}

/* The largest value is no id: it means "unchanged". */
static int id_parse(const char *text, uint32_t *id)
{
	uint64_t value;
	int err = stabletap_number_parse(text, 10, UINT32_MAX - 1, &value);

	if (!err)
		*id = (uint32_t)value;
	return err;
}

int stabletap_user_parse(const char *text, uint32_t *uid)
{
	const struct passwd *pw = getpwnam(text);

	if (!pw)
		return id_parse(text, uid);
	*uid = pw->pw_uid;
	return 0;
}

int stabletap_group_parse(const char *text, uint32_t *gid)
{
	const struct group *gr = getgrnam(text);

	if (!gr)
		return id_parse(text, gid);
	*gid = gr->gr_gid;
	return 0;
}

int stabletap_perm_parse(const char *text, uint32_t *perm)
{
	uint64_t value;

	if (stabletap_number_parse(text, 8, 0777, &value) || !value)
		return -EINVAL;
	*perm = (uint32_t)value;
	return 0;
}

static const char *word(const char *const *words, size_t n, uint32_t value)
{
	return value < n && words[value] ? words[value] : "unknown";
}

#define WORD(words, value) word(words, sizeof(words) / sizeof(*(words)), value)

const char *stabletap_state_name(uint32_t state)
{
	static const char *const words[] = {
		[STABLETAP_STATE_DETACHED] = "detached",
		[STABLETAP_STATE_LOWER_DOWN] = "lower-down",
		[STABLETAP_STATE_ATTACHED] = "attached",
	};

	return WORD(words, state);
}

const char *stabletap_reason_name(uint32_t reason)
{
	static const char *const words[] = {
		[STABLETAP_REASON_NONE] = "none",
		[STABLETAP_REASON_ASKED] = "asked",
		[STABLETAP_REASON_REPLACED] = "replaced",
		[STABLETAP_REASON_LOWER_GONE] = "lower-gone",
		[STABLETAP_REASON_LOWER_MOVED] = "lower-moved",
		[STABLETAP_REASON_PORT_MOVED] = "port-moved",
	};

	return WORD(words, reason);
}

const char *const stabletap_on_detach_words[] = {
	[STABLETAP_ON_DETACH_DROP] = "drop",
	[STABLETAP_ON_DETACH_HOLD] = "hold",
	NULL,
};

const char *stabletap_on_detach_name(uint32_t on_detach)
{
	return WORD(stabletap_on_detach_words, on_detach);
}

const char *stabletap_lower_kind_name(uint32_t kind)
{
	static const char *const words[] = {
		[STABLETAP_LOWER_NONE] = "none",
		[STABLETAP_LOWER_MACVLAN] = "macvlan",
		[STABLETAP_LOWER_DIRECT] = "direct",
	};

	return WORD(words, kind);
}

const char *stabletap_macvlan_mode_name(uint32_t mode)
{
	switch (mode) {
	case MACVLAN_MODE_PRIVATE:
		return "private";
	case MACVLAN_MODE_VEPA:
		return "vepa";
	case MACVLAN_MODE_BRIDGE:
		return "bridge";
	case MACVLAN_MODE_PASSTHRU:
		return "passthru";
	case MACVLAN_MODE_SOURCE:
		return "source";
	default:
		return "unknown";
	}
}

const char *const stabletap_mode_words[] = {
	[STABLETAP_MODE_BRIDGE] = "bridge",
	[STABLETAP_MODE_VEPA] = "vepa",
	[STABLETAP_MODE_PRIVATE] = "private",
	[STABLETAP_MODE_PASSTHRU] = "passthru",
	[STABLETAP_MODE_DIRECT] = "direct",
	NULL,
};

const char *stabletap_mode_name(enum stabletap_mode mode)
{
	return WORD(stabletap_mode_words, mode);
}

static int find(const char *const *words, const char *text)
{
	int i;

	for (i = 0; words[i]; i++)
		if (!strcmp(words[i], text))
			return i;
	return -EINVAL;
}

int stabletap_mode_parse(const char *text, enum stabletap_mode *mode)
{
	int i = find(stabletap_mode_words, text);

	if (i < 0)
		return i;
	*mode = (enum stabletap_mode)i;
	return 0;
}

int stabletap_on_detach_parse(const char *text, uint32_t *on_detach)
{
	int i = find(stabletap_on_detach_words, text);

	if (i < 0)
		return i;
	*on_detach = (uint32_t)i;
	return 0;
}
