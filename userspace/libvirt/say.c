// SPDX-License-Identifier: GPL-2.0
/* Messages: to the journal, or syslog if there is none, and to stderr. */
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#include "escape.h"
#include "say.h"

#define IDENTIFIER "stabletap-libvirt-hook"
#define TEXT_SIZE 768
#define NAME_SIZE 256

static char domain_name[NAME_SIZE] = "-";

void say_begin(const char *domain)
{
	escape_line(domain_name, sizeof(domain_name), domain);
	openlog(IDENTIFIER, LOG_PID, LOG_DAEMON);
}

static void log_text(int priority, const char *port, const char *text)
{
	if (sd_booted() <= 0 ||
	    sd_journal_send("PRIORITY=%d", priority,
			    "SYSLOG_IDENTIFIER=" IDENTIFIER,
			    "STABLETAP_PORT=%s", port, "MESSAGE=%s: %s%s%s",
			    domain_name, port, *port ? ": " : "", text,
			    NULL) < 0)
		syslog(priority, "%s: %s%s%s", domain_name, port,
		       *port ? ": " : "", text);
}

void say(int priority, const char *port, const char *fmt, ...)
{
	char text[TEXT_SIZE], line[2 * TEXT_SIZE], name[NAME_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	escape_line(name, sizeof(name), port ? port : "");
	escape_line(line, sizeof(line), text);
	fprintf(stderr, IDENTIFIER ": %s: %s%s%s\n", domain_name, name,
		*name ? ": " : "", line);
	log_text(priority, name, line);
}
