// SPDX-License-Identifier: GPL-2.0
/* Of which release this is: ../Makefile has it from META. */
#include "stabletap.h"

const char *stabletap_release(void)
{
	return STABLETAP_VERSION;
}

const char *stabletap_build(void)
{
	return STABLETAP_BUILD;
}

const char *stabletap_linux_minimum(void)
{
	return STABLETAP_LINUX_MINIMUM;
}

const char *stabletap_linux_maximum(void)
{
	return STABLETAP_LINUX_MAXIMUM;
}
