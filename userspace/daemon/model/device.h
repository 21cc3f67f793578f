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

/* A VLAN that the daemon has made on a device, or tries to make */
struct device_vlan {
	int id;
	struct retry retry;
	uint64_t until;		/* no attempt before then; 0: at once */
	uint64_t made;		/* time of its creation; 0: not created */
	char why[96];		/* why it can't be created, as logged; or "" */
};

/* Is the PF of a VF still making VFs?  See act/sriov.c. */
enum device_vfs { VFS_UNKNOWN, VFS_AWAITED, VFS_MADE };

struct device {
	struct model *model;
	struct stabletap_link link;	/* from its last RTM_NEWLINK */
	struct todo todo;

	struct idset uppers;	/* devices whose IFLA_LINK is this one */
	struct idset vlan_ids;	/* of the VLAN devices among these */
	unsigned int members;	/* devices whose master it is */
	char pf[48];		/* of a VF: its PF, on their bus; or "" */
	uint64_t known_since;	/* when its first event came */
	bool addressed;		/* the operator gave it an address */
	struct port *port;	/* the configured port that it is, or NULL */

	/* Numbers of the selectors that match the device, see match.h */
	struct idset bases;
	struct idset matches;
	bool wifi_told;

	/*
	 * The daemon sets a device up once: if the operator sets it down later,
	 * it stays down.
	 */
	bool seen;		/* set up by the daemon, or found up */
	bool initialized;	/* udev, if there is one, has named it */
	struct retry up_retry;
	uint64_t up_until;	/* no attempt before then; 0: at once */
	struct device_vlan *vlans;	/* by id */
	size_t vlans_n;

	/* Of a member of a pool */
	bool free;		/* at the last evaluation, see pool.h */
	int holder;		/* the port that had it then, or 0 */
	struct port *claim;	/* attached, event not read yet */
	enum device_vfs vfs;
	struct {
		uint8_t mac[6];	/* the holder's, at the last evaluation */
		bool mended;	/* settings repeated while in use, once */
		bool failed;	/* restoring failed; retried later */
		bool silent;	/* its PF reports no settings: logged */
		bool tried;	/* a PF: VFs were requested */
	} vf;

	unsigned int refused;	/* ports that it refused */
	struct verdict_entry *verdicts;
};

/* Can a device of this kind be a lower? */
bool device_is_ethernet(const struct stabletap_link *link);
/* Is the device up, with carrier, and not dormant? */
bool device_is_usable(const struct stabletap_link *link);
/* Is the device a VF that was set up for a port and not restored yet? */
bool device_is_marked(const struct stabletap_link *link);
/* Is the device stacked on another one, in whatever namespace? */
bool device_is_stacked(const struct stabletap_link *link);
/* Returns the ifindex of the device below it in this namespace, or 0. */
int device_below(const struct stabletap_link *link);
/* Does @now differ from @old? */
bool device_is_news(const struct stabletap_link *old,
		    const struct stabletap_link *now);
/* Is @now another device that has got the ifindex of @old? */
bool device_is_other(const struct stabletap_link *old,
		     const struct stabletap_link *now);

/* Returns the record of VLAN @id on the device, or NULL. */
struct device_vlan *device_vlan(const struct device *dev, int id);
/* Returns the same, created if missing; NULL: no memory. */
struct device_vlan *device_vlan_make(struct device *dev, int id);

#endif /* MODEL_DEVICE_H */
