// SPDX-License-Identifier: GPL-2.0
/*
 * Does the kernel accept the installed module's signature?  Loading the module
 * would be a change, so this compares the signer with the kernel's keys.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/checks.h"
#include "doctor/signature.h"
#include "doctor/tree.h"

/* The last bytes of a signed file (include/linux/module_signature.h) */
#define MARK "~Module signature appended~\n"

/* Returns why the kernel wants signatures, or NULL. */
static const char *demand(const struct host *h)
{
	char line[128];

	tree_line(h->root, line, sizeof(line),
		  "/sys/module/module/parameters/sig_enforce");
	if (*line == 'Y')
		return "module.sig_enforce is set";
	tree_line(h->root, line, sizeof(line), "/sys/kernel/security/lockdown");
	if (strstr(line, "[integrity]") || strstr(line, "[confidentiality]"))
		return "the kernel is locked down";
	return NULL;
}

/* Returns as stabletap_module_signer() does. */
static int find_signer(const struct host *h, const char *path, char *signer,
		       size_t size)
{
	size_t len, mark = strlen(MARK);
	char whole[2 * TREE_PATH];
	int is_signed;
	char *text;

	snprintf(whole, sizeof(whole), "%s%s", h->root, path);
	is_signed = stabletap_module_signer(whole, signer, size);
	if (is_signed >= 0)
		return is_signed;
	/* An older libkmod may not understand the signature. */
	text = tree_text(h->root, &len, "%s", path);
	if (text)
		is_signed = len >= mark &&
			    !memcmp(text + len - mark, MARK, mark);
	free(text);
	return is_signed;
}

/* A line of /proc/keys is "... asymmetri <name>: <id>: X509...". */
int signature_has_key(const struct host *h, const char *signer)
{
	char *text = tree_text(h->root, NULL, "/proc/keys");
	char *line, *rest = NULL, *at;
	size_t len = strlen(signer);
	int found = -1;

	for (line = text ? strtok_r(text, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest)) {
		at = strstr(line, "asymmetri ");
		if (!at)
			continue;
		at += strlen("asymmetri ");
		if (found < 0)
			found = 0;
		if (!strncmp(at, signer, len) && at[len] == ':')
			found = 1;
	}
	free(text);
	return found;
}

void check_signature(const struct host *h, const char *path,
		     struct findings *f)
{
	const char *why = demand(h);
	char signer[128];
	int is_signed, known;

	if (!why)
		return;
	is_signed = find_signer(h, path, signer, sizeof(signer));
	if (!is_signed) {
		finding_error(f, "module-not-signed", NULL,
			      "%s is not signed, and %s, so the kernel refuses to load it (Key was rejected by service)",
			      path, why);
		finding_remedy(f, "let DKMS sign modules (/etc/dkms/framework.conf), enrol its key with 'mokutil --import', and build the module again");
		return;
	}
	known = is_signed > 0 && *signer ? signature_has_key(h, signer) : -1;
	if (!known) {
		finding_error(f, "module-key-not-enrolled", NULL,
			      "%s is signed by '%s', whose key the kernel does not have, and %s, so the kernel refuses to load it (Key was rejected by service)",
			      path, signer, why);
		finding_remedy(f, "enrol the key with 'mokutil --import' (DKMS keeps it in /var/lib/dkms/mok.pub), and reboot");
	} else if (known < 0) {
		finding_unchecked(f, "the module's signature", h->is_root ?
				  "the kernel shows no keys in /proc/keys" :
				  "only root sees the kernel's keys");
	}
}
