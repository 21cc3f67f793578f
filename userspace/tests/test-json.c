// SPDX-License-Identifier: GPL-2.0
/*
 * JSON as the command prints it against its schema, by an established
 * validator.  VALIDATE is the script that runs it, SCHEMA the schema.
 * selftests/bats/json.bats does the same with what ports and daemon say.
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <linux/if_link.h>

#include "changes.h"
#include "help.h"
#include "json.h"
#include "tap.h"
#include "verbs.h"
#include "view.h"

#define SKIPPED 77

static void check(struct tap *t, const char *definition, const char *text,
		  bool valid, const char *name)
{
	char command[512];
	FILE *to;
	int status;

	snprintf(command, sizeof(command), "'%s' '%s' %s", VALIDATE, SCHEMA,
		 definition);
	fflush(NULL);
	to = popen(command, "we");
	if (!to)
		return;
	fputs(text, to);
	status = pclose(to);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		ok(t, true, "%s # skip no python3-jsonschema", name);
	else
		ok(t, WIFEXITED(status) && WEXITSTATUS(status) == !valid,
		   "%s", name);
}

static void check_json(struct tap *t, const char *definition, json_t *o,
		       const char *name)
{
	char *text = json_dumps(o, 0);

	check(t, definition, text, true, name);
	free(text);
	json_decref(o);
}

/* Checks the output of a verb. */
static void check_verb(struct tap *t, const struct verb *v,
		       const char *definition)
{
	struct cli cli = {
		.verbs = verbs, .json = true, .pretty = true,
		.socket = "/nonexistent",
	};
	const struct call call = { .verb = v };
	char *text = NULL;
	size_t size = 0;
	FILE *old = stdout;

	if (stabletap_open(&cli.st))
		return;
	stdout = open_memstream(&text, &size);
	v->run(&cli, &call);
	fclose(stdout);
	stdout = old;
	stabletap_close(cli.st);
	check(t, definition, text, true, v->name);
	free(text);
}

/* ---- ports ---- */

static const struct stabletap_link port = {
	.ifindex = 12, .name = "v\366", .kind = STABLETAP_KIND, .mtu = 9000,
	.addr_len = 6, .addr = { 0x52, 0x54, 0, 1, 2, 3 },
};

static json_t *show(const struct view *v)
{
	const struct cli cli = { .stats = true };
	json_t *ports = json_array();

	json_array_append_new(ports, view_json(&cli, v));
	return json_versioned("ports", ports);
}

static void test_show(struct tap *t)
{
	const struct stabletap_link parent = { .ifindex = 2, .name = "eth0" };
	const struct stabletap_link lower = {
		.ifindex = 13, .name = "st12-a3", .kind = "macvlan", .link = 2,
		.macvlan_mode = MACVLAN_MODE_VEPA,
	};
	const struct stabletap_holder holder = { 1, 4711, 2, "qemu" };
	struct view v = { .link = &port };

	check_json(t, "show", json_versioned("ports", json_array()),
		   "no ports");
	check_json(t, "show", show(&v), "a port that has never been attached");
	v = (struct view){
		.link = &port, .lower = &lower, .parent = &parent,
		.holders = &holder, .holders_n = 1, .now = 1000,
		.module = "another", .last_device = "eth1",
		.get = {
			.lower = 13, .lower_mtu = 1500, .detach_time = 1,
			.lower_kind = STABLETAP_LOWER_MACVLAN, .perm = 0600,
			.state = STABLETAP_STATE_ATTACHED, .node = "tap12",
			.attach_flags = STABLETAP_ATTACH_FILTER |
					STABLETAP_ATTACH_INCOMPLETE,
			.last_lower = "st12-9f",
		},
	};
	check_json(t, "show", show(&v), "a port with all that it can have");
	v.parent = NULL;
	v.lower = NULL;
	v.get.state = 99;
	v.get.lower_kind = STABLETAP_LOWER_DIRECT;
	check_json(t, "show", show(&v), "a lower that is gone, a newer module");
}

/* ---- changes ---- */

static const char *name_of(int ifindex, void *arg)
{
	(void)arg, (void)ifindex;
	return "st12-a3";
}

static void on_change(const char *event, const struct stabletap_link *link,
		      json_t *fields, void *arg)
{
	json_t *o = json_pack("{s:i, s:s, s:o, s:i}", "version", 1, "event",
			      event, "port", stabletap_json_text(link->name),
			      "ifindex", link->ifindex);

	json_object_update(o, fields);
	json_print_line(o, arg);
	json_decref(fields);
}

/* Every event that there is */
static void test_changes(struct tap *t)
{
	struct stabletap_link a = port, b = port;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	changes_tell(NULL, &a, name_of, on_change, out);
	b.port.lower = 13;
	b.port.attaches = 1;
	changes_tell(&a, &b, name_of, on_change, out);
	a = b;
	a.port.lower = 14;
	a.port.replaces = 1;
	a.port.state = STABLETAP_STATE_LOWER_DOWN;
	a.port.attach_flags = STABLETAP_ATTACH_FILTER;
	changes_tell(&b, &a, name_of, on_change, out);
	b = a;
	b.port.state = STABLETAP_STATE_ATTACHED;
	b.port.attach_flags |= STABLETAP_ATTACH_INCOMPLETE;
	b.port.on_detach = STABLETAP_ON_DETACH_HOLD;
	b.port.hold_frames = 100;
	b.mtu = 1500;
	b.flags = 1;
	b.addr[5] = 9;
	strcpy(b.name, "vm2");
	changes_tell(&a, &b, name_of, on_change, out);
	a = b;
	a.port.lower = 0;
	changes_tell(&b, &a, name_of, on_change, out);
	changes_tell(&a, NULL, name_of, on_change, out);
	fclose(out);
	check(t, "monitor", text, true, "all events of the kernel's");
	free(text);
}

/* The check itself must be able to fail. */
static void test_check(struct tap *t)
{
	check(t, "show", "{\"ports\": []}", false, "a version is missed");
	check(t, "show", "{\"version\": 2, \"ports\": []}", false,
	      "another version is refused");
	check(t, "show", "{\"version\": 1, \"ports\": [], \"x\": 1}", false,
	      "a key that is not documented is refused");
	check(t, "show", "", false, "nothing is not valid");
}

/* Checks "-j VERB --help". */
static void test_help(struct tap *t)
{
	const struct cli cli = { .verbs = verbs, .json = true };
	char *text = NULL;
	size_t size = 0;
	FILE *old = stdout;

	stdout = open_memstream(&text, &size);
	help_explain(&cli, &verb_version);
	fclose(stdout);
	stdout = old;
	check(t, "help", text, true, "--help");
	free(text);
}

int main(void)
{
	struct tap t = { 0 };

	test_check(&t);
	test_show(&t);
	test_changes(&t);
	check_verb(&t, &verb_help, "help");
	test_help(&t);
	check_verb(&t, &verb_version, "release");
	check_verb(&t, &verb_doctor, "doctor");
	return tap_end(&t);
}
