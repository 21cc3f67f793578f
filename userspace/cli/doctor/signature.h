/* SPDX-License-Identifier: GPL-2.0 */
/* The keys with which the kernel checks modules. */
#ifndef DOCTOR_SIGNATURE_H
#define DOCTOR_SIGNATURE_H

#include "doctor/host.h"

/* Has the kernel a key of @signer?  1, 0, or -1: it shows no key at all. */
int signature_has_key(const struct host *h, const char *signer);

#endif /* DOCTOR_SIGNATURE_H */
