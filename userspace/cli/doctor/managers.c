// SPDX-License-Identifier: GPL-2.0
/*
 * Does systemd-networkd or NetworkManager manage a port, a child, or a device
 * that a port uses whole?  Both keep a file of each device that they know,
 * named by the ifindex.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/checks.h"
#include "doctor/tree.h"

/* The files stay when their owner has ended, so look for the process. */
static bool is_running(const struct host *h, const char *comm)
{
	bool found = false;
	char line[32];
	glob_t g;
	size_t i;

	tree_glob(h->root, &g, "/proc/[0-9]*/comm");
	for (i = 0; i < g.gl_pathc && !found; i++)
		found = tree_line("", line, sizeof(line), "%s",
				  g.gl_pathv[i]) && !strcmp(line, comm);
	globfree(&g);
	return found;
}

/* Copies the value of the line "<key>=..." of @text; "": there is none. */
static void value_of(const char *text, const char *key, char *value,
		     size_t size)
{
	size_t len = strlen(key);
	const char *line = text;

	value[0] = '\0';
	while (line && *line) {
		if (!strncmp(line, key, len) && line[len] == '=') {
			line += len + 1;
			snprintf(value, size, "%.*s",
				 (int)strcspn(line, "\n"), line);
			return;
		}
		line = strchr(line, '\n');
		line += line != NULL;
	}
}

static void check_networkd(const struct host *h, const char *port,
			   const struct stabletap_link *dev, const char *what,
			   struct findings *f)
{
	char *text = tree_text(h->root, NULL, "/run/systemd/netif/links/%d",
			       dev->ifindex);
	char state[32], file[256];

	if (!text)
		return;
	value_of(text, "ADMIN_STATE", state, sizeof(state));
	value_of(text, "NETWORK_FILE", file, sizeof(file));
	free(text);
	/*
	 * The kernel cuts a process's name to 15 characters.  "pending": udev has not
	 * finished with the device yet.
	 */
	if (!*state || !strcmp(state, "unmanaged") ||
	    !strcmp(state, "pending") || !strcmp(state, "initialized") ||
	    !is_running(h, "systemd-network"))
		return;
	finding_warning(f, "networkd-manages", port,
			"systemd-networkd manages %s %s (state %s%s%s)", what,
			dev->name, state, *file ? ", by " : "", file);
	finding_remedy(f, "let a .network file with Unmanaged=yes match %s before %s, then run 'networkctl reload' and 'networkctl reconfigure %s'",
		       dev->name, *file ? tree_name(file) : "others",
		       dev->name);
}

static void check_networkmanager(const struct host *h, const char *port,
				 const struct stabletap_link *dev,
				 const char *what, struct findings *f)
{
	char *text = tree_text(h->root, NULL, "/run/NetworkManager/devices/%d",
			       dev->ifindex);
	char managed[16];

	if (!text)
		return;
	value_of(text, "managed", managed, sizeof(managed));
	free(text);
	if (strcmp(managed, "true") != 0 || !is_running(h, "NetworkManager"))
		return;
	finding_warning(f, "networkmanager-manages", port,
			"NetworkManager manages %s %s", what, dev->name);
	finding_remedy(f, "nmcli device set %s managed no; for good, see unmanaged-devices in NetworkManager.conf(5)",
		       dev->name);
}

static void check_device(const struct host *h, const char *port,
			 const struct stabletap_link *dev, const char *what,
			 struct findings *f)
{
	check_networkd(h, port, dev, what, f);
	check_networkmanager(h, port, dev, what, f);
}

void check_managers(const struct host *h, struct findings *f)
{
	const struct host_port *p;
	size_t i;

	if (!h->is_local)
		return;
	for (i = 0; i < h->ports_n; i++) {
		p = &h->ports[i];
		check_device(h, p->link->name, p->link, "the port", f);
		if (!p->lower)
			continue;
		if (stabletap_child_is(p->lower, NULL))
			check_device(h, p->link->name, p->lower, "its child",
				     f);
		else if (p->get.lower_kind == STABLETAP_LOWER_DIRECT)
			check_device(h, p->link->name, p->lower,
				     "its lower", f);
	}
}
