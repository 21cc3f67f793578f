// SPDX-License-Identifier: GPL-2.0
/* Lines for the journal, or for whoever reads stderr. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-journal.h>
#include <time.h>

#include "core.h"

void log_port(int priority, const struct port *port, const char *fmt, ...)
{
	const char *name = port ? port->conf->name : NULL;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);

	if (getenv("JOURNAL_STREAM") && name &&
	    sd_journal_send("MESSAGE=%s: %s", name, text, "PRIORITY=%i",
			    priority, "STABLETAP_PORT=%s", name, NULL) >= 0)
		return;
	if (getenv("JOURNAL_STREAM"))
		fprintf(stderr, "<%d>", priority);
	fprintf(stderr, "%s%s%s\n", name ? name : "", name ? ": " : "", text);
}

uint64_t now_ns(void)
{
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}
