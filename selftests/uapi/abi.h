/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sizes and offsets that the ABI has on every architecture;
 * selftests/vm/check-abi compiles this file for each.
 */
#ifndef SELFTESTS_UAPI_ABI_H
#define SELFTESTS_UAPI_ABI_H

#include <linux/stabletap.h>

_Static_assert(sizeof(struct stabletap_version) == 48, "ABI");
_Static_assert(sizeof(struct stabletap_create) == 88, "ABI");
_Static_assert(sizeof(struct stabletap_delete) == 24, "ABI");
_Static_assert(sizeof(struct stabletap_attach) == 32, "ABI");
_Static_assert(sizeof(struct stabletap_detach) == 32, "ABI");
_Static_assert(sizeof(struct stabletap_set) == 48, "ABI");
_Static_assert(sizeof(struct stabletap_get) == 248, "ABI");
_Static_assert(sizeof(struct stabletap_list) == 32, "ABI");
_Static_assert(STABLETAP_IOC_VERSION == 0xb900, "ABI");
_Static_assert(sizeof(struct stabletap_stats) == 160, "ABI");
_Static_assert(STABLETAP_IOC_LIST == 0xb907, "ABI");
_Static_assert(STABLETAP_IOC_STATS == 0xb908, "ABI");

#endif
