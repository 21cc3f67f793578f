// SPDX-License-Identifier: GPL-2.0
/* Creates VLANs on devices. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "act/act.h"
#include "act/vlan.h"
#include "util/clock.h"
#include "util/log.h"

/* The event of a new VLAN has come within this time. */
#define EVENT_NS CLOCK_SECOND

static void choose_name(const struct device *base, int id, char *name,
			size_t size)
{
	snprintf(name, size, "%s.%d", base->link.name, id);
	if (strlen(name) >= IFNAMSIZ || model_device_named(base->model, name))
		snprintf(name, size, "v%d.%d", base->link.ifindex, id);
}

static void failed(struct act *a, const struct device *base,
		   struct device_vlan *v, int err, uint64_t now)
{
	/* -EEXIST at first: most likely its event is still to come. */
	if ((err != -EEXIST || v->retry.failures) &&
	    log_is_new_cause(v->why, sizeof(v->why), act_why(a, err)))
		log_line(LOG_WARNING, NULL, "can't make VLAN %d on %s: %s",
			 v->id, base->link.name, v->why);
	v->until = now + retry_after(&v->retry, &retry_refused);
}

void vlan_make(struct act *a, struct device *base, int id, uint64_t now)
{
	char name[STABLETAP_NAME_SIZE + 8];
	struct device_vlan *v = device_vlan_make(base, id);
	int err;

	if (!v) {
		log_line(LOG_ERR, NULL, "can't make VLAN %d on %s: no memory",
			 id, base->link.name);
		agenda_at(&a->m->agenda, &base->todo, now + EVENT_NS);
		return;
	}
	choose_name(base, id, name, sizeof(name));
	err = stabletap_vlan_create(a->st, name, base->link.ifindex,
				    (uint16_t)id);
	if (err) {
		failed(a, base, v, err, now);
	} else {
		log_line(LOG_INFO, NULL, "made VLAN device %s", name);
		v->made = now;
		v->until = now + EVENT_NS;
	}
	/* The device may need further VLANs. */
	agenda_mark(&a->m->agenda, &base->todo);
}
