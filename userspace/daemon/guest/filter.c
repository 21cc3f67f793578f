// SPDX-License-Identifier: GPL-2.0
/*
 * Copies the guest's receive filter to the port's own lists and flags.  The
 * module passes them to the lower in the form that suits it.
 *
 *  FollowGuestFilter	the guest's multicast list; all multicast, if the guest
 *			wants all, has more than fits, or is promiscuous
 *  TrustGuestMAC	the guest's main address; and together with the former
 *			its unicast list, and whether it is promiscuous
 *
 * While the guest's filter is unknown, the guest gets all multicast frames.  If
 * QEMU stops answering, the last known lists are kept for 3 s.
 *
 * Each evaluation reads the port's lists from the kernel.  The operator may
 * have entries there, too ("ip maddr add", "bridge fdb add", "ip link set
 * allmulticast on").  Entries that were there before the guest asked for them
 * stay: only entries that this file has added, as filter-record.c records, are
 * removed.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/filter-record.h"
#include "guest/filter.h"
#include "guest/qmp-filter.h"
#include "model/event.h"
#include "model/model.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/priority.h"
#include "util/retry.h"

/*
 * The last known lists are kept for this time, in which QEMU or the daemon can
 * restart.
 */
#define UNKNOWN_US 3000000
/* At most this many changes of a guest's address are reported per period */
#define NOTES_MAX 5
#define NOTES_NS (60 * CLOCK_SECOND)
/* Ports evaluated in one turn of the loop */
#define TURN 32

struct filter {
	struct filters *owner;
	struct port *port;
	struct filter *next;
	bool dirty;
	bool known;		/* the guest's lists are known */
	bool patient;		/* they are unknown, but the timer still runs */
	struct retry retry;
	sd_event_source *timer;

	/* What the guest wants */
	bool all_multicast;
	bool promiscuous;
	struct filter_set mc;
	struct filter_set uc;
	uint8_t mac[6];

	uint8_t told[6];	/* the address that was reported last */
	unsigned int notes;	/* reports since @notes_since */
	uint64_t notes_since;
	struct filter_record own;
	struct filter_record saved;	/* as in the file */
	struct {
		int ifindex;
		uint32_t lower;
		uint32_t attach_flags;
	} seen;			/* the port, at the last evaluation */
};

struct filters {
	sd_event *loop;
	struct stabletap *st;
	sd_event_source *work;	/* evaluates dirty ports */
	struct filter *first;
};

static void look_again(struct filter *f)
{
	if (f->dirty)
		return;
	f->dirty = true;
	sd_event_source_set_enabled(f->owner->work, SD_EVENT_ONESHOT);
}

static void look_later(struct filter *f, uint64_t us)
{
	sd_event_source_set_time_relative(f->timer, us);
	sd_event_source_set_enabled(f->timer, SD_EVENT_ONESHOT);
}

/* ---- what the guest wants ---- */

static bool is_unicast(const uint8_t mac[6])
{
	static const uint8_t none[6];

	return !(mac[0] & 1) && memcmp(mac, none, 6) != 0;
}

/* Returns false if there are too many addresses. */
static bool take_list(struct filter_set *set, uint8_t (*v)[6], size_t n,
		      bool multicast)
{
	size_t i;

	set->n = 0;
	for (i = 0; i < n; i++)
		if ((multicast ? v[i][0] & 1 : is_unicast(v[i])) &&
		    filter_set_put(set, v[i]))
			return false;
	return true;
}

/* Announcements are sent in the guest's VLANs, too. */
static void take_vlans(struct port_guest *g, const struct qmp_filter *said)
{
	size_t i;

	free(g->vlans);
	g->vlans_n = 0;
	g->vlans = said->vlans_n ? calloc(said->vlans_n, sizeof(*g->vlans)) :
				   NULL;
	if (!g->vlans)
		return;
	/* Id 0 is no VLAN; untagged announcements are sent anyway. */
	for (i = 0; i < said->vlans_n; i++)
		if (said->vlans[i] > 0 && said->vlans[i] < 4095)
			g->vlans[g->vlans_n++] = said->vlans[i];
}

static void tell_state(struct filter *f)
{
	const char **state = &f->port->guest.filter;

	if (!f->port->conf->follow_filter)
		*state = NULL;
	else if (f->known)
		*state = f->all_multicast ? "all" : "lists";
	else
		*state = f->patient ? "last-known" : "unknown";
}

static void unknown(struct filter *f)
{
	if (!f->known)
		return;
	f->known = false;
	f->patient = true;
	look_later(f, UNKNOWN_US);
	tell_state(f);
}

void filter_update(struct filter *f, const struct qmp_filter *said)
{
	if (!said) {
		unknown(f);
		return;
	}
	f->known = true;
	f->patient = false;
	retry_reset(&f->retry);
	sd_event_source_set_enabled(f->timer, SD_EVENT_OFF);
	f->all_multicast = !take_list(&f->mc, said->mc, said->mc_n, true) ||
			   said->promiscuous || said->multicast_overflow ||
			   said->multicast == QMP_RX_ALL;
	f->promiscuous = !take_list(&f->uc, said->uc, said->uc_n, false) ||
			 said->promiscuous || said->unicast_overflow ||
			 said->unicast == QMP_RX_ALL;
	if (said->multicast == QMP_RX_NONE)
		f->mc.n = 0;
	memcpy(f->mac, said->mac, 6);
	take_vlans(&f->port->guest, said);
	tell_state(f);
	look_again(f);
}

/*
 * Called before entries are added: a daemon that is killed must not leave
 * entries without a record.
 */
static void save(struct filter *f)
{
	int err;

	if (!memcmp(&f->own, &f->saved, sizeof(f->own)))
		return;
	err = filter_record_write(f->port->conf->name, &f->own);
	if (!err)
		f->saved = f->own;
	else
		log_line(LOG_WARNING, f->port->conf->name,
			 "can't write " FILTER_DIR ": %s", strerror(-err));
}

/* ---- the guest's address ---- */

static const char *why_not(const struct filter *f, int err)
{
	const char *message = stabletap_message(f->owner->st);

	return *message ? message : strerror(-err);
}

/* A guest that keeps changing its address must not fill the log. */
static bool may_tell(struct filter *f)
{
	uint64_t now = clock_boot();

	if (now - f->notes_since > NOTES_NS) {
		f->notes_since = now;
		f->notes = 0;
	}
	if (++f->notes == NOTES_MAX + 1)
		log_line(LOG_WARNING, f->port->conf->name,
			 "the guest keeps changing its MAC address; further changes are not reported for a minute");
	return f->notes <= NOTES_MAX;
}

/* Reports each address once, however often the guest asks for it. */
static void tell(struct filter *f, const uint8_t mac[6], const char *what)
{
	char text[STABLETAP_MAC_TEXT];
	char why[64];

	if (!memcmp(f->told, mac, 6))
		return;
	memcpy(f->told, mac, 6);
	if (!may_tell(f))
		return;
	snprintf(why, sizeof(why), "%s %s", stabletap_mac_format(mac, text),
		 what);
	port_note(f->port, "guest-mac", "", "", why, 0);
}

/*
 * Records that the port has the guest's address @mac; NULL: its own.  Returns
 * whether it had a guest's address before.
 */
static bool note_mac(struct filter *f, const uint8_t mac[6])
{
	bool had = f->own.mac_ifindex;

	f->own.mac_ifindex = mac ? f->port->ifindex : 0;
	memset(f->own.mac, 0, sizeof(f->own.mac));
	if (mac)
		memcpy(f->own.mac, mac, sizeof(f->own.mac));
	save(f);
	return had;
}

static bool is_own(const struct filter *f, const uint8_t mac[6])
{
	const struct conf_port *conf = f->port->conf;

	return conf->mac_set && !memcmp(conf->mac, mac, 6);
}

static void tell_refused(struct filter *f, const uint8_t mac[6], int err)
{
	char text[STABLETAP_MAC_TEXT];

	/*
	 * Only this line has the kernel's reason, so log it once for each
	 * report.
	 */
	if (memcmp(f->told, mac, 6) != 0 && f->notes < NOTES_MAX)
		log_line(LOG_WARNING, f->port->conf->name,
			 "can't take the guest's address %s: %s",
			 stabletap_mac_format(mac, text), why_not(f, err));
	tell(f, mac, "is the guest's, refused by the kernel");
}

static int take_mac(struct filter *f, const uint8_t mac[6])
{
	uint8_t was[6];
	bool had = false;
	int err;

	memcpy(was, f->own.mac, sizeof(was));
	if (!is_own(f, mac))
		had = note_mac(f, mac);
	err = stabletap_link_set_mac(f->owner->st, f->port->ifindex, mac);
	if (!err && is_own(f, mac))
		note_mac(f, NULL);
	else if (err && !is_own(f, mac))
		note_mac(f, had ? was : NULL);
	if (err) {
		tell_refused(f, mac, err);
		return err;
	}
	memset(f->told, 0, 6);
	tell(f, mac, "is the port's now");
	return 0;
}

/*
 * Gives the port the guest's address, if that is trusted.  When no process has
 * the port open any more, the port gets its configured address back for the
 * next guest.
 */
static int sync_mac(struct filter *f, const struct stabletap_link *link)
{
	const struct conf_port *conf = f->port->conf;

	if (f->known && !memcmp(f->mac, link->addr, 6))
		memset(f->told, 0, sizeof(f->told));
	else if (f->known && !conf->trust_mac)
		tell(f, f->mac, "is the guest's, not trusted");
	else if (f->known && is_unicast(f->mac))
		return take_mac(f, f->mac);
	else if (f->known)
		tell(f, f->mac, "is the guest's, and not valid");
	else if (conf->trust_mac && conf->mac_set && !f->patient &&
		 !link->port.open_queues && memcmp(conf->mac, link->addr, 6) != 0)
		return take_mac(f, conf->mac);
	return 0;
}

/*
 * A guest that is no longer trusted loses the address that it gave the port.
 * An address that the operator has set since then stays.
 */
static int give_back(struct filter *f, struct stabletap_link *link)
{
	const struct conf_port *conf = f->port->conf;
	char why[64], text[STABLETAP_MAC_TEXT];
	int err;

	if (!f->own.mac_ifindex || conf->trust_mac)
		return 0;
	if (f->own.mac_ifindex == f->port->ifindex && conf->mac_set &&
	    !memcmp(f->own.mac, link->addr, 6)) {
		err = stabletap_link_set_mac(f->owner->st, f->port->ifindex,
					     conf->mac);
		if (err)
			return err;
		memcpy(link->addr, conf->mac, 6);
		snprintf(why, sizeof(why), "%s is the port's again",
			 stabletap_mac_format(conf->mac, text));
		port_note(f->port, "guest-mac", "", "", why, 0);
	}
	note_mac(f, NULL);
	return 0;
}

/* ---- the port's lists ---- */

struct want {
	unsigned int flags;
	struct filter_set mc;
	struct filter_set uc;
};

/* Returns false to leave the port unchanged. */
static bool decide(const struct filter *f, const struct stabletap_link *link,
		   struct want *want)
{
	const struct port *port = f->port;
	bool lists = link->port.attach_flags & STABLETAP_ATTACH_FILTER;

	memset(want, 0, sizeof(*want));
	/* Keep the lists until the lower no longer filters by them. */
	if (!port->conf->follow_filter)
		return !lists || port->conf->filter;
	if (!f->known) {
		want->flags = IFF_ALLMULTI | (f->own.flags & IFF_PROMISC);
		want->mc = f->own.mc;
		want->uc = f->own.uc;
		return !f->patient || !f->own.ifindex;
	}
	want->mc = f->mc;
	if (f->all_multicast)
		want->flags |= IFF_ALLMULTI;
	if (!port->conf->trust_mac)
		return true;
	want->uc = f->uc;
	/*
	 * A promiscuous macvlan gets no frames of others, but its parent would
	 * receive all frames.
	 */
	if (f->promiscuous && link->port.lower &&
	    link->port.lower_kind == STABLETAP_LOWER_DIRECT)
		want->flags |= IFF_PROMISC;
	return true;
}

static int add_flags(struct filter *f, const struct stabletap_link *link,
		     unsigned int flags)
{
	unsigned int missing = flags & ~link->flags;

	if (!missing)
		return 0;
	f->own.flags |= missing;
	save(f);
	return stabletap_link_set_flags(f->owner->st, f->port->ifindex,
					missing, missing);
}

static int drop_flags(struct filter *f, unsigned int flags)
{
	struct filter_record *own = &f->own;
	unsigned int left_over = own->flags & ~flags;
	int err;

	if (!left_over)
		return 0;
	err = stabletap_link_set_flags(f->owner->st, f->port->ifindex,
				       left_over, 0);
	if (!err)
		own->flags &= flags;
	return err;
}

/* Shared by one turn of the loop: the operator's entries, read once */
struct turn {
	bool asked;
	struct stabletap_macs by_hand;
};

/*
 * One of the two lists: the guest's wish, and the entries added by the daemon
 */
struct list {
	const struct filter_set *want;
	struct filter_set *own;
	int (*set)(struct stabletap *st, int ifindex, const uint8_t mac[6],
		   bool member);
	bool counts;		/* the kernel counts users of an address */
};

static int drop(struct filter *f, struct list *l)
{
	const struct filter_set was = *l->own;
	int err, result = 0;
	size_t i;

	memset(l->own, 0, sizeof(*l->own));
	for (i = 0; i < was.n; i++) {
		err = 1;
		if (!filter_set_has(l->want, was.v[i]))
			err = l->set(f->owner->st, f->port->ifindex, was.v[i],
				     false);
		/* -ENOENT: another program has removed it. */
		if (!err || err == -ENOENT)
			continue;
		filter_set_put(l->own, was.v[i]);
		if (err < 0)
			result = err;
	}
	return result;
}

/*
 * Did another program add the address?  A group that the kernel has joined may
 * go any time, so add the guest to its count.  The operator's entries stay.
 */
static int is_added_by_others(struct filter *f, const struct list *l,
			      const uint8_t mac[6], struct turn *turn)
{
	int err;

	if (filter_set_has(l->own, mac) || !l->counts)
		return 1;
	if (!turn->asked) {
		err = stabletap_mc_by_hand(f->owner->st, &turn->by_hand);
		if (err)
			return err;
		turn->asked = true;
	}
	return stabletap_macs_has(&turn->by_hand, f->port->ifindex, mac);
}

static int add(struct filter *f, struct list *l,
	       const struct stabletap_macs *now, struct turn *turn)
{
	struct filter_set missing = { 0 };
	int err, result = 0;
	size_t i;

	for (i = 0; i < l->want->n; i++) {
		err = 0;
		if (stabletap_macs_has(now, f->port->ifindex, l->want->v[i]))
			err = is_added_by_others(f, l, l->want->v[i], turn);
		if (!err) {
			filter_set_put(&missing, l->want->v[i]);
			err = filter_set_put(l->own, l->want->v[i]);
		}
		if (err < 0)
			return err;
	}
	save(f);
	for (i = 0; i < missing.n; i++) {
		err = l->set(f->owner->st, f->port->ifindex, missing.v[i],
			     true);
		if (err && err != -EEXIST)
			result = err;
	}
	return result;
}

static int sync_both(struct filter *f, const struct want *want,
		     struct turn *turn)
{
	struct filter_record *own = &f->own;
	struct list v[] = {
		{ &want->mc, &own->mc, stabletap_mc_set, true },
		{ &want->uc, &own->uc, stabletap_uc_set, false },
	};
	struct stabletap_macs now = { 0 };
	size_t i;
	int err;

	if (!want->mc.n && !want->uc.n && !own->mc.n && !own->uc.n)
		return 0;
	err = stabletap_macs_list(f->owner->st, f->port->ifindex, &now);
	for (i = 0; i < 2 && !err; i++) {
		err = drop(f, &v[i]);
		if (!err)
			err = add(f, &v[i], &now, turn);
	}
	stabletap_macs_release(&now);
	return err;
}

static void forget_lists(struct filter_record *own)
{
	own->ifindex = 0;
	own->flags = 0;
	memset(&own->mc, 0, sizeof(own->mc));
	memset(&own->uc, 0, sizeof(own->uc));
}

/* Add first and remove last, so that the guest misses no frame. */
static int sync_lists(struct filter *f, const struct stabletap_link *link,
		      struct turn *turn)
{
	struct want want;
	int err;

	if (f->own.ifindex != f->port->ifindex)
		forget_lists(&f->own);
	if (!decide(f, link, &want))
		return 0;
	f->own.ifindex = f->port->ifindex;
	err = add_flags(f, link, want.flags);
	if (!err)
		err = sync_both(f, &want, turn);
	if (!err)
		err = drop_flags(f, want.flags);
	if (!err && !f->port->conf->follow_filter)
		forget_lists(&f->own);
	save(f);
	return err;
}

/* ---- events ---- */

static void try_again(struct filter *f, int err)
{
	/* After -ENODEV the port's end is reported. */
	if (err != -ENODEV)
		look_later(f, retry_after(&f->retry, &retry_refused) / 1000);
}

static void failed(struct filter *f, const char *what, int err)
{
	if (!f->retry.failures && err != -ENODEV)
		log_line(LOG_WARNING, f->port->conf->name, "can't %s: %s",
			 what, why_not(f, err));
	try_again(f, err);
}

/* sync_mac() itself reports that the kernel refuses the guest's address. */
static int look_at_mac(struct filter *f, struct stabletap_link *link)
{
	int err = give_back(f, link);

	if (err) {
		failed(f, "restore its MACAddress=", err);
		return err;
	}
	err = sync_mac(f, link);
	if (err)
		try_again(f, err);
	return err;
}

static void look(struct filter *f, struct turn *turn)
{
	struct stabletap_link link;
	int err, mac_err = 0;

	if (!f->port->ifindex)
		return;
	err = stabletap_link_get(f->owner->st, f->port->ifindex, &link);
	if (!err) {
		mac_err = look_at_mac(f, &link);
		err = sync_lists(f, &link, turn);
		stabletap_link_release(&link);
	}
	if (mac_err)
		return;
	if (err)
		failed(f, "apply the guest's receive filter", err);
	else
		retry_reset(&f->retry);
}

static int on_work(sd_event_source *s, void *arg)
{
	struct turn turn = { .asked = false };
	struct filters *fs = arg;
	struct filter *f;
	size_t n = 0;

	for (f = fs->first; f; f = f->next) {
		if (!f->dirty)
			continue;
		if (n++ == TURN) {
			sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
			break;
		}
		f->dirty = false;
		look(f, &turn);
	}
	stabletap_macs_release(&turn.by_hand);
	return 0;
}

static int on_time(sd_event_source *s, uint64_t usec, void *arg)
{
	struct filter *f = arg;

	(void)s, (void)usec;
	f->patient = false;
	tell_state(f);
	look_again(f);
	return 0;
}

void filter_port_changed(struct filter *f)
{
	const struct port *port = f->port;

	if (!port->ifindex) {
		memset(&f->seen, 0, sizeof(f->seen));
		return;
	}
	if (f->seen.ifindex == port->ifindex &&
	    f->seen.lower == port->told.lower &&
	    f->seen.attach_flags == port->told.attach_flags)
		return;
	f->seen.ifindex = port->ifindex;
	f->seen.lower = port->told.lower;
	f->seen.attach_flags = port->told.attach_flags;
	look_again(f);
}

void filter_configured(struct filter *f, bool other_nic)
{
	if (other_nic)
		unknown(f);
	tell_state(f);
	look_again(f);
}

void filter_leave(struct filter *f)
{
	struct stabletap_link link;

	if (!f->port->conf->follow_filter || !f->port->ifindex ||
	    stabletap_link_get(f->owner->st, f->port->ifindex, &link))
		return;
	if (f->own.ifindex != f->port->ifindex)
		forget_lists(&f->own);
	f->own.ifindex = f->port->ifindex;
	add_flags(f, &link, IFF_ALLMULTI);
	stabletap_link_release(&link);
}

/* ---- start and stop ---- */

int filters_start(sd_event *loop, struct stabletap *st, struct filters **out)
{
	struct filters *fs = calloc(1, sizeof(*fs));
	int err;

	if (!fs)
		return -ENOMEM;
	fs->loop = loop;
	fs->st = st;
	*out = fs;
	err = file_make_dir(FILTER_DIR);
	if (!err)
		err = sd_event_add_defer(loop, &fs->work, on_work, fs);
	if (err >= 0)
		err = sd_event_source_set_enabled(fs->work, SD_EVENT_OFF);
	if (err >= 0)
		err = sd_event_source_set_priority(fs->work, PRIORITY_FILTER);
	return err < 0 ? err : 0;
}

void filters_stop(struct filters *fs)
{
	if (!fs)
		return;
	sd_event_source_disable_unref(fs->work);
	free(fs);
}

static struct filter *filter_make(struct filters *fs, struct port *port,
				  const struct filter_record *own)
{
	struct filter *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->owner = fs;
	f->port = port;
	f->own = *own;
	f->saved = *own;
	f->patient = true;
	f->next = fs->first;
	fs->first = f;
	return f;
}

int filter_new(struct filters *fs, struct port *port, struct filter **out)
{
	struct filter_record own;
	struct filter *f;
	int err;

	filter_record_read(port->conf->name, &own);
	/*
	 * A port without a guest may have a record of an earlier configuration.
	 */
	if (!port->conf->qmp_socket && !own.ifindex && !own.mac_ifindex)
		return 0;
	f = filter_make(fs, port, &own);
	if (!f)
		return -ENOMEM;
	err = sd_event_add_time_relative(fs->loop, &f->timer, CLOCK_MONOTONIC,
					 UNKNOWN_US, 1000, on_time, f);
	if (err < 0) {
		filter_free(f);
		return err;
	}
	*out = f;
	tell_state(f);
	look_again(f);
	return 0;
}

void filter_free(struct filter *f)
{
	struct filter **at;

	if (!f)
		return;
	at = &f->owner->first;
	while (*at && *at != f)
		at = &(*at)->next;
	if (*at)
		*at = f->next;
	f->port->guest.filter = NULL;
	sd_event_source_disable_unref(f->timer);
	free(f);
}
