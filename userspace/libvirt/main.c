// SPDX-License-Identifier: GPL-2.0
/*
 * stabletap-libvirt-hook GUEST OPERATION SUB-OPERATION EXTRA, with the domain's
 * XML on stdin, as libvirt calls its hooks.
 *
 * The exit status is 0 whatever happens, so that no domain is refused or killed
 * because of a port.  If there is no port, libvirt says so itself when it opens
 * the node.  The hook must not call libvirt, which waits for the hook.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "file.h"
#include "domain.h"
#include "ports.h"
#include "say.h"
#include "stabletap.h"

/* In seconds; longer than all deadlines in ports.c together */
#define LIMIT 60

/* Returns stdin, which the caller owns, or NULL after a message. */
static char *read_stdin(size_t *len)
{
	char *text = malloc(DOMAIN_XML_MAX + 1);

	*len = text ? fread(text, 1, DOMAIN_XML_MAX + 1, stdin) : 0;
	if (text && !ferror(stdin) && *len <= DOMAIN_XML_MAX)
		return text;
	say(LOG_ERR, NULL, "can't read the domain's XML: %s; nothing is done",
	    !text ? "no memory" : ferror(stdin) ? strerror(errno) :
	    "it is too long");
	free(text);
	return NULL;
}

static void handle(const char *name, bool prepares)
{
	struct domain domain = { 0 };
	size_t len;
	char *xml = read_stdin(&len);

	if (xml && !domain_read(xml, len, &domain)) {
		if (prepares)
			ports_prepare(&domain, name);
		else
			ports_release(domain.uuid);
	}
	domain_release(&domain);
	free(xml);
}

int main(int argc, char **argv)
{
	file_keep_standard();
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		printf("stabletap-libvirt-hook %s\n", stabletap_release());
		return EXIT_SUCCESS;
	}
	if (argc < 3) {
		fputs("usage: stabletap-libvirt-hook GUEST OPERATION [SUB-OPERATION [EXTRA]]\n"
		      "with the domain's XML on standard input; see stabletap-libvirt-hook(8)\n",
		      stderr);
		return 2;
	}
	/* The default action ends the process, and with it its locks. */
	alarm(LIMIT);
	umask(022);
	say_begin(argv[1]);
	if (!strcmp(argv[2], "prepare"))
		handle(argv[1], true);
	else if (!strcmp(argv[2], "release"))
		handle(argv[1], false);
	return EXIT_SUCCESS;
}
