// SPDX-License-Identifier: GPL-2.0
/*
 * The table of keys beside what is written by hand: stabletap.conf(5) and the
 * completion.  Each key is there, and nothing else is.
 */
#include <stdlib.h>
#include <unistd.h>

#include "conf/keys.h"
#include "conf/read.h"
#include "conf/selector.h"
#include "tap.h"

#define MAN USERSPACE "/man/stabletap.conf.5"
#define DICTIONARY USERSPACE "/../selftests/fuzz/conf.dict"
#define COMPLETION USERSPACE "/completion/stabletapd"

/* ---- the manual page ---- */

/* An entry of the manual page: its head, and the text below it */
struct entry {
	enum conf_kind kind;	/* by its section */
	char name[32];
	char head[160];
	char text[4096];	/* lines joined by a blank */
};

static struct entry entries[128];
static size_t entries_n;

static enum conf_kind kind_of(const char *line)
{
	if (strstr(line, "[Port"))
		return CONF_PORT;
	if (strstr(line, "[Pool"))
		return CONF_POOL;
	return strstr(line, "[Daemon") ? CONF_DAEMON : CONF_OTHER;
}

/* ".It Cm NAME Ns Li = ...", ".It Cm NAME" */
static void entry_begin(enum conf_kind kind, const char *line)
{
	struct entry *e = &entries[entries_n];
	const char *name = line + strlen(".It Cm ");

	if (entries_n == sizeof(entries) / sizeof(*entries))
		abort();
	e->kind = kind;
	snprintf(e->name, sizeof(e->name), "%.*s", (int)strcspn(name, " \n"),
		 name);
	snprintf(e->head, sizeof(e->head), "%.*s", (int)strcspn(line, "\n"),
		 line);
	entries_n++;
}

static void entry_add(const char *line)
{
	char *text = entries[entries_n - 1].text;
	size_t used = strlen(text);

	snprintf(text + used, sizeof(entries->text) - used, "%.*s ",
		 (int)strcspn(line, "\n"), line);
}

static void man_read(void)
{
	enum conf_kind kind = CONF_OTHER;
	bool inside = false;
	char line[1024];
	FILE *in = fopen(MAN, "re");

	if (!in)
		abort();
	while (fgets(line, sizeof(line), in)) {
		if (!strncmp(line, ".Sh ", 4)) {
			kind = kind_of(line);
			inside = false;
		} else if (!strncmp(line, ".It Cm ", 7)) {
			inside = kind != CONF_OTHER;
			if (inside)
				entry_begin(kind, line);
		} else if (!strncmp(line, ".El", 3)) {
			inside = false;
		} else if (inside) {
			entry_add(line);
		}
	}
	fclose(in);
}

static const struct entry *entry_find(enum conf_kind kind, const char *name)
{
	size_t i;

	for (i = 0; i < entries_n; i++)
		if (entries[i].kind == kind && !strcmp(entries[i].name, name))
			return &entries[i];
	return NULL;
}

/* "bridge | vepa", as the manual page has it */
static char *words_of(const struct conf_key *key)
{
	static char text[128];
	const char *const *words = key->field.words;
	size_t used = 0;

	for (; *words; words++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "%s%s", used ? " | " : "", *words);
	return text;
}

static bool has_values(const struct conf_key *key, const struct entry *e)
{
	char range[32];

	if (!e)
		return false;
	if (key->type == &conf_number_type) {
		snprintf(range, sizeof(range), "%u to %u",
			 (unsigned int)key->field.min,
			 (unsigned int)key->field.max);
		return strstr(e->text, range) != NULL;
	}
	if (!key->field.words || strstr(e->head, "Ar BOOL"))
		return true;
	return strstr(e->head, words_of(key)) != NULL;
}

/*
 * Has the entry the default, "Default: 5 seconds." of "5s"?  The module's own
 * defaults, and those that depend on other keys, are not in the table.
 */
static bool has_default(const struct conf_key *key, const struct entry *e)
{
	char *want = conf_key_default(key);
	const char *is = strstr(e->text, "Default: ");
	size_t len = want ? strlen(want) : 0;
	bool good = true;

	if (key->type == &conf_span_type && len)
		len--;
	if (len && key->field.fallback >= key->field.min) {
		is = is ? is + strlen("Default: ") : "";
		if (!strncmp(is, ".Cm ", 4))
			is += 4;
		good = !strncmp(is, want, len) && strchr(" .", is[len]);
	}
	free(want);
	return good;
}

static void test_man(struct tap *t)
{
	const struct conf_key *key;
	size_t i;

	man_read();
	for (key = conf_keys + 1; key < conf_keys + CONF_KEYS_N; key++) {
		const struct entry *e = entry_find(key->kind, key->name);

		if (ok(t, e, "stabletap.conf(5) has %s=", key->name))
			ok(t, has_values(key, e), "with the values of %s=",
			   key->name);
		if (e)
			ok(t, has_default(key, e), "and the default of %s=",
			   key->name);
		if (e && key->type->list)
			ok(t, strstr(e->text, "Can be repeated."),
			   "and that %s= can be repeated", key->name);
	}
	for (i = 0; conf_selector_words[i]; i++)
		ok(t, entry_find(CONF_PORT, conf_selector_words[i]),
		   "stabletap.conf(5) has '%s'", conf_selector_words[i]);
}

static bool is_word(const char *name)
{
	size_t i;

	for (i = 0; conf_selector_words[i]; i++)
		if (!strcmp(conf_selector_words[i], name))
			return true;
	return false;
}

static void test_man_only(struct tap *t)
{
	size_t i;

	for (i = 0; i < entries_n; i++)
		ok(t, conf_key_find(entries[i].kind, entries[i].name) ||
		   is_word(entries[i].name), "there is %s of stabletap.conf(5)",
		   entries[i].name);
}

/* ---- its examples ---- */

static void test_example(struct tap *t, char *text, size_t number)
{
	struct conf *conf = NULL;
	char *said = NULL, *line;
	size_t len;
	FILE *in = fmemopen(text, strlen(text), "r");
	FILE *out = open_memstream(&said, &len);

	if (!in || !out)
		abort();
	ok(t, !conf_read_stream(in, "f", NULL, out, &conf) && conf->ports_n,
	   "example %zu has no error", number);
	fclose(in);
	fclose(out);
	/* The example's programs don't exist here. */
	for (line = strtok(said, "\n"); line; line = strtok(NULL, "\n"))
		if (!strstr(line, "can't be run"))
			ok(t, false, "example %zu: %s", number, line);
	conf_free(conf);
	free(said);
}

/* Users of this machine are none of the examples' matter. */
static bool is_user(const char *line)
{
	return !strncmp(line, "Owner=", 6) || !strncmp(line, "Group=", 6);
}

static void test_examples(struct tap *t)
{
	bool examples = false, inside = false;
	char line[1024], text[4096];
	size_t n = 0;
	FILE *in = fopen(MAN, "re");

	while (in && fgets(line, sizeof(line), in)) {
		if (!strncmp(line, ".Sh ", 4))
			examples = strstr(line, "EXAMPLES") != NULL;
		if (examples && !strncmp(line, ".Bd ", 4)) {
			inside = true;
			*text = '\0';
		} else if (inside && !strncmp(line, ".Ed", 3)) {
			inside = false;
			test_example(t, text, ++n);
		} else if (inside && !is_user(line)) {
			snprintf(text + strlen(text),
				 sizeof(text) - strlen(text), "%s", line);
		}
	}
	if (in)
		fclose(in);
	ok(t, n > 1, "stabletap.conf(5) has examples");
}

/* ---- its sample of what --check says ---- */

/* The next literal text below @in, of which @end ends each line; NULL: none */
static char *next_literal(FILE *in, char end)
{
	char *text = NULL;
	char line[1024];
	bool inside = false;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	while (out && fgets(line, sizeof(line), in)) {
		if (inside && !strncmp(line, ".Ed", 3))
			break;
		if (inside)
			fprintf(out, "%.*s%c", (int)strcspn(line, "\n"), line,
				end);
		inside = inside || !strncmp(line, ".Bd -literal", 12);
	}
	if (out)
		fclose(out);
	return text;
}

static void test_sample(struct tap *t)
{
	FILE *man = fopen(MAN, "re"), *in, *out;
	char line[1024], *text, *want, *said = NULL, *word;
	struct conf *conf = NULL;
	size_t len;

	while (man && fgets(line, sizeof(line), man))
		if (!strcmp(line, ".Sh DIAGNOSTICS\n"))
			break;
	text = next_literal(man, '\n');
	want = next_literal(man, ' ');
	in = fmemopen(text, strlen(text), "r");
	out = open_memstream(&said, &len);
	if (!in || !out)
		abort();
	ok(t, conf_read_stream(in, "/etc/stabletap/web.conf", NULL, out,
			       &conf) == 1, "the sample has one error");
	fclose(in);
	fclose(out);
	for (word = strtok(said, "\n"); word; word = strtok(NULL, "\n"))
		ok(t, strstr(want, word), "the sample has: %s", word);
	conf_free(conf);
	free(said);
	free(want);
	free(text);
	fclose(man);
}

/* ---- what the fuzzer of the parser knows ---- */

static bool dictionary_has(const char *name)
{
	char line[256], want[64];
	bool found = false;
	FILE *in = fopen(DICTIONARY, "re");

	snprintf(want, sizeof(want), "\"%s=\"\n", name);
	while (in && !found && fgets(line, sizeof(line), in))
		found = !strcmp(line, want);
	if (in)
		fclose(in);
	return found;
}

static void test_dictionary(struct tap *t)
{
	const struct conf_key *key;
	size_t i;

	for (key = conf_keys + 1; key < conf_keys + CONF_KEYS_N; key++)
		ok(t, dictionary_has(key->name), "the fuzzer knows %s=",
		   key->name);
	for (i = 0; i < WORD_CREATE; i++)
		ok(t, dictionary_has(conf_selector_words[i]),
		   "the fuzzer knows %s=", conf_selector_words[i]);
}

/* ---- the list, and the completion, which goes by it ---- */

static void list_keys(const char *path)
{
	FILE *out = fopen(path, "we");

	if (!out)
		abort();
	conf_keys_list(NULL, out);
	fclose(out);
}

/* Writes the completions of "stabletapd --keys @word" to @text. */
static void complete(const char *list, const char *word, char *text,
		     size_t size)
{
	char command[512];
	size_t used = 0;
	FILE *in;

	snprintf(command, sizeof(command), "bash -c 'stabletapd() { cat %s; }; "
		 ". " COMPLETION "; COMP_WORDS=(stabletapd --keys \"%s\"); "
		 "COMP_CWORD=2; _stabletapd; printf \" %%s\" "
		 "\"${COMPREPLY[@]}\"'", list, word);
	in = popen(command, "re");
	if (in)
		used = fread(text, 1, size - 1, in);
	text[used] = '\0';
	if (in)
		pclose(in);
}

static void test_completion(struct tap *t)
{
	char path[] = "/tmp/test-keys.XXXXXX";
	char offered[4096], want[4096] = "";
	const struct conf_key *key;
	int fd = mkstemp(path);

	if (!ok(t, fd >= 0, "there is room for a list"))
		return;
	list_keys(path);
	complete(path, "", offered, sizeof(offered));
	for (key = conf_keys + 1; key < conf_keys + CONF_KEYS_N; key++)
		snprintf(want + strlen(want), sizeof(want) - strlen(want),
			 " %s", key->name);
	is_str(t, offered, want, "all keys are offered, and nothing else");
	complete(path, "MTU", offered, sizeof(offered));
	is_str(t, offered, " MTUBytes", "or those that begin so");
	unlink(path);
	close(fd);
}

static void is_listed(struct tap *t, const char *name, const char *want)
{
	char *said = NULL;
	size_t len;
	FILE *out = open_memstream(&said, &len);
	bool found = out && conf_keys_list(name, out);

	if (out)
		fclose(out);
	is_str(t, said, want, "a key is listed");
	ok(t, found == (*want != '\0'), "or it is said that there is none");
	free(said);
}

static void test_list(struct tap *t)
{
	is_listed(t, "mtubytes", "[Port] MTUBytes=NUMBER from 68 to 65535\n");
	is_listed(t, "OnDetach",
		  "[Port] OnDetach=drop or hold; default: drop\n");
	is_listed(t, "HoldFrames",
		  "[Port] HoldFrames=NUMBER from 1 to 1000000\n");
	is_listed(t, "HoldBytes", "[Port] HoldBytes=SIZE\n");
	is_listed(t, "HoldSec", "[Port] HoldSec=SPAN\n");
	is_listed(t, "Member",
		  "[Pool] Member=WORD [WORD ...] (can be repeated)\n");
	is_listed(t, "HookTimeoutSec",
		  "[Port] HookTimeoutSec=SPAN; default: 30s\n");
	is_listed(t, "ProbeIntervalSec", "[Port] ProbeIntervalSec=SPAN\n");
	is_listed(t, "Colour", "");
}

int main(void)
{
	struct tap t = { 0 };

	test_man(&t);
	test_man_only(&t);
	test_examples(&t);
	test_sample(&t);
	test_dictionary(&t);
	test_completion(&t);
	test_list(&t);
	return tap_end(&t);
}
