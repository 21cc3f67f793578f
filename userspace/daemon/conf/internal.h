/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the files of the configuration:
 *
 *   conf.c         read all, complain, put together
 *   layers.c  which files there are
 *   parse.c   lines, sections, keys
 *   keys.c    the table of keys
 *   values.c  numbers, addresses, ids, paths
 *   words.c   words, and what was probably meant
 *   span.c    time spans
 *   select.c  descriptions of devices
 *   candidate.c  reading them
 *   probe.c   what is asked by way of them
 *   check.c   what only the whole shows to be wrong
 *   diff.c    what a reload changes
 */
#ifndef CONF_INTERNAL_H
#define CONF_INTERNAL_H

#include "conf/conf.h"

enum conf_port_key {
	KEY_MAC_ADDRESS, KEY_MTU_BYTES, KEY_QUEUES, KEY_OWNER, KEY_GROUP,
	KEY_MODE, KEY_ON_DETACH, KEY_ATTACH_MODE, KEY_FILTER, KEY_CANDIDATE,
	KEY_FAILBACK, KEY_FAILBACK_DELAY, KEY_LOSS_DELAY,
	KEY_PROBE, KEY_PROBE_SOURCE, KEY_PROBE_INTERVAL, KEY_PROBE_TIMEOUT,
	KEY_PROBE_MISSES, KEY_PROBE_ANSWERS, KEY_QUIET, KEY_ANNOUNCE,
	KEY_QMP_SOCKET, KEY_QMP_DEVICE, KEY_GUEST_LINK_DOWN, KEY_GUEST_LINK,
	KEY_FOLLOW_GUEST_FILTER, KEY_TRUST_GUEST_MAC, KEY_HOOK,
	KEY_HOOK_TIMEOUT, PORT_KEYS_N,
};

enum conf_pool_key {
	KEY_MEMBER, KEY_VF_COUNT, KEY_VF_MAC, KEY_VF_VLAN, KEY_VF_SPOOF_CHECK,
	KEY_VF_TRUST, POOL_KEYS_N,
};

enum conf_daemon_key { KEY_METRICS_FILE, DAEMON_KEYS_N };

/* Where something was said last; line 0: nowhere. */
struct conf_said {
	const char *file;	/* of conf.files; pointers can be compared */
	unsigned int line;
};

/* A port while files are still to come */
struct conf_draft {
	struct conf_port port;
	const char *main;	/* the file whose drop-ins may change it */
	struct conf_said said[PORT_KEYS_N];
};

/* A pool likewise */
struct conf_pool_draft {
	struct conf_pool pool;
	const char *main;
	struct conf_said said[POOL_KEYS_N];
};

/* What the next line belongs to */
enum conf_section {
	SECTION_NONE,
	SECTION_SKIPPED,	/* its head was wrong: keep quiet */
	SECTION_PORT,
	SECTION_POOL,
	SECTION_DAEMON,
};

struct conf_reader {
	struct conf *conf;
	FILE *out;
	int wrong;		/* so many things */
	int err;		/* -ENOMEM: nothing counts any more */

	struct conf_draft *drafts;
	size_t drafts_n;
	struct conf_pool_draft *pools;
	size_t pools_n;
	struct conf_said daemon_said[DAEMON_KEYS_N];

	/* The file being read */
	FILE *in;
	const char *file;
	const char *main;	/* @file, or that of which it is a drop-in */
	char *text;		/* the line as it stands there */
	size_t text_room;
	unsigned int line;
	enum conf_section section;
	size_t draft;		/* in drafts or pools, by section */
};

/*
 * One key.  @base is the struct conf_port, conf_pool or conf that has it;
 * @offset is that of its field there.
 */
struct conf_key {
	const char *name;
	size_t offset;
	/* Read @value; NULL: the default.  False: complained. */
	bool (*take)(struct conf_reader *r, const struct conf_key *key,
		     void *base, const char *value);
	/* Write as it would be in a file; nothing for the module's default. */
	void (*show)(const struct conf *conf, const struct conf_key *key,
		     const void *base, FILE *out);
	bool list;		/* may be said again, adds */
	uint64_t min, max;
	uint64_t fallback;	/* the default */
	const char *const *words; /* by value, ended by NULL */
};

static inline void *conf_field(const struct conf_key *key, const void *base)
{
	return (char *)(uintptr_t)base + key->offset;
}

/* ---- conf.c ---- */

/* Complain about @text, here; @fmt: "what is wrong; what would be right". */
__attribute__((format(printf, 3, 4)))
void conf_wrong(struct conf_reader *r, const char *text, const char *fmt, ...);
/* The same about another place; of a whole file with line 0. */
__attribute__((format(printf, 4, 5)))
void conf_wrong_at(struct conf_reader *r, struct conf_said at,
		   const char *text, const char *fmt, ...);
__attribute__((format(printf, 4, 5)))
void conf_warn_at(struct conf_reader *r, struct conf_said at, const char *text,
		  const char *fmt, ...);

/* A copy that the caller owns; NULL, with r->err set: out of memory. */
char *conf_copy(struct conf_reader *r, const char *text);
/* @v with room for one more than @n; NULL, with r->err set, if not. */
void *conf_grow(struct conf_reader *r, void *v, size_t n, size_t size);
/* Keep @path in conf.files. */
const char *conf_file_add(struct conf_reader *r, const char *path);

/* ---- conf-layers.c ---- */

/* Read what is below @root, file by file. */
int conf_layers_read(struct conf_reader *r, const char *root);

/* ---- conf-parse.c ---- */

/* Read r->in, called r->file, a drop-in of r->main. */
void conf_parse(struct conf_reader *r);
/* ---- conf-keys.c ---- */

extern const struct conf_key conf_port_keys[PORT_KEYS_N];
extern const struct conf_key conf_pool_keys[POOL_KEYS_N];
extern const struct conf_key conf_daemon_keys[DAEMON_KEYS_N];
extern const char *const conf_modes[];	/* by enum stabletap_mode */

/* ---- conf-values.c ---- */

bool conf_take_mac(struct conf_reader *r, const struct conf_key *key,
		   void *base, const char *value);
bool conf_take_number(struct conf_reader *r, const struct conf_key *key,
		      void *base, const char *value);
bool conf_take_user(struct conf_reader *r, const struct conf_key *key,
		    void *base, const char *value);
bool conf_take_group(struct conf_reader *r, const struct conf_key *key,
		     void *base, const char *value);
bool conf_take_perm(struct conf_reader *r, const struct conf_key *key,
		    void *base, const char *value);
bool conf_take_path(struct conf_reader *r, const struct conf_key *key,
		    void *base, const char *value);
bool conf_take_id(struct conf_reader *r, const struct conf_key *key,
		  void *base, const char *value);
bool conf_take_hook(struct conf_reader *r, const struct conf_key *key,
		    void *base, const char *value);

/* Six bytes of one device; false: complained. */
bool conf_mac(struct conf_reader *r, const char *value, uint8_t mac[6]);

/* ---- conf-words.c ---- */

/* The closest of @words (ended by NULL) to @text, or NULL: none is close. */
const char *conf_closest(const char *text, const char *const *words);
/* Which of @words is @value?  -1, complained: none. */
int conf_word(struct conf_reader *r, const char *const *words,
	      const char *value);
bool conf_take_word(struct conf_reader *r, const struct conf_key *key,
		    void *base, const char *value);
bool conf_take_bool(struct conf_reader *r, const struct conf_key *key,
		    void *base, const char *value);

/* ---- conf-span.c ---- */

bool conf_take_span(struct conf_reader *r, const struct conf_key *key,
		    void *base, const char *value);
void conf_show_span(const struct conf *conf, const struct conf_key *key,
		    const void *base, FILE *out);

/* ---- conf-select.c ---- */

/* What may stand in a candidate, by word and as it is written */
enum conf_selector_word {
	WORD_NAME, WORD_MAC, WORD_PATH, WORD_DRIVER, WORD_PROPERTY,
	WORD_PHYS_PORT, WORD_VLAN, WORD_VF, WORD_POOL, WORD_MODE, WORD_CREATE,
};
extern const char *const conf_selector_words[];	/* ended by NULL */

void conf_show_candidates(const struct conf *conf, const struct conf_key *key,
			  const void *base, FILE *out);
void conf_show_members(const struct conf *conf, const struct conf_key *key,
		       const void *base, FILE *out);
void conf_selector_release(struct conf_selector *s);
/* Has it characters that make it a pattern? */
bool conf_is_pattern(const char *text);

/* ---- conf-candidate.c ---- */

bool conf_take_candidate(struct conf_reader *r, const struct conf_key *key,
			 void *base, const char *value);
bool conf_take_member(struct conf_reader *r, const struct conf_key *key,
		      void *base, const char *value);
/* The number of pool @name's selector; -1: out of memory. */
ssize_t conf_pool_selector(struct conf_reader *r, const char *name);

/* ---- conf-probe.c ---- */

bool conf_take_probe(struct conf_reader *r, const struct conf_key *key,
		     void *base, const char *value);
bool conf_take_probe_source(struct conf_reader *r, const struct conf_key *key,
			    void *base, const char *value);
void conf_show_probe(const struct conf *conf, const struct conf_key *key,
		     const void *base, FILE *out);
void conf_show_probe_source(const struct conf *conf,
			    const struct conf_key *key, const void *base,
			    FILE *out);

/* ---- conf-check.c ---- */

/* What of @name is no interface's name, or NULL: it can be one. */
const char *conf_name_fault(const char *name);
/* What makes @name useless in pool=NAME, or NULL: nothing. */
const char *conf_pool_name_fault(const char *name);
void conf_check(struct conf_reader *r);

#endif /* CONF_INTERNAL_H */
