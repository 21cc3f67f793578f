// SPDX-License-Identifier: GPL-2.0
/* What carries the ports' frames, and what may drop them there. */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/checks.h"
#include "doctor/tree.h"
#include "json.h"

/* ---- up, carrier, MTU ---- */

static void check_up(const struct host_port *p, struct findings *f)
{
	const struct stabletap_link *dev = p->lower;

	/* A child can't be up while its parent is down. */
	if (p->device && !(p->device->flags & IFF_UP))
		dev = p->device;
	if (!(dev->flags & IFF_UP)) {
		finding_warning(f, "lower-down", p->link->name,
				"%s, which carries the port's frames, is down",
				dev->name);
		finding_remedy(f, "ip link set %s up", dev->name);
	} else if (p->get.state == STABLETAP_STATE_LOWER_DOWN) {
		dev = p->device ? p->device : p->lower;
		finding_warning(f, "lower-without-carrier", p->link->name,
				"%s, which carries the port's frames, has no carrier",
				dev->name);
		finding_remedy(f, "check the cable or the peer of %s, or attach the port to another device",
			       dev->name);
	}
}

static void check_mtu(const struct host_port *p, struct findings *f)
{
	if (p->lower->mtu >= p->link->mtu)
		return;
	finding_warning(f, "lower-mtu", p->link->name,
			"the MTU of %s, %u, is below the port's, %u, so longer frames are dropped",
			p->lower->name, p->lower->mtu, p->link->mtu);
	finding_remedy(f, "ip link set %s mtu %u, or stabletap set %s mtu %u",
		       p->device ? p->device->name : p->lower->name,
		       p->link->mtu, p->link->name, p->lower->mtu);
}

/* ---- frames that are not delivered ---- */

static void check_direct(const struct host_port *p, struct findings *f)
{
	if (p->get.lower_kind != STABLETAP_LOWER_DIRECT)
		return;
	if (p->addresses > 0) {
		finding_warning(f, "lower-has-addresses", p->link->name,
				"the host has IP addresses on %s, whose frames all go to the port",
				p->lower->name);
		finding_remedy(f, "ip address flush dev %s; or attach the port in another mode",
			       p->lower->name);
	}
	/* A macvlan in another mode than passthru can't be promiscuous. */
	if (p->lower->promiscuity || stabletap_link_is_macvlan(p->lower) ||
	    !(p->get.attach_flags & STABLETAP_ATTACH_PROMISC) ||
	    !memcmp(p->lower->addr, p->link->addr, 6))
		return;
	finding_warning(f, "lower-not-promiscuous", p->link->name,
			"%s is not promiscuous and has another MAC address than the port, so it does not receive the port's frames",
			p->lower->name);
	finding_remedy(f, "attach %s again", p->link->name);
}

/* Untagged frames of a bridge that filters VLANs need a VLAN on the bridge. */
static void check_bridge(const struct host *h, const struct host_port *p,
			 struct findings *f)
{
	char filters[8];

	if (!h->is_local || !p->device || p->pvid ||
	    strcmp(p->device->kind, "bridge") != 0)
		return;
	tree_line(h->root, filters, sizeof(filters),
		  "/sys/class/net/%s/bridge/vlan_filtering", p->device->name);
	if (strcmp(filters, "1") != 0)
		return;
	finding_warning(f, "bridge-vlan-filter", p->link->name,
			"bridge %s filters VLANs and has no PVID, so the port's untagged frames are dropped",
			p->device->name);
	finding_remedy(f, "bridge vlan add dev %s vid VLAN pvid untagged self",
		       p->device->name);
}

static bool is_zero(const uint8_t mac[6])
{
	static const uint8_t zero[6];

	return !memcmp(mac, zero, sizeof(zero));
}

static void check_spoof(const struct host_port *p, bool direct,
			struct findings *f)
{
	unsigned int number = p->vf.number;

	/* Some drivers end the check once the VF has the child's address. */
	if (direct)
		finding_error(f, "vf-spoof-check", p->link->name,
			      "the spoof check of VF %u drops what the port sends, because %s has another MAC address",
			      number, p->device->name);
	else
		finding_warning(f, "vf-spoof-check", p->link->name,
				"the spoof check of VF %u may drop what the port sends, because %s has another MAC address",
				number, p->device->name);
	finding_remedy(f, "give VF %u the port's MAC address (ip link set PF vf %u mac), or switch the check off (spoofchk off)",
		       number, number);
}

static void check_vf(const struct host_port *p, struct findings *f)
{
	bool direct = p->get.lower_kind == STABLETAP_LOWER_DIRECT;
	const struct stabletap_vf *vf = &p->vf;
	const uint8_t *mac;

	if (!p->has_vf || !p->device)
		return;
	/* Without an address of the administrator's, the VF has its own. */
	mac = is_zero(vf->mac) ? p->device->addr : vf->mac;
	if (!memcmp(mac, p->link->addr, 6))
		return;
	if (vf->spoof_check == 1)
		check_spoof(p, direct, f);
	/* Promiscuous mode needs trust; a child's one address does not. */
	if (!vf->trust && direct) {
		finding_warning(f, "vf-not-trusted", p->link->name,
				"VF %u is not trusted and has another MAC address than the port, so %s may not receive the port's frames",
				vf->number, p->device->name);
		finding_remedy(f, "ip link set PF vf %u trust on, or give the VF the port's MAC address",
			       vf->number);
	}
}

/* ---- without a lower ---- */

static void check_detached(const struct host_port *p, struct findings *f)
{
	/* Nobody misses a lower while no guest runs. */
	if (!p->get.open_queues)
		return;
	finding_warning(f, "port-detached", p->link->name,
			"a process has the port open, but the port is detached (%s%s%s)",
			p->get.detach_time ?
			stabletap_reason_name(p->get.detach_reason) :
			"never attached", *p->get.last_lower ? " " : "",
			p->get.last_lower);
	finding_remedy(f, "stabletap attach %s dev DEVICE", p->link->name);
}

/* stabletapd says why its own ports are detached: managed.c. */
static bool is_managed(const struct host *h, const char *name)
{
	const json_t *port;
	size_t i;

	json_array_foreach(json_object_get(h->daemon, "ports"), i, port)
		if (!strcmp(json_text_of(port, "port"), name))
			return true;
	return false;
}

static void check_port(const struct host *h, const struct host_port *p,
		       struct findings *f)
{
	if (!(p->link->flags & IFF_UP)) {
		finding_warning(f, "port-down", p->link->name,
				"the port is down, so it neither sends nor receives");
		finding_remedy(f, "stabletap set %s up; after a migration, stabletap activate %s",
			       p->link->name, p->link->name);
	}
	if (!p->get.lower && !is_managed(h, p->link->name))
		check_detached(p, f);
	if (!p->lower)
		return;
	check_up(p, f);
	check_mtu(p, f);
	check_direct(p, f);
	check_bridge(h, p, f);
	check_vf(p, f);
}

void check_lowers(const struct host *h, struct findings *f)
{
	size_t i;

	for (i = 0; i < h->ports_n; i++)
		check_port(h, &h->ports[i], f);
}
