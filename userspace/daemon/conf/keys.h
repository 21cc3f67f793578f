/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of keys.  The parser, the checks, the log of a reload, the list for
 * people and the completion all use it, and tests/test-keys.c compares it with
 * stabletap.conf(5).
 */
#ifndef CONF_KEYS_H
#define CONF_KEYS_H

#include "conf/values.h"

enum conf_kind {
	CONF_OTHER,		/* not our section: lines are skipped */
	CONF_DAEMON,
	CONF_POOL,
	CONF_PORT,
};

enum conf_key_id {
	KEY_NONE,
	KEY_MAC_ADDRESS, KEY_MTU_BYTES, KEY_QUEUES, KEY_OWNER, KEY_GROUP,
	KEY_MODE, KEY_ON_DETACH, KEY_HOLD_FRAMES, KEY_HOLD_BYTES, KEY_HOLD,
	KEY_CANDIDATE, KEY_ATTACH_MODE, KEY_FILTER,
	KEY_FAILBACK, KEY_FAILBACK_DELAY, KEY_LOSS_DELAY, KEY_QUIET,
	KEY_ANNOUNCE, KEY_PROBE, KEY_PROBE_SOURCE, KEY_PROBE_INTERVAL,
	KEY_PROBE_TIMEOUT, KEY_PROBE_MISSES, KEY_PROBE_ANSWERS,
	KEY_QMP_SOCKET, KEY_QMP_DEVICE, KEY_GUEST_LINK_DOWN, KEY_GUEST_LINK,
	KEY_FOLLOW_GUEST_FILTER, KEY_TRUST_GUEST_MAC, KEY_HOOK,
	KEY_HOOK_TIMEOUT,
	KEY_MEMBER, KEY_VF_COUNT, KEY_VF_MAC, KEY_VF_VLAN, KEY_VF_SPOOF_CHECK,
	KEY_VF_TRUST,
	KEY_METRICS_FILE,
	CONF_KEYS_N,
};

#define CONF_NEEDS_MAX 2

struct conf_key {
	enum conf_kind kind;	/* the kind of section that has the key */
	const char *name;
	const struct conf_type *type;
	struct conf_field field;
	/* Keys without which this one has no effect; KEY_NONE: no more */
	enum conf_key_id needs[CONF_NEEDS_MAX];
};

/* Indexed by enum conf_key_id; the first element is no key. */
extern const struct conf_key conf_keys[CONF_KEYS_N];

/* Returns KEY_NONE if a section of that kind has no such key. */
enum conf_key_id conf_key_find(enum conf_kind kind, const char *name);
/* Returns the name of the key that was probably meant, or NULL. */
const char *conf_key_closest(enum conf_kind kind, const char *name);
struct conf_kind_words {
	const char *name;	/* "Port", as in a file */
	const char *noun;	/* "port", in messages */
};
extern const struct conf_kind_words conf_kinds[];

/* Sets all keys of a section to their defaults, and frees their values. */
void conf_keys_reset(enum conf_kind kind, void *base);
/*
 * Return the value as in a file, "" if the module has the default.  Between the
 * values of a list there is a newline, or ", ".  The caller frees it.  NULL:
 * out of memory.
 */
char *conf_key_lines(const struct conf_key *key, const void *base);
char *conf_key_text(const struct conf_key *key, const void *base);
/* Returns the default in the same way. */
char *conf_key_default(const struct conf_key *key);
/* Lists the keys, or only key @name.  Returns false if there is no such key. */
bool conf_keys_list(const char *name, FILE *out);

#endif /* CONF_KEYS_H */
