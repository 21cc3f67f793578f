// SPDX-License-Identifier: GPL-2.0
/*
 * Has AppArmor refused a process a port's node?  The kernel's log and auditd's
 * have a line for each refusal.  A line counts only while it may still be true:
 * the profile is enforced, and no process has the port open.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor/checks.h"
#include "doctor/tree.h"

#define PROFILES "/sys/kernel/security/apparmor/profiles"

/* Copies the value of <key>="...", or "". */
static void quoted(const char *line, const char *key, char *value, size_t size)
{
	char begin[32];
	const char *at;

	snprintf(begin, sizeof(begin), " %s=\"", key);
	at = strstr(line, begin);
	at = at ? at + strlen(begin) : "";
	snprintf(value, size, "%.*s", (int)strcspn(at, "\""), at);
}

/* Has the list of profiles a line "<profile> (enforce)"? */
static bool is_enforced(const char *profiles, const char *profile)
{
	size_t len = strlen(profile);
	const char *line = profiles;

	while (line && *line) {
		if (!strncmp(line, profile, len) &&
		    !strncmp(line + len, " (enforce)", 10))
			return true;
		line = strchr(line, '\n');
		line += line != NULL;
	}
	return false;
}

static void check_line(const struct host *h, const char *profiles,
		       const char *line, struct findings *f)
{
	char name[128], profile[128], comm[32];
	const struct host_port *p;
	size_t i;

	if (!strstr(line, "apparmor=\"DENIED\""))
		return;
	quoted(line, "name", name, sizeof(name));
	quoted(line, "profile", profile, sizeof(profile));
	quoted(line, "comm", comm, sizeof(comm));
	if (strncmp(name, "/dev/", 5) != 0 || !is_enforced(profiles, profile))
		return;
	for (i = 0; i < h->ports_n; i++) {
		p = &h->ports[i];
		if (strcmp(name + 5, p->get.node) != 0 || p->get.open_queues ||
		    finding_get(f, "apparmor-denied", p->link->name))
			continue;
		finding_warning(f, "apparmor-denied", p->link->name,
				"AppArmor's profile %s has refused %s to %s",
				profile, name, *comm ? comm : "a process");
		finding_remedy(f, "allow '%s rw,' in the profile (libvirt: /etc/apparmor.d/local/abstractions/libvirt-qemu), and load it again",
			       name);
	}
}

static void check_lines(const struct host *h, const char *profiles, char *text,
			struct findings *f)
{
	char *line, *rest = NULL;

	for (line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		check_line(h, profiles, line, f);
}

/* Each read returns one record; EPIPE: older ones were overwritten. */
static bool read_kernel_log(const struct host *h, const char *profiles,
			    struct findings *f)
{
	char path[TREE_PATH], record[8192 + 1];
	ssize_t got = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/dev/kmsg", h->root);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	do {
		got = read(fd, record, sizeof(record) - 1);
		if (got > 0) {
			record[got] = '\0';
			check_lines(h, profiles, record, f);
		}
	} while (got > 0 || (got < 0 && (errno == EPIPE || errno == EINTR)));
	got = got < 0 && errno != EAGAIN ? -1 : 0;
	close(fd);
	return !got;
}

void check_apparmor(const struct host *h, struct findings *f)
{
	char *profiles, *audit;
	bool done;

	/* The directory is there if AppArmor is in use. */
	if (!h->ports_n || !tree_has(h->root, PROFILES))
		return;
	profiles = tree_text(h->root, NULL, PROFILES);
	done = profiles && read_kernel_log(h, profiles, f);
	audit = profiles ? tree_text(h->root, NULL,
				     "/var/log/audit/audit.log") : NULL;
	if (audit)
		check_lines(h, profiles, audit, f);
	free(audit);
	free(profiles);
	if (!done)
		finding_unchecked(f, "AppArmor's refusals",
				  "only root reads its profiles and the kernel's log");
}
