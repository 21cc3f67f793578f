// SPDX-License-Identifier: GPL-2.0
/* The one table of keys. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf/candidate.h"
#include "conf/keys.h"
#include "conf/probe.h"

#define MS 1000000ULL
#define SEC (1000 * MS)
#define HOUR (3600 * SEC)
#define DAY (24 * HOUR)
#define SPAN_MAX (366 * DAY)

static const char *const failback[] = {
	[CONF_FAILBACK_YES] = "yes",
	[CONF_FAILBACK_NO] = "no",
	NULL,
};

static const char *const vf_flags[] = {
	[CONF_VF_KEEP] = "keep",
	[CONF_VF_NO] = "no",
	[CONF_VF_YES] = "yes",
	NULL,
};

static const char *const yes_no[] = { "no", "yes", NULL };
static const char *const up_down[] = { "up", "down", NULL };

/* ---- the table ---- */

#define PORT(field) offsetof(struct conf_port, field)
#define POOL(field) offsetof(struct conf_pool, field)
#define DAEMON(field) offsetof(struct conf, field)

const struct conf_key conf_keys[CONF_KEYS_N] = {
	[KEY_MAC_ADDRESS] = { CONF_PORT, "MACAddress", &conf_mac_type,
		{ PORT(mac) } },
	[KEY_MTU_BYTES] = { CONF_PORT, "MTUBytes", &conf_number_type,
		{ PORT(mtu), .min = 68, .max = 65535 } },
	[KEY_QUEUES] = { CONF_PORT, "Queues", &conf_number_type,
		{ PORT(queues), .min = 1, .max = STABLETAP_MAX_QUEUES } },
	[KEY_OWNER] = { CONF_PORT, "Owner", &conf_user_type,
		{ PORT(owner) } },
	[KEY_GROUP] = { CONF_PORT, "Group", &conf_group_type,
		{ PORT(group) } },
	[KEY_MODE] = { CONF_PORT, "Mode", &conf_perm_type,
		{ PORT(perm) } },
	[KEY_ON_DETACH] = { CONF_PORT, "OnDetach", &conf_word_type,
		{ PORT(on_detach), .words = stabletap_on_detach_words } },
	/* The module's bounds of its bounds */
	[KEY_HOLD_FRAMES] = { CONF_PORT, "HoldFrames", &conf_number_type,
		{ PORT(hold_frames), .min = 1, .max = 1000000 },
		{ KEY_ON_DETACH } },
	[KEY_HOLD_BYTES] = { CONF_PORT, "HoldBytes", &conf_size_type,
		{ PORT(hold_bytes), .min = 1, .max = 4ULL << 30 },
		{ KEY_ON_DETACH } },
	[KEY_HOLD] = { CONF_PORT, "HoldSec", &conf_span_type,
		{ PORT(hold_time), .min = MS, .max = HOUR,
		  .fallback = CONF_SPAN_NONE }, { KEY_ON_DETACH } },
	[KEY_CANDIDATE] = { CONF_PORT, "Candidate", &conf_candidate_type,
		{ PORT(candidates) } },
	[KEY_ATTACH_MODE] = { CONF_PORT, "AttachMode", &conf_word_type,
		{ PORT(mode), .fallback = STABLETAP_MODE_BRIDGE,
		  .words = stabletap_mode_words } },
	[KEY_FILTER] = { CONF_PORT, "Filter", &conf_bool_type,
		{ PORT(filter), .words = yes_no } },
	[KEY_FAILBACK] = { CONF_PORT, "Failback", &conf_word_type,
		{ PORT(failback), .fallback = CONF_FAILBACK_YES,
		  .words = failback } },
	[KEY_FAILBACK_DELAY] = { CONF_PORT, "FailbackDelaySec", &conf_span_type,
		{ PORT(failback_delay), .max = SPAN_MAX,
		  .fallback = 5 * SEC } },
	[KEY_LOSS_DELAY] = { CONF_PORT, "LossDelaySec", &conf_span_type,
		{ PORT(loss_delay), .max = SPAN_MAX } },
	[KEY_QUIET] = { CONF_PORT, "Quiet", &conf_bool_type,
		{ PORT(quiet), .words = yes_no } },
	[KEY_ANNOUNCE] = { CONF_PORT, "Announce", &conf_bool_type,
		{ PORT(announce), .fallback = true, .words = yes_no } },
	[KEY_PROBE] = { CONF_PORT, "Probe", &conf_probe_type,
		{ PORT(probe) } },
	[KEY_PROBE_SOURCE] = { CONF_PORT, "ProbeSource",
		&conf_probe_source_type, { PORT(probe) }, { KEY_PROBE } },
	/* The default depends on the kind of probe, see settle.c. */
	[KEY_PROBE_INTERVAL] = { CONF_PORT, "ProbeIntervalSec", &conf_span_type,
		{ PORT(probe.interval), .min = 100 * MS, .max = DAY },
		{ KEY_PROBE } },
	[KEY_PROBE_TIMEOUT] = { CONF_PORT, "ProbeTimeoutSec", &conf_span_type,
		{ PORT(probe.limit), .min = 10 * MS, .max = DAY },
		{ KEY_PROBE } },
	[KEY_PROBE_MISSES] = { CONF_PORT, "ProbeMisses", &conf_number_type,
		{ PORT(probe.misses), .min = 1, .max = 1000, .fallback = 3 },
		{ KEY_PROBE } },
	[KEY_PROBE_ANSWERS] = { CONF_PORT, "ProbeAnswers", &conf_number_type,
		{ PORT(probe.answers), .min = 1, .max = 1000, .fallback = 1 },
		{ KEY_PROBE } },
	/* A socket's path has room in sun_path with its NUL. */
	[KEY_QMP_SOCKET] = { CONF_PORT, "QMPSocket", &conf_path_type,
		{ PORT(qmp_socket), .max = 107 }, { KEY_QMP_DEVICE } },
	[KEY_QMP_DEVICE] = { CONF_PORT, "QMPDevice", &conf_id_type,
		{ PORT(qmp_device) }, { KEY_QMP_SOCKET } },
	[KEY_GUEST_LINK_DOWN] = { CONF_PORT, "GuestLinkDownSec",
		&conf_span_type, { PORT(link_down), .max = SPAN_MAX,
		  .fallback = CONF_SPAN_NONE },
		{ KEY_QMP_SOCKET, KEY_QMP_DEVICE } },
	[KEY_GUEST_LINK] = { CONF_PORT, "GuestLink", &conf_bool_type,
		{ PORT(link_initially_down), .words = up_down },
		{ KEY_QMP_SOCKET, KEY_QMP_DEVICE } },
	[KEY_FOLLOW_GUEST_FILTER] = { CONF_PORT, "FollowGuestFilter",
		&conf_bool_type, { PORT(follow_filter), .words = yes_no },
		{ KEY_QMP_SOCKET, KEY_QMP_DEVICE } },
	[KEY_TRUST_GUEST_MAC] = { CONF_PORT, "TrustGuestMAC", &conf_bool_type,
		{ PORT(trust_mac), .words = yes_no },
		{ KEY_QMP_SOCKET, KEY_QMP_DEVICE } },
	[KEY_HOOK] = { CONF_PORT, "Hook", &conf_hook_type,
		{ PORT(hooks) } },
	[KEY_HOOK_TIMEOUT] = { CONF_PORT, "HookTimeoutSec", &conf_span_type,
		{ PORT(hook_limit), .min = MS, .max = SPAN_MAX,
		  .fallback = 30 * SEC } },
	[KEY_MEMBER] = { CONF_POOL, "Member", &conf_member_type,
		{ POOL(members) } },
	[KEY_VF_COUNT] = { CONF_POOL, "VFCount", &conf_number_type,
		{ POOL(vf_count), .min = 1, .max = CONF_VF_MAX } },
	[KEY_VF_MAC] = { CONF_POOL, "VFMAC", &conf_bool_type,
		{ POOL(vf_mac), .fallback = true, .words = yes_no } },
	[KEY_VF_VLAN] = { CONF_POOL, "VFVLAN", &conf_number_type,
		{ POOL(vf_vlan), .min = 1, .max = 4094 } },
	[KEY_VF_SPOOF_CHECK] = { CONF_POOL, "VFSpoofCheck", &conf_word_type,
		{ POOL(vf_spoof_check), .fallback = CONF_VF_KEEP,
		  .words = vf_flags } },
	[KEY_VF_TRUST] = { CONF_POOL, "VFTrust", &conf_word_type,
		{ POOL(vf_trust), .fallback = CONF_VF_KEEP,
		  .words = vf_flags } },
	[KEY_METRICS_FILE] = { CONF_DAEMON, "MetricsFile", &conf_path_type,
		{ DAEMON(metrics) } },
};

/* ---- lookup ---- */

const struct conf_kind_words conf_kinds[] = {
	[CONF_OTHER] = { "", "" },
	[CONF_DAEMON] = { "Daemon", "daemon" },
	[CONF_POOL] = { "Pool", "pool" },
	[CONF_PORT] = { "Port", "port" },
};

enum conf_key_id conf_key_find(enum conf_kind kind, const char *name)
{
	enum conf_key_id id;

	for (id = KEY_NONE + 1; id < CONF_KEYS_N; id++)
		if (conf_keys[id].kind == kind &&
		    !strcmp(conf_keys[id].name, name))
			return id;
	return KEY_NONE;
}

const char *conf_key_closest(enum conf_kind kind, const char *name)
{
	const char *words[CONF_KEYS_N];
	enum conf_key_id id;
	size_t n = 0;

	for (id = KEY_NONE + 1; id < CONF_KEYS_N; id++)
		if (conf_keys[id].kind == kind)
			words[n++] = conf_keys[id].name;
	words[n] = NULL;
	return conf_closest(name, words);
}

void conf_keys_reset(enum conf_kind kind, void *base)
{
	struct conf_reader r = { 0 };	/* Setting a default can't fail. */
	const struct conf_key *key;

	for (key = conf_keys + 1; key < conf_keys + CONF_KEYS_N; key++)
		if (key->kind == kind)
			key->type->take(&r, &key->field, base, NULL);
}

char *conf_key_lines(const struct conf_key *key, const void *base)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	key->type->show(&key->field, base, out);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

char *conf_key_text(const struct conf_key *key, const void *base)
{
	char *lines = conf_key_lines(key, base), *text = NULL;
	const char *p;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	for (p = lines; out && p && *p; p++)
		if (*p == '\n')
			fputs(", ", out);
		else
			putc(*p, out);
	free(lines);
	if (out && !fclose(out) && p)
		return text;
	free(text);
	return NULL;
}

char *conf_key_default(const struct conf_key *key)
{
	union {
		struct conf conf;
		struct conf_pool pool;
		struct conf_port port;
	} blank = { 0 };
	struct conf_reader r = { 0 };	/* Setting a default can't fail. */

	key->type->take(&r, &key->field, &blank, NULL);
	return conf_key_text(key, &blank);
}

/* ---- listing ---- */

static void put_values(const struct conf_key *key, FILE *out)
{
	const struct conf_field *f = &key->field;

	if (key->type->syntax)
		fputs(key->type->syntax, out);
	else
		conf_words_put(f->words, out);
	if (key->type == &conf_number_type)
		fprintf(out, " from %u to %u", (unsigned int)f->min,
			(unsigned int)f->max);
	if (key->type->list)
		fputs(" (can be repeated)", out);
}

bool conf_keys_list(const char *name, FILE *out)
{
	const struct conf_key *key;
	bool found = false;
	char *text;

	for (key = conf_keys + 1; key < conf_keys + CONF_KEYS_N; key++) {
		if (name && strcasecmp(name, key->name) != 0)
			continue;
		found = true;
		fprintf(out, "[%s] %s=", conf_kinds[key->kind].name, key->name);
		put_values(key, out);
		text = conf_key_default(key);
		/*
		 * 0 in a span that can't be 0 means that the default depends on
		 * others.
		 */
		if (text && *text && key->field.fallback >= key->field.min)
			fprintf(out, "; default: %s", text);
		putc('\n', out);
		free(text);
	}
	return found;
}
