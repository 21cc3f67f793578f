// SPDX-License-Identifier: GPL-2.0
/*
 * The tests of qtest.c without vhost: QEMU itself reads and writes the fd.
 * vm-timeout: 1800
 */
#define WITHOUT_VHOST
#include "qtest.c"
