/* SPDX-License-Identifier: GPL-2.0 */
/* The keys with which the kernel checks modules. */
#ifndef DOCTOR_SIGNATURE_H
#define DOCTOR_SIGNATURE_H

#include <stdbool.h>

#include "doctor/host.h"

/* Hexadecimal digits of a key's id in /proc/keys, and a NUL */
#define SIGNATURE_ID 41

/*
 * Does the kernel have a key of @signer, and with this @id if it is not NULL?  1,
 * 0, or -1: the kernel shows no key at all.
 */
int signature_has_key(const struct host *h, const char *signer, const char *id);

/*
 * Returns the id of DKMS's key, if its certificate has this serial number, as
 * "73:F1:...".
 */
bool signature_dkms_id(const struct host *h, const char *serial,
		       char id[SIGNATURE_ID]);

#endif /* DOCTOR_SIGNATURE_H */
