// SPDX-License-Identifier: GPL-2.0
/* The running kernel: its version, and the modules that the module needs. */
#include <stdlib.h>

#include "doctor/checks.h"
#include "doctor/modules.h"

/* Reads the two numbers at the beginning of "6.12.3-4". */
static void read_version(const char *text, unsigned long version[2])
{
	char *end;

	version[0] = strtoul(text, &end, 10);
	version[1] = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
}

/* Is version @a older than @b (-1), newer (1), or neither? */
static int compare(const char *a, const char *b)
{
	unsigned long x[2], y[2];
	int i;

	read_version(a, x);
	read_version(b, y);
	for (i = 0; i < 2; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

static void check_version(const struct host *h, struct findings *f)
{
	if (compare(h->release, stabletap_linux_minimum()) < 0) {
		finding_error(f, "kernel-too-old", NULL,
			      "Linux %s is older than %s, the oldest version for which the module can be built",
			      h->release, stabletap_linux_minimum());
		finding_remedy(f, "boot Linux %s or a later version",
			       stabletap_linux_minimum());
	}
	if (compare(h->release, stabletap_linux_maximum()) > 0) {
		finding_warning(f, "kernel-untested", NULL,
				"Linux %s is newer than %s, the newest version with which this release was tested",
				h->release, stabletap_linux_maximum());
		finding_remedy(f, "install a newer release of stabletap, or boot Linux %s",
			       stabletap_linux_maximum());
	}
}

/* The loaded module uses the tap core, so that is there. */
static void check_tap(const struct host *h, struct findings *f)
{
	if (h->is_loaded || modules_have(h, "tap"))
		return;
	finding_error(f, "tap-missing", NULL,
		      "Linux %s has no module tap (CONFIG_TAP), which the module needs",
		      h->release);
	finding_remedy(f, "boot a kernel with CONFIG_MACVTAP, which includes CONFIG_TAP");
}

static void check_macvlan(const struct host *h, struct findings *f)
{
	if (modules_have(h, "macvlan"))
		return;
	finding_warning(f, "macvlan-missing", NULL,
			"Linux %s has no module macvlan (CONFIG_MACVLAN), so ports can only use whole devices (mode direct)",
			h->release);
	finding_remedy(f, "boot a kernel with CONFIG_MACVLAN");
}

void check_kernel(const struct host *h, struct findings *f)
{
	check_version(h, f);
	/* Without lists it is unknown what the kernel has built in. */
	if (modules_are_listed(h)) {
		check_tap(h, f);
		check_macvlan(h, f);
	} else if (!h->is_loaded) {
		finding_error(f, "kernel-modules-missing", NULL,
			      "there are no modules for the running kernel: /lib/modules/%s/modules.dep does not exist",
			      h->release);
		finding_remedy(f, "if the kernel was upgraded, reboot; in a container, load the module on the host; otherwise run 'depmod %s'",
			       h->release);
	}
}
