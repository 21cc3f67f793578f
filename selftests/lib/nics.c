// SPDX-License-Identifier: GPL-2.0
#include "nics.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "st.h"

int nics_find(const void *mac)
{
	struct if_nameindex *all = if_nameindex(), *one;
	uint8_t now[6];
	int found = 0;

	for (one = all; one && one->if_index; one++)
		if (!st_link_state(one->if_index, NULL, NULL, now, NULL) &&
		    !memcmp(now, mac, 6) && strncmp(one->if_name, "mv", 2))
			found = one->if_index;
	if (all)
		if_freenameindex(all);
	return found;
}

static bool nics_found(void *arg)
{
	return nics_find(arg);
}

int nics_take(int from, int to, const void *mac)
{
	int err, ifindex;

	err = st_netns_enter(from);
	if (err)
		return err;
	if (!st_wait(nics_found, (void *)mac, NICS_DEADLINE))
		return -ENODEV;
	err = st_link_netns(nics_find(mac), to);
	if (err)
		return err;
	err = st_netns_enter(to);
	if (err)
		return err;
	ifindex = nics_find(mac);
	return ifindex ? ifindex : -ENODEV;
}

int nics_pci(int ifindex, char *pci, size_t size)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq ifr = { .ifr_data = (void *)&info };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	if_indextoname(ifindex, ifr.ifr_name);
	err = ioctl(fd, SIOCETHTOOL, &ifr) ? -errno : 0;
	close(fd);
	snprintf(pci, size, "%s", info.bus_info);
	return err;
}

static int nics_driver(struct nics *nics)
{
	char path[128], driver[256];
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver",
		 nics->pci);
	len = readlink(path, driver, sizeof(driver) - 1);
	if (len < 0)
		return -errno;
	driver[len] = 0;
	snprintf(nics->driver, sizeof(nics->driver),
		 "/sys/bus/pci/drivers/%.32s", strrchr(driver, '/') + 1);
	return 0;
}

int nics_fetch(struct nics *nics, struct scene *scene)
{
	int err;

	scene->v0 = nics_take(nics->home, nics->here, nics->mac);
	if (scene->v0 < 0)
		return scene->v0;
	if (!scene->macvlan)
		scene->lower = scene->v0;
	err = nics_pci(scene->v0, nics->pci, sizeof(nics->pci));
	if (!err)
		err = nics_driver(nics);
	return err ? err : st_link_up(scene->v0, true);
}

static int nics_promisc(int ifindex)
{
	struct ifreq ifr = { .ifr_flags = IFF_UP | IFF_PROMISC };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	if_indextoname(ifindex, ifr.ifr_name);
	err = ioctl(fd, SIOCSIFFLAGS, &ifr) ? -errno : 0;
	close(fd);
	return err;
}

/* Create the peer: the vmxnet3 in a namespace, and a packet socket on it. */
static int nics_peer(struct nics *nics, struct scene *scene)
{
	int err;

	err = st_netns_enter(nics->there);
	if (err)
		return err;
	err = scene_file_write("/proc/sys/net/ipv6/conf/default/disable_ipv6",
			       "1");
	if (err)
		return err;
	scene->p0 = nics_take(nics->home, nics->there, NICS_VMXNET3);
	if (scene->p0 < 0)
		return scene->p0;
	/* The device must receive frames for ST_MAC_PEER. */
	err = nics_promisc(scene->p0);
	if (err)
		return err;
	scene->peer = st_packet_open(scene->p0, false);
	if (scene->peer < 0)
		return scene->peer;
	return st_netns_enter(nics->here);
}

int nics_new_peer(struct nics *nics, struct scene *scene, bool macvlan)
{
	int err;

	memset(nics, 0, sizeof(*nics));
	if (st_sh("modprobe vmxnet3"))
		return -ENODEV;
	nics->home = st_netns_fd();
	err = scene_new_port(scene, macvlan, 1);
	if (err)
		return err;
	nics->here = st_netns_fd();
	nics->there = st_netns_another();
	if (nics->home < 0 || nics->here < 0 || nics->there < 0)
		return -EMFILE;
	return nics_peer(nics, scene);
}

bool nics_have_driver(void)
{
	return !st_sh("modprobe -q e1000e");
}

int nics_new(struct nics *nics, struct scene *scene, bool macvlan)
{
	int err;

	if (!nics_have_driver())
		return -ENODEV;
	err = nics_new_peer(nics, scene, macvlan);
	if (err)
		return err;
	nics->mac = NICS_E1000E;
	return nics_fetch(nics, scene);
}

void nics_end(struct nics *nics, struct scene *scene)
{
	scene_end(scene);
	close(nics->there);
	close(nics->here);
	close(nics->home);
}
