// SPDX-License-Identifier: GPL-2.0
/* Shared parts of all acts. */
#include <errno.h>
#include <string.h>

#include "act/act.h"

const char *act_why(const struct act *a, int err)
{
	const char *message = stabletap_message(a->st);

	return *message ? message : strerror(-err);
}

bool act_is_busy(int err)
{
	return err == -EAGAIN || err == -ENODEV || err == -ESTALE ||
	       err == -EEXIST;
}
