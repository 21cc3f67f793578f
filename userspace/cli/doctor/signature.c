// SPDX-License-Identifier: GPL-2.0
/*
 * Does the kernel accept the installed module's signature?  Loading the module
 * would be a change, so this compares the signer with the kernel's keys.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/checks.h"
#include "doctor/signature.h"
#include "doctor/tree.h"

/* The last bytes of a signed file (include/linux/module_signature.h) */
#define MARK "~Module signature appended~\n"

/*
 * Returns why the kernel wants signatures, or NULL, and the error with which it
 * refuses other modules (module_sig_check() in kernel/module/signing.c).
 */
static const char *demand(const struct host *h, int *error)
{
	char line[128];

	/* Set by Secure Boot, too, if the kernel has CONFIG_IMA_ARCH_POLICY. */
	*error = EKEYREJECTED;
	tree_line(h->root, line, sizeof(line),
		  "/sys/module/module/parameters/sig_enforce");
	if (*line == 'Y')
		return "module.sig_enforce is set";
	*error = EPERM;
	tree_line(h->root, line, sizeof(line), "/sys/kernel/security/lockdown");
	if (strstr(line, "[integrity]") || strstr(line, "[confidentiality]"))
		return "the kernel is locked down";
	return NULL;
}

/* Returns as stabletap_module_signer() does. */
static int find_signer(const struct host *h, const char *path,
		       struct stabletap_signer *signer)
{
	size_t len, mark = strlen(MARK);
	char whole[2 * TREE_PATH];
	int is_signed;
	char *text;

	snprintf(whole, sizeof(whole), "%s%s", h->root, path);
	is_signed = stabletap_module_signer(whole, signer);
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

/* Is @text "<signer>: <id>: ..."? */
static bool is_key_of(const char *text, const char *signer, const char *id)
{
	size_t len = strlen(signer);

	if (strncmp(text, signer, len) != 0 || text[len] != ':')
		return false;
	text += len + 2;
	return !id || (!strncmp(text, id, strlen(id)) &&
		       text[strlen(id)] == ':');
}

/* A line of /proc/keys is "... asymmetri <name>: <id>: X509...". */
int signature_has_key(const struct host *h, const char *signer, const char *id)
{
	char *text = tree_text(h->root, NULL, "/proc/keys");
	char *line, *rest = NULL, *at;
	int found = -1;

	for (line = text ? strtok_r(text, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest)) {
		at = strstr(line, "asymmetri ");
		if (!at)
			continue;
		at += strlen("asymmetri ");
		if (found < 0)
			found = 0;
		if (is_key_of(at, signer, id))
			found = 1;
	}
	free(text);
	return found;
}

/* Bytes of "73:F1:..."; returns their number. */
static size_t read_serial(const char *text, unsigned char *to, size_t size)
{
	size_t n = 0;
	char *end;

	while (*text && n < size) {
		to[n++] = (unsigned char)strtoul(text, &end, 16);
		if (end == text)
			return 0;
		text = end + (*end == ':');
	}
	return n;
}

/*
 * All keys that DKMS makes have the same name.  Only its id tells a key that was
 * enrolled before the system was installed again.  The kernel's id of a
 * key is the certificate's extension "subject key identifier" (RFC 5280).
 */
bool signature_dkms_id(const struct host *h, const char *serial,
		       char id[SIGNATURE_ID])
{
	static const char before[] = "\x06\x03\x55\x1d\x0e\x04\x16\x04\x14";
	unsigned char number[32];
	const unsigned char *at = NULL;
	size_t len, i, n;
	char *text;

	text = tree_text(h->root, &len, "/var/lib/dkms/mok.pub");
	n = read_serial(serial, number, sizeof(number));
	if (text && n && memmem(text, len, number, n))
		at = memmem(text, len, before, strlen(before));
	if (at)
		at += strlen(before);
	if (at && at + SIGNATURE_ID / 2 > (unsigned char *)text + len)
		at = NULL;
	for (i = 0; at && i < SIGNATURE_ID / 2; i++)
		snprintf(id + 2 * i, 3, "%02x", at[i]);
	free(text);
	return at;
}

/* Returns as signature_has_key() does. */
static int find_key(const struct host *h, const struct stabletap_signer *signer)
{
	char id[SIGNATURE_ID];

	if (!signer || !*signer->name)
		return -1;
	return signature_has_key(h, signer->name,
				 signature_dkms_id(h, signer->serial, id) ?
				 id : NULL);
}

void check_signature(const struct host *h, const char *path,
		     struct findings *f)
{
	struct stabletap_signer signer;
	int is_signed, known, error;
	const char *why = demand(h, &error);

	if (!why)
		return;
	is_signed = find_signer(h, path, &signer);
	if (!is_signed) {
		finding_error(f, "module-not-signed", NULL,
			      "%s is not signed, and %s, so the kernel refuses to load it (%s)",
			      path, why, strerror(error));
		finding_remedy(f, "let DKMS sign modules (/etc/dkms/framework.conf), enroll its key with 'mokutil --import /var/lib/dkms/mok.pub', and build the module again: dkms build --force " STABLETAP_KIND "/%s && dkms install --force " STABLETAP_KIND "/%s",
			       stabletap_release(), stabletap_release());
		return;
	}
	known = find_key(h, is_signed > 0 ? &signer : NULL);
	if (!known) {
		finding_error(f, "module-key-not-enrolled", NULL,
			      "%s is signed by '%s', whose key the kernel does not have, and %s, so the kernel refuses to load it (%s)",
			      path, signer.name, why, strerror(error));
		finding_remedy(f, "enroll the signer's certificate (that of DKMS: 'mokutil --import /var/lib/dkms/mok.pub'), reboot, and choose 'Enroll MOK' on the console");
	} else if (known < 0) {
		finding_unchecked(f, "the module's signature", h->is_root ?
				  "the kernel shows no keys in /proc/keys" :
				  "only root sees the kernel's keys");
	}
}
