/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What rtnetlink does not tell of a device.  The model asks by these, so that
 * it opens nothing itself; watch/facts.c asks sysfs, ethtool and udev, a test
 * says what it likes.
 */
#ifndef MODEL_FACTS_H
#define MODEL_FACTS_H

#include <stdbool.h>
#include <stddef.h>

struct stabletap_link;

struct facts {
	bool (*driver)(const struct stabletap_link *link, char *buf,
		       size_t size);
	/* udev's; false: the device has none of that name */
	bool (*property)(const struct stabletap_link *link, const char *key,
			 char *buf, size_t size);
	bool (*is_wifi)(const struct stabletap_link *link);
	/* Has udev, if there is one, named the device? */
	bool (*is_initialized)(const struct stabletap_link *link);
	/* Of a VF: its PF's name on their bus; false: it is no VF */
	bool (*physical)(const struct stabletap_link *link, char *pf,
			 size_t size);
	/* Which of the VFs from @first to @last of @pf is it?  -1: none. */
	int (*vf_number)(const struct stabletap_link *link, const char *pf,
			 int first, int last);
	/* What VF @n of that PF is called on its bus; false: there is none */
	bool (*vf_name)(const struct stabletap_link *pf, int n, char *buf,
			size_t size);
	/* Which driver has the VF, that has no device here? */
	void (*vf_user)(const struct stabletap_link *pf, const char *vf,
			char *buf, size_t size);
};

#endif /* MODEL_FACTS_H */
