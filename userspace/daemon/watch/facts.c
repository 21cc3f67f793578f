// SPDX-License-Identifier: GPL-2.0
/* Properties of a device that rtnetlink lacks: from sysfs, ethtool and udev. */
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <systemd/sd-device.h>
#include <unistd.h>

#include "stabletap.h"
#include "watch/facts.h"

/* Returns the last part of a sysfs link's target; false: there is none. */
static bool link_target(const char *path, char *name, size_t size)
{
	char target[256];
	const char *last;
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	if (len < 0)
		return false;
	target[len] = '\0';
	last = strrchr(target, '/');
	return (size_t)snprintf(name, size, "%s", last ? last + 1 : target) <
	       size;
}

static bool get_driver(const struct stabletap_link *link, char *buf,
		       size_t size)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq ifr = { .ifr_data = (char *)&info };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool found;

	if (fd < 0)
		return false;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", link->name);
	found = !ioctl(fd, SIOCETHTOOL, &ifr);
	close(fd);
	if (found)
		snprintf(buf, size, "%s", info.driver);
	return found;
}

/* Before udev has processed the device, it has no properties. */
static bool get_property(const struct stabletap_link *link, const char *key,
			 char *buf, size_t size)
{
	sd_device *dev = NULL;
	const char *value;
	bool found;

	if (sd_device_new_from_ifindex(&dev, link->ifindex) < 0)
		return false;
	found = sd_device_get_property_value(dev, key, &value) >= 0;
	if (found)
		snprintf(buf, size, "%s", value);
	sd_device_unref(dev);
	return found;
}

static bool is_wifi(const struct stabletap_link *link)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%s/phy80211", link->name);
	return !access(path, F_OK);
}

static bool is_initialized(const struct stabletap_link *link)
{
	sd_device *dev = NULL;
	bool initialized;

	if (access("/run/udev/control", F_OK) ||
	    sd_device_new_from_ifindex(&dev, link->ifindex) < 0)
		return true;
	initialized = sd_device_get_is_initialized(dev) != 0;
	sd_device_unref(dev);
	return initialized;
}

static bool get_physical(const struct stabletap_link *link, char *pf,
			 size_t size)
{
	char path[160];

	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/physfn",
		 link->parent_bus, link->parent_dev);
	return link_target(path, pf, size);
}

static bool vf_link(const char *bus, const char *pf, int n, char *buf,
		    size_t size)
{
	char path[160];

	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/virtfn%d", bus,
		 pf, n);
	return link_target(path, buf, size);
}

static int get_vf_number(const struct stabletap_link *link, const char *pf,
			 int first, int last)
{
	char name[64];
	int n;

	for (n = first; n <= last; n++) {
		if (!vf_link(link->parent_bus, pf, n, name, sizeof(name)))
			return -1;
		if (!strcmp(name, link->parent_dev))
			return n;
	}
	return -1;
}

static bool get_vf_name(const struct stabletap_link *pf, int n, char *buf,
			size_t size)
{
	return vf_link(pf->parent_bus, pf->parent_dev, n, buf, size);
}

static void get_vf_user(const struct stabletap_link *pf, const char *vf,
			char *buf, size_t size)
{
	char path[160], driver[32];

	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/driver",
		 pf->parent_bus, vf);
	if (!link_target(path, driver, sizeof(driver)))
		snprintf(buf, size, "it has no driver");
	else if (!strncmp(driver, "vfio", 4) || !strcmp(driver, "pci-stub"))
		snprintf(buf, size, "it is bound to %s", driver);
	else
		snprintf(buf, size, "it is bound to %s, but has no device here", driver);
}

const struct facts watch_facts = {
	.driver = get_driver, .property = get_property, .is_wifi = is_wifi,
	.is_initialized = is_initialized, .physical = get_physical,
	.vf_number = get_vf_number, .vf_name = get_vf_name,
	.vf_user = get_vf_user,
};
