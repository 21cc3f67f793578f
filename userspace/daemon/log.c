// SPDX-License-Identifier: GPL-2.0
/* Lines for the journal, or for whoever reads stderr. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-journal.h>
#include <time.h>

#include "core.h"

__attribute__((format(printf, 3, 0)))
static void put(int priority, const char *name, const char *fmt, va_list ap)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	if (getenv("JOURNAL_STREAM") && name &&
	    sd_journal_send("MESSAGE=%s: %s", name, text, "PRIORITY=%i",
			    priority, "STABLETAP_PORT=%s", name, NULL) >= 0)
		return;
	if (getenv("JOURNAL_STREAM"))
		fprintf(stderr, "<%d>", priority);
	fprintf(stderr, "%s%s%s\n", name ? name : "", name ? ": " : "", text);
}

void log_port(int priority, const struct port *port, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(priority, port ? port->conf->name : NULL, fmt, ap);
	va_end(ap);
}

void log_name(int priority, const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(priority, name, fmt, ap);
	va_end(ap);
}

uint64_t now_ns(void)
{
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}
