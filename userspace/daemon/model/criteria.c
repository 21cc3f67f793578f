// SPDX-License-Identifier: GPL-2.0
/* Does a device fit a description? */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "conf/selector.h"
#include "model/criteria.h"
#include "model/tables.h"

bool criteria_equal(const struct conf_selector *a,
		    const struct conf_selector *b)
{
	struct conf_selector x = *a, y = *b;

	x.vlan = y.vlan = -1;
	x.vlan_create = y.vlan_create = false;
	x.vf = y.vf = x.vf_last = y.vf_last = -1;
	return conf_selector_equal(&x, &y);
}

static bool name_matches(const char *pattern, const struct stabletap_link *link)
{
	const char *name = NULL;

	while ((name = stabletap_link_next_name(link, name)))
		if (!fnmatch(pattern, name, 0))
			return true;
	return false;
}

/*
 * A MAC address describes the device that has it from its hardware.  VLANs and
 * macvlans inherit their NIC's address, also as their permanent one, and a
 * bridge, bond or team takes that of a member: none of these match.  A device
 * without a permanent address has had its own from the start.
 */
static bool mac_matches(const uint8_t mac[6], const struct device *dev)
{
	const struct stabletap_link *link = &dev->link;

	if (device_is_stacked(link))
		return false;
	if (link->perm_addr_len == 6)
		return !memcmp(mac, link->perm_addr, 6);
	return !dev->members && link->addr_len == 6 &&
	       !memcmp(mac, link->addr, 6);
}

static bool path_matches(const char *pattern, const struct stabletap_link *link)
{
	char path[sizeof(link->parent_bus) + sizeof(link->parent_dev) + 1];

	if (!*link->parent_dev)
		return false;
	snprintf(path, sizeof(path), "%s-%s", link->parent_bus,
		 link->parent_dev);
	return !fnmatch(pattern, path, 0);
}

static bool driver_matches(const char *pattern, const struct device *dev)
{
	char driver[32];

	return dev->model->facts->driver(&dev->link, driver, sizeof(driver)) &&
	       !fnmatch(pattern, driver, 0);
}

/* @property: "KEY=pattern" */
static bool property_matches(const char *property, const struct device *dev)
{
	const char *equals = strchr(property, '=');
	char key[128], value[256];

	if (!equals || (size_t)(equals - property) >= sizeof(key))
		return false;
	memcpy(key, property, (size_t)(equals - property));
	key[equals - property] = '\0';
	return dev->model->facts->property(&dev->link, key, value,
					   sizeof(value)) &&
	       !fnmatch(equals + 1, value, 0);
}

/*
 * The pattern of "name=v* vlan=5 create" also matches the VLANs that it
 * creates.  If those counted as bases, VLANs would be created on VLANs until
 * the kernel refuses.  So a VLAN is a base only by its plain name.
 */
static bool may_stack(const struct conf_selector *s, const struct device *dev)
{
	return !dev->link.vlan_id ||
	       (s->name && !conf_is_pattern(s->name));
}

/* The comparisons that ask the kernel or udev come last. */
bool criteria_match(const struct conf_selector *s, bool stacks,
		      const struct device *dev)
{
	const struct stabletap_link *link = &dev->link;

	return device_is_ethernet(link) && (!stacks || may_stack(s, dev)) &&
	       (!s->name || name_matches(s->name, link)) &&
	       (!s->mac_set || mac_matches(s->mac, dev)) &&
	       (!s->path || path_matches(s->path, link)) &&
	       (!s->phys_port ||
		!fnmatch(s->phys_port, link->phys_port_name, 0)) &&
	       (!s->driver || driver_matches(s->driver, dev)) &&
	       (!s->property || property_matches(s->property, dev));
}
