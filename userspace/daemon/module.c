// SPDX-License-Identifier: GPL-2.0
/* Finds settings of a configuration that the loaded module does not support. */
#include <unistd.h>

#include "conf/check.h"
#include "module.h"
#include "stabletap.h"

int module_check(const struct conf *conf, FILE *out)
{
	struct stabletap_version version;
	struct stabletap *st = NULL;
	int n = 0;

	if (access("/sys/module/stabletap", F_OK))
		return 0;
	if (!stabletap_open(&st) && !stabletap_version_get(st, &version))
		n = conf_check_features(conf, version.features, out);
	stabletap_close(st);
	return n;
}
