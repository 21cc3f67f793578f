/* SPDX-License-Identifier: GPL-2.0 */
/* One network device: all that is known of it. */
#ifndef MODEL_DEVICE_H
#define MODEL_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/agenda.h"
#include "stabletap.h"
#include "util/idset.h"
#include "util/retry.h"

struct model;
struct port;
struct verdict_entry;

/* A VLAN that the daemon made on a device, or tries to */
struct device_vlan {
	int id;
	struct retry retry;
	uint64_t until;		/* not tried before; 0: may be tried */
	uint64_t made;		/* when it was; 0: never */
	char why[96];		/* it could not be made, as was logged; or "" */
};

/* Is the PF of a VF still making VFs?  See act/sriov.c. */
enum device_vfs { VFS_UNKNOWN, VFS_AWAITED, VFS_MADE };

struct device {
	struct model *model;
	struct stabletap_link link;	/* as rtnetlink told it last */
	struct todo todo;

	struct idset uppers;	/* stacked on it: their IFLA_LINK is this one */
	struct idset vlan_ids;	/* of the VLAN devices among these */
	unsigned int members;	/* devices whose master it is */
	char pf[48];		/* of a VF: its PF, on their bus; or "" */
	uint64_t known_since;	/* when its first event came */
	bool addressed;		/* the operator gave it an address */
	struct port *port;	/* the configured port that it is, or NULL */

	/* Which selectors mean it: by number, see match.h */
	struct idset bases;
	struct idset matches;
	bool wifi_told;

	/* Setting it up, once: who sets it down later means it. */
	bool seen;		/* set up by the daemon, or found so */
	struct retry up_retry;
	uint64_t up_until;	/* not tried before; 0: may be tried */
	struct device_vlan *vlans;	/* by id */
	size_t vlans_n;

	/* Of a pool */
	bool free;		/* at the last look, see pool.h */
	struct port *claim;	/* was attached to it, whose event is to come */
	enum device_vfs vfs;
	struct {
		uint8_t mac[6];	/* the holder's, at the last look */
		bool mended;	/* set up anew while in use; not twice */
		bool failed;	/* to be put back; waits for the next time */
		bool silent;	/* its PF tells nothing of it: logged */
		bool tried;	/* a PF: it was told to make VFs */
	} vf;

	unsigned int refused;	/* ports that it refused */
	struct verdict_entry *verdicts;
};

/* Of a kind that can be a lower at all */
bool device_is_ethernet(const struct stabletap_link *link);
/* Up, with carrier, not dormant */
bool device_is_usable(const struct stabletap_link *link);
/* By name or altname */
bool device_is_named(const struct stabletap_link *link, const char *name);
/* Set up for a port, and not put back: see pool.h */
bool device_is_marked(const struct stabletap_link *link);
/* Is it stacked on another device, wherever that is? */
bool device_is_stacked(const struct stabletap_link *link);
/* The device in this namespace that it is stacked on, or 0 */
int device_below(const struct stabletap_link *link);
/* Is there something in @now that is not the same in @old? */
bool device_is_news(const struct stabletap_link *old,
		    const struct stabletap_link *now);
/* Is it another device with an ifindex that was used before? */
bool device_is_other(const struct stabletap_link *old,
		     const struct stabletap_link *now);

/* The record of VLAN @id on it, or NULL */
struct device_vlan *device_vlan(const struct device *dev, int id);
/* The same, made if there is none; NULL: no memory */
struct device_vlan *device_vlan_make(struct device *dev, int id);

#endif /* MODEL_DEVICE_H */
