// SPDX-License-Identifier: GPL-2.0
/* Error messages: the error in one line, and what to do in the next. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

static void say(const char *prefix, const char *fmt, va_list ap)
{
	fflush(stdout);
	fprintf(stderr, "%s: ", prefix);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

int usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("stabletap", fmt, ap);
	va_end(ap);
	return CLI_USAGE;
}

int refuse(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("stabletap", fmt, ap);
	va_end(ap);
	return CLI_REFUSED;
}

void hint(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("hint", fmt, ap);
	va_end(ap);
}

void note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("note", fmt, ap);
	va_end(ap);
}

int refused(struct cli *cli, int err, const char *fmt, ...)
{
	static const char prefix[] = STABLETAP_KIND ": ";
	const char *message = stabletap_message(cli->st);
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);

	/* The module puts its own name before its sentences. */
	if (!strncmp(message, prefix, strlen(prefix)))
		message += strlen(prefix);
	/* Add errno's text, which can be searched for. */
	if (*message)
		refuse("%s: %s (%s)", what, message, strerror(-err));
	else
		refuse("%s: %s", what, strerror(-err));
	if (err == -EPERM)
		hint("this needs CAP_NET_ADMIN in the network namespace: "
		     "run it as root");
	return CLI_REFUSED;
}

static bool is_module_missing(int err)
{
	return err == -ENOENT || err == -ENXIO || err == -ENODEV;
}

static int control_missing(int err)
{
	if (is_module_missing(err)) {
		refuse("can't open " STABLETAP_CONTROL
		       ": the module is not loaded");
		hint("modprobe " STABLETAP_KIND
		     "; if this fails, 'stabletap doctor' says why");
	} else {
		refuse("can't open " STABLETAP_CONTROL ": %s", strerror(-err));
		if (err == -EACCES || err == -EPERM)
			hint("run it as root");
	}
	return CLI_REFUSED;
}

int need_module(struct cli *cli)
{
	struct stabletap_version version;
	int err = stabletap_control_open(cli->st);

	if (err)
		return control_missing(err);
	err = stabletap_version_get(cli->st, &version);
	if (err)
		return refused(cli, err, "can't ask the module its version");
	if (version.api == STABLETAP_API_VERSION)
		return 0;
	refuse("the loaded module has version %u of the interface, this "
	       "command version %u", version.api, STABLETAP_API_VERSION);
	hint("install module and command of one release and load that module");
	return CLI_REFUSED;
}

static int loading_refused(int err)
{
	if (err == -EKEYREJECTED)
		refuse("can't load the module: the kernel loads only modules signed by a key it trusts (%s)",
		       strerror(-err));
	else if (err == -EPERM)
		refuse("can't load the module: modprobe.d or the kernel forbids it (%s)",
		       strerror(-err));
	else
		refuse("can't load the module: %s", strerror(-err));
	hint("'stabletap doctor' says why, and what to do");
	return CLI_REFUSED;
}

int load_module(struct cli *cli)
{
	int err = stabletap_control_open(cli->st);

	/* The kernel also loads the module on "ip link add type stabletap". */
	if (!is_module_missing(err))
		return need_module(cli);
	err = stabletap_module_load();
	/*
	 * need_module() has the message if the module is not installed, and for
	 * other users than root, who can't load modules.  Another process may
	 * have loaded it in the meantime.
	 */
	if (!err || err == -ENOENT || geteuid() ||
	    !stabletap_control_open(cli->st))
		return need_module(cli);
	return loading_refused(err);
}

int refuse_kind(const struct stabletap_link *link, const char *name)
{
	refuse("'%s' is a network device, but no port (%s%s)", name,
	       *link->kind ? "its kind is " : "it has no kind", link->kind);
	hint("'stabletap show' lists the ports");
	return CLI_REFUSED;
}

int find_port(struct cli *cli, const char *name, struct stabletap_link *out)
{
	struct stabletap_link link;
	int err = need_module(cli);

	if (err)
		return err;
	err = stabletap_link_find(cli->st, name, &link);
	if (err == -ENODEV) {
		refuse("there is no port '%s' in this network namespace", name);
		hint("'stabletap show' lists the ports, 'stabletap add %s' "
		     "makes this one", name);
		return CLI_REFUSED;
	}
	if (err)
		return refused(cli, err, "can't look up '%s'", name);
	if (stabletap_link_is_port(&link)) {
		*out = link;
		return 0;
	}
	err = refuse_kind(&link, name);
	stabletap_link_release(&link);
	return err;
}

int find_device(struct cli *cli, const char *name, struct stabletap_link *out)
{
	int err = stabletap_link_find(cli->st, name, out);

	if (!err)
		return 0;
	if (err != -ENODEV)
		return refused(cli, err, "can't look up '%s'", name);
	refuse("there is no device '%s' in this network namespace", name);
	hint("'ip -br link' lists the devices");
	return CLI_REFUSED;
}

void report_holders(struct cli *cli, int port, const char *name)
{
	struct stabletap_holders h = { 0 };
	struct stabletap_get get;
	bool found = false;
	size_t i;

	if (stabletap_port_get(cli->st, port, &get))
		return;
	if (stabletap_holders_scan(get.major, &h))
		return;
	for (i = 0; i < h.n; i++) {
		if (h.v[i].minor != get.minor)
			continue;
		found = true;
		hint("'%s' is open in %s, pid %d", name, h.v[i].comm,
		     (int)h.v[i].pid);
	}
	if (!found)
		hint("'%s' is open in a process that can't be seen from here",
		     name);
	stabletap_holders_release(&h);
}
