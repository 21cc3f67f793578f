// SPDX-License-Identifier: GPL-2.0
/* The table of keys, and how what they say is written. */
#include <string.h>

#include "conf/internal.h"

#define MS 1000000ULL
#define SEC (1000 * MS)
#define DAY (86400 * SEC)
#define SPAN_MAX (366 * DAY)

const char *const conf_modes[] = {
	[STABLETAP_MODE_BRIDGE] = "bridge",
	[STABLETAP_MODE_VEPA] = "vepa",
	[STABLETAP_MODE_PRIVATE] = "private",
	[STABLETAP_MODE_PASSTHRU] = "passthru",
	[STABLETAP_MODE_DIRECT] = "direct",
	NULL,
};

static const char *const on_detach[] = {
	[STABLETAP_ON_DETACH_DROP] = "drop",
	[STABLETAP_ON_DETACH_HOLD] = "hold",
	NULL,
};

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

static void show_mac(const struct conf *conf, const struct conf_key *key,
		     const void *base, FILE *out)
{
	const struct conf_port *port = base;
	char buf[STABLETAP_MAC_TEXT];

	(void)conf;
	(void)key;
	if (port->mac_set)
		fputs(stabletap_mac_format(port->mac, buf), out);
}

static void show_number(const struct conf *conf, const struct conf_key *key,
			const void *base, FILE *out)
{
	const uint32_t *n = conf_field(key, base);

	(void)conf;
	if (*n)
		fprintf(out, "%u", *n);
}

static void show_perm(const struct conf *conf, const struct conf_key *key,
		      const void *base, FILE *out)
{
	const uint32_t *n = conf_field(key, base);

	(void)conf;
	if (*n)
		fprintf(out, "0%o", *n);
}

static void show_word(const struct conf *conf, const struct conf_key *key,
		      const void *base, FILE *out)
{
	uint32_t n;

	(void)conf;
	memcpy(&n, conf_field(key, base), sizeof(n));
	fputs(key->words[n], out);
}

static void show_bool(const struct conf *conf, const struct conf_key *key,
		      const void *base, FILE *out)
{
	const bool *on = conf_field(key, base);

	(void)conf;
	fputs(key->words[*on], out);
}

static bool take_link_down(struct conf_reader *r, const struct conf_key *key,
			   void *base, const char *value)
{
	struct conf_port *port = base;

	port->link_down_set = conf_take_span(r, key, base, value) && value;
	return port->link_down_set || !value;
}

static void show_link_down(const struct conf *conf, const struct conf_key *key,
			   const void *base, FILE *out)
{
	const struct conf_port *port = base;

	if (port->link_down_set)
		conf_show_span(conf, key, base, out);
}

static void show_string(const struct conf *conf, const struct conf_key *key,
			const void *base, FILE *out)
{
	char *const *text = conf_field(key, base);

	(void)conf;
	if (*text)
		fputs(*text, out);
}

static void show_hooks(const struct conf *conf, const struct conf_key *key,
		       const void *base, FILE *out)
{
	char **const *hooks = conf_field(key, base);
	size_t i;

	(void)conf;
	for (i = 0; *hooks && (*hooks)[i]; i++)
		fprintf(out, "%s%s", i ? ", " : "", (*hooks)[i]);
}

#define PORT(field) offsetof(struct conf_port, field)
#define POOL(field) offsetof(struct conf_pool, field)
#define DAEMON(field) offsetof(struct conf, field)

const struct conf_key conf_port_keys[PORT_KEYS_N] = {
	[KEY_MAC_ADDRESS] = {
		"MACAddress", PORT(mac), conf_take_mac, show_mac,
	},
	[KEY_MTU_BYTES] = {
		"MTUBytes", PORT(mtu), conf_take_number, show_number,
		.min = 68, .max = 65535,
	},
	[KEY_QUEUES] = {
		"Queues", PORT(queues), conf_take_number, show_number,
		.min = 1, .max = STABLETAP_MAX_QUEUES,
	},
	[KEY_OWNER] = {
		"Owner", PORT(owner), conf_take_user, show_number,
	},
	[KEY_GROUP] = {
		"Group", PORT(group), conf_take_group, show_number,
	},
	[KEY_MODE] = {
		"Mode", PORT(perm), conf_take_perm, show_perm,
	},
	[KEY_ON_DETACH] = {
		"OnDetach", PORT(on_detach), conf_take_word, show_word,
		.words = on_detach,
	},
	[KEY_ATTACH_MODE] = {
		"AttachMode", PORT(mode), conf_take_word, show_word,
		.fallback = STABLETAP_MODE_BRIDGE, .words = conf_modes,
	},
	[KEY_FILTER] = {
		"Filter", PORT(filter), conf_take_bool, show_bool,
		.words = yes_no,
	},
	[KEY_CANDIDATE] = {
		"Candidate", PORT(candidates), conf_take_candidate,
		conf_show_candidates, .list = true,
	},
	[KEY_FAILBACK] = {
		"Failback", PORT(failback), conf_take_word, show_word,
		.fallback = CONF_FAILBACK_YES, .words = failback,
	},
	[KEY_FAILBACK_DELAY] = {
		"FailbackDelaySec", PORT(failback_delay), conf_take_span,
		conf_show_span, .max = SPAN_MAX, .fallback = 5 * SEC,
	},
	[KEY_LOSS_DELAY] = {
		"LossDelaySec", PORT(loss_delay), conf_take_span,
		conf_show_span, .max = SPAN_MAX,
	},
	[KEY_PROBE] = {
		"Probe", PORT(probe), conf_take_probe, conf_show_probe,
	},
	[KEY_PROBE_SOURCE] = {
		"ProbeSource", PORT(probe), conf_take_probe_source,
		conf_show_probe_source,
	},
	/* 0: by its kind, see conf/check.c */
	[KEY_PROBE_INTERVAL] = {
		"ProbeIntervalSec", PORT(probe.interval), conf_take_span,
		conf_show_span, .min = 100 * MS, .max = DAY,
	},
	[KEY_PROBE_TIMEOUT] = {
		"ProbeTimeoutSec", PORT(probe.limit), conf_take_span,
		conf_show_span, .min = 10 * MS, .max = DAY,
	},
	[KEY_PROBE_MISSES] = {
		"ProbeMisses", PORT(probe.misses), conf_take_number,
		show_number, .min = 1, .max = 1000, .fallback = 3,
	},
	[KEY_PROBE_ANSWERS] = {
		"ProbeAnswers", PORT(probe.answers), conf_take_number,
		show_number, .min = 1, .max = 1000, .fallback = 1,
	},
	[KEY_QUIET] = {
		"Quiet", PORT(quiet), conf_take_bool, show_bool,
		.words = yes_no,
	},
	[KEY_ANNOUNCE] = {
		"Announce", PORT(announce), conf_take_bool, show_bool,
		.fallback = true, .words = yes_no,
	},
	[KEY_QMP_SOCKET] = {
		"QMPSocket", PORT(qmp_socket), conf_take_path, show_string,
		.max = 107,	/* sun_path without its NUL */
	},
	[KEY_QMP_DEVICE] = {
		"QMPDevice", PORT(qmp_device), conf_take_id, show_string,
	},
	[KEY_GUEST_LINK_DOWN] = {
		"GuestLinkDownSec", PORT(link_down), take_link_down,
		show_link_down, .max = SPAN_MAX,
	},
	[KEY_GUEST_LINK] = {
		"GuestLink", PORT(link_initially_down), conf_take_bool,
		show_bool, .words = up_down,
	},
	[KEY_FOLLOW_GUEST_FILTER] = {
		"FollowGuestFilter", PORT(follow_filter), conf_take_bool,
		show_bool, .words = yes_no,
	},
	[KEY_TRUST_GUEST_MAC] = {
		"TrustGuestMAC", PORT(trust_mac), conf_take_bool, show_bool,
		.words = yes_no,
	},
	[KEY_HOOK] = {
		"Hook", PORT(hooks), conf_take_hook, show_hooks, .list = true,
	},
	[KEY_HOOK_TIMEOUT] = {
		"HookTimeoutSec", PORT(hook_limit), conf_take_span,
		conf_show_span, .min = MS, .max = SPAN_MAX,
		.fallback = 30 * SEC,
	},
};

const struct conf_key conf_pool_keys[POOL_KEYS_N] = {
	[KEY_MEMBER] = {
		"Member", POOL(members), conf_take_member, conf_show_members,
		.list = true,
	},
	[KEY_VF_COUNT] = {
		"VFCount", POOL(vf_count), conf_take_number, show_number,
		.min = 1, .max = CONF_VF_MAX,
	},
	[KEY_VF_MAC] = {
		"VFMAC", POOL(vf_mac), conf_take_bool, show_bool,
		.fallback = true, .words = yes_no,
	},
	[KEY_VF_VLAN] = {
		"VFVLAN", POOL(vf_vlan), conf_take_number, show_number,
		.min = 1, .max = 4094,
	},
	[KEY_VF_SPOOF_CHECK] = {
		"VFSpoofCheck", POOL(vf_spoof_check), conf_take_word,
		show_word, .fallback = CONF_VF_KEEP, .words = vf_flags,
	},
	[KEY_VF_TRUST] = {
		"VFTrust", POOL(vf_trust), conf_take_word, show_word,
		.fallback = CONF_VF_KEEP, .words = vf_flags,
	},
};

const struct conf_key conf_daemon_keys[DAEMON_KEYS_N] = {
	[KEY_METRICS_FILE] = {
		"MetricsFile", DAEMON(metrics), conf_take_path, show_string,
	},
};
