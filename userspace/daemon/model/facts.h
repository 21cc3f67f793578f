/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Properties of a device that rtnetlink does not have.  The model calls these
 * functions so that it opens nothing itself: watch/facts.c asks sysfs, ethtool
 * and udev, and a test answers from its scene.
 */
#ifndef MODEL_FACTS_H
#define MODEL_FACTS_H

#include <stdbool.h>
#include <stddef.h>

struct stabletap_link;

struct facts {
	bool (*driver)(const struct stabletap_link *link, char *buf,
		       size_t size);
	/* A property of udev's; false: the device has no such property. */
	bool (*property)(const struct stabletap_link *link, const char *key,
			 char *buf, size_t size);
	bool (*is_wifi)(const struct stabletap_link *link);
	/* Has udev, if there is one, named the device? */
	bool (*is_initialized)(const struct stabletap_link *link);
	/* Returns the bus name of a VF's PF in @pf; false: it is no VF. */
	bool (*physical)(const struct stabletap_link *link, char *pf,
			 size_t size);
	/*
	 * Returns the VF's number, if from @first to @last of @pf; -1
	 * otherwise.
	 */
	int (*vf_number)(const struct stabletap_link *link, const char *pf,
			 int first, int last);
	/* Returns the bus name of VF @n; false: there is no such VF. */
	bool (*vf_name)(const struct stabletap_link *pf, int n, char *buf,
			size_t size);
	/* Writes which driver uses VF @vf, which has no net device here. */
	void (*vf_user)(const struct stabletap_link *pf, const char *vf,
			char *buf, size_t size);
};

#endif /* MODEL_FACTS_H */
