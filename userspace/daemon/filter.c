// SPDX-License-Identifier: GPL-2.0
/*
 * What the guest wants to receive becomes the port's own lists and flags, of
 * which the module gives the lower what is right for it.
 *
 *  FollowGuestFilter	its multicast list; all multicast, where it wants all,
 *			has more than fits, or is promiscuous
 *  TrustGuestMAC	its main address; and together with the former its
 *			unicast list, and that it is promiscuous
 *
 * As long as it is not known what the guest wants it gets all multicast
 * frames.  That it can't be asked for a moment makes what was known not
 * unknown: only after a while.
 *
 * What is on the port is asked of the kernel each time.  Its lists are also
 * the operator's ("ip maddr add", "bridge fdb add", "ip link set allmulticast
 * on"): what was there before the guest asked for it stays, and what is taken
 * away is only what was put there from here, of which filter-record.c keeps
 * book.
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

#include "core.h"
#include "filter.h"
#include "qmp-conn.h"
#include "qmp.h"

/* A QEMU that is asked anew, or a daemon that is restarted, is back by then. */
#define UNKNOWN_US 3000000
/* After a failure: this long, doubling, up to a minute */
#define RETRY_US 500000
#define RETRY_DOUBLINGS 7
/* Ports looked at in one turn of the loop */
#define TURN 32

struct filter {
	bool dirty;
	bool known;		/* what the guest wants, that is */
	bool patient;		/* not known, and the timer has not ended */
	unsigned int failures;
	sd_event_source *timer;

	/* What it wants */
	bool all_multicast;
	bool promiscuous;
	struct filter_set mc;
	struct filter_set uc;
	uint8_t mac[6];
	uint16_t *vlans;
	size_t vlans_n;

	uint8_t told[6];	/* its address, of which there was news last */
	struct filter_record own;
	struct filter_record saved;	/* as the file has it */
	struct {
		int ifindex;
		uint32_t lower;
		uint32_t attach_flags;
	} seen;			/* of the port, at the last look */
};

static void look_again(struct port *port)
{
	struct filter *f = port->filter;

	if (f->dirty)
		return;
	f->dirty = true;
	sd_event_source_set_enabled(port->daemon->filter_work,
				    SD_EVENT_ONESHOT);
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

/* False: there are too many. */
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

static void take_vlans(struct filter *f, const struct qmp_filter *said)
{
	size_t i;

	free(f->vlans);
	f->vlans_n = 0;
	f->vlans = said->vlans_n ? calloc(said->vlans_n, sizeof(*f->vlans)) :
				   NULL;
	if (!f->vlans)
		return;
	/* Id 0 is no VLAN; the frames without a tag are told anyway. */
	for (i = 0; i < said->vlans_n; i++)
		if (said->vlans[i] > 0 && said->vlans[i] < 4095)
			f->vlans[f->vlans_n++] = said->vlans[i];
}

static void unknown(struct port *port)
{
	struct filter *f = port->filter;

	if (!f->known)
		return;
	f->known = false;
	f->patient = true;
	look_later(f, UNKNOWN_US);
}

void filter_told(struct port *port, const struct qmp_filter *said)
{
	struct filter *f = port->filter;

	if (!f)
		return;
	if (!said) {
		unknown(port);
		return;
	}
	f->known = true;
	f->patient = false;
	f->failures = 0;
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
	take_vlans(f, said);
	look_again(port);
}

const uint16_t *filter_vlans(const struct port *port, size_t *n)
{
	*n = port->filter ? port->filter->vlans_n : 0;
	return *n ? port->filter->vlans : NULL;
}

const char *filter_state(const struct port *port)
{
	const struct filter *f = port->filter;

	if (!f || !port->conf->follow_filter)
		return NULL;
	if (!f->known)
		return f->patient ? "last-known" : "unknown";
	return f->all_multicast ? "all" : "lists";
}

/* Before the kernel is asked: what is put there is not to be left there. */
static void save(struct port *port)
{
	struct filter *f = port->filter;
	int err;

	if (!memcmp(&f->own, &f->saved, sizeof(f->own)))
		return;
	err = filter_record_write(port->conf->name, &f->own);
	if (!err)
		f->saved = f->own;
	else
		log_port(LOG_WARNING, port, "can't write " FILTER_DIR ": %s",
			 strerror(-err));
}

/* ---- its address ---- */

/* Once for each address, however often it is asked for. */
static void tell(struct port *port, const uint8_t mac[6], const char *what)
{
	struct filter *f = port->filter;
	char text[STABLETAP_MAC_TEXT];
	char why[64];

	if (!memcmp(f->told, mac, 6))
		return;
	memcpy(f->told, mac, 6);
	snprintf(why, sizeof(why), "%s %s", stabletap_mac_format(mac, text),
		 what);
	port_note(port, "guest-mac", why);
}

/* NULL: it has its own.  False: it had no other. */
static bool note_mac(struct port *port, const uint8_t mac[6])
{
	struct filter_record *own = &port->filter->own;
	bool had = own->mac_ifindex;

	own->mac_ifindex = mac ? port->ifindex : 0;
	memset(own->mac, 0, sizeof(own->mac));
	if (mac)
		memcpy(own->mac, mac, sizeof(own->mac));
	save(port);
	return had;
}

static bool is_own(const struct port *port, const uint8_t mac[6])
{
	return port->conf->mac_set && !memcmp(port->conf->mac, mac, 6);
}

static void take_mac(struct port *port, const uint8_t mac[6])
{
	char text[STABLETAP_MAC_TEXT];
	uint8_t was[6];
	bool had = false;
	int err;

	memcpy(was, port->filter->own.mac, sizeof(was));
	if (!is_own(port, mac))
		had = note_mac(port, mac);
	err = stabletap_link_set_mac(port->daemon->st, port->ifindex, mac);
	if (!err && is_own(port, mac))
		note_mac(port, NULL);
	else if (err && !is_own(port, mac))
		note_mac(port, had ? was : NULL);
	if (!err) {
		memset(port->filter->told, 0, 6);
		tell(port, mac, "is the port's now");
		return;
	}
	if (memcmp(port->filter->told, mac, 6) != 0)
		log_port(LOG_WARNING, port, "can't have the guest's address %s: %s",
			 stabletap_mac_format(mac, text),
			 why_not(port->daemon, err));
	tell(port, mac, "is the guest's, refused by the kernel");
}

/*
 * The guest's address, if it is trusted.  When nobody has the port open any
 * more, the next guest shall find it as it is configured.
 */
static void sync_mac(struct port *port, const struct stabletap_link *link)
{
	const struct conf_port *conf = port->conf;
	struct filter *f = port->filter;

	if (f->known && !memcmp(f->mac, link->addr, 6))
		memset(f->told, 0, sizeof(f->told));
	else if (f->known && !conf->trust_mac)
		tell(port, f->mac, "is the guest's, not trusted");
	else if (f->known && is_unicast(f->mac))
		take_mac(port, f->mac);
	else if (f->known)
		tell(port, f->mac, "is the guest's, and none to have");
	else if (conf->trust_mac && conf->mac_set && !f->patient &&
		 !link->port.open_queues && memcmp(conf->mac, link->addr, 6) != 0)
		take_mac(port, conf->mac);
}

/*
 * Who is trusted no more does not keep what he was given; what the operator
 * has given to the port since then stays.
 */
static int give_back(struct port *port, struct stabletap_link *link)
{
	const struct conf_port *conf = port->conf;
	struct filter_record *own = &port->filter->own;
	char why[64], text[STABLETAP_MAC_TEXT];
	int err;

	if (!own->mac_ifindex || conf->trust_mac)
		return 0;
	if (own->mac_ifindex == port->ifindex && conf->mac_set &&
	    !memcmp(own->mac, link->addr, 6)) {
		err = stabletap_link_set_mac(port->daemon->st, port->ifindex,
					     conf->mac);
		if (err)
			return err;
		memcpy(link->addr, conf->mac, 6);
		snprintf(why, sizeof(why), "%s is the port's again",
			 stabletap_mac_format(conf->mac, text));
		port_note(port, "guest-mac", why);
	}
	note_mac(port, NULL);
	return 0;
}

/* ---- its lists ---- */

struct want {
	unsigned int flags;
	struct filter_set mc;
	struct filter_set uc;
};

/* False: leave all as it is. */
static bool decide(const struct port *port, const struct stabletap_link *link,
		   struct want *want)
{
	const struct filter *f = port->filter;
	bool lists = link->port.attach_flags & STABLETAP_ATTACH_FILTER;

	memset(want, 0, sizeof(*want));
	/* Not before the lower does without the lists */
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
	 * A macvlan gets no other's frames by it, and would have its parent
	 * take in everything for nothing.
	 */
	if (f->promiscuous && link->port.lower &&
	    link->port.lower_kind == STABLETAP_LOWER_DIRECT)
		want->flags |= IFF_PROMISC;
	return true;
}

static int add_flags(struct port *port, const struct stabletap_link *link,
		     unsigned int flags)
{
	unsigned int missing = flags & ~link->flags;

	if (!missing)
		return 0;
	port->filter->own.flags |= missing;
	save(port);
	return stabletap_link_set_flags(port->daemon->st, port->ifindex,
					missing, missing);
}

static int drop_flags(struct port *port, unsigned int flags)
{
	struct filter_record *own = &port->filter->own;
	unsigned int left_over = own->flags & ~flags;
	int err;

	if (!left_over)
		return 0;
	err = stabletap_link_set_flags(port->daemon->st, port->ifindex,
				       left_over, 0);
	if (!err)
		own->flags &= flags;
	return err;
}

/* One turn of the loop; who put what there is asked at most once in it. */
struct turn {
	bool asked;
	struct stabletap_macs by_hand;
};

/* One of the two lists: as the guest wants it, and what of it is from here */
struct list {
	const struct filter_set *want;
	struct filter_set *own;
	int (*set)(struct stabletap *st, int ifindex, const uint8_t mac[6],
		   bool member);
	bool counts;		/* the kernel counts who wants an address there */
};

static int drop(struct port *port, struct list *l)
{
	const struct filter_set was = *l->own;
	int err, result = 0;
	size_t i;

	memset(l->own, 0, sizeof(*l->own));
	for (i = 0; i < was.n; i++) {
		err = 1;
		if (!filter_set_has(l->want, was.v[i]))
			err = l->set(port->daemon->st, port->ifindex, was.v[i],
				     false);
		/* Or somebody else was faster. */
		if (!err || err == -ENOENT)
			continue;
		filter_set_put(l->own, was.v[i]);
		if (err < 0)
			result = err;
	}
	return result;
}

/*
 * Is it for somebody else to take away?  What the kernel has joined may go any
 * time, so the guest counts in it; what the operator has put there stays.
 */
static int is_others(struct port *port, const struct list *l,
		     const uint8_t mac[6], struct turn *turn)
{
	int err;

	if (filter_set_has(l->own, mac) || !l->counts)
		return 1;
	if (!turn->asked) {
		err = stabletap_mc_by_hand(port->daemon->st, &turn->by_hand);
		if (err)
			return err;
		turn->asked = true;
	}
	return stabletap_macs_has(&turn->by_hand, port->ifindex, mac);
}

static int add(struct port *port, struct list *l,
	       const struct stabletap_macs *now, struct turn *turn)
{
	struct filter_set missing = { 0 };
	int err, result = 0;
	size_t i;

	for (i = 0; i < l->want->n; i++) {
		err = 0;
		if (stabletap_macs_has(now, port->ifindex, l->want->v[i]))
			err = is_others(port, l, l->want->v[i], turn);
		if (!err) {
			filter_set_put(&missing, l->want->v[i]);
			err = filter_set_put(l->own, l->want->v[i]);
		}
		if (err < 0)
			return err;
	}
	save(port);
	for (i = 0; i < missing.n; i++) {
		err = l->set(port->daemon->st, port->ifindex, missing.v[i],
			     true);
		if (err && err != -EEXIST)
			result = err;
	}
	return result;
}

static int sync_both(struct port *port, const struct want *want,
		     struct turn *turn)
{
	struct filter_record *own = &port->filter->own;
	struct list v[] = {
		{ &want->mc, &own->mc, stabletap_mc_set, true },
		{ &want->uc, &own->uc, stabletap_uc_set, false },
	};
	struct stabletap_macs now = { 0 };
	size_t i;
	int err;

	if (!want->mc.n && !want->uc.n && !own->mc.n && !own->uc.n)
		return 0;
	err = stabletap_macs_list(port->daemon->st, port->ifindex, &now);
	for (i = 0; i < 2 && !err; i++) {
		err = drop(port, &v[i]);
		if (!err)
			err = add(port, &v[i], &now, turn);
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

/* More is let through first, less last: the guest misses nothing. */
static int sync_lists(struct port *port, const struct stabletap_link *link,
		      struct turn *turn)
{
	struct filter *f = port->filter;
	struct want want;
	int err;

	if (f->own.ifindex != port->ifindex)
		forget_lists(&f->own);
	if (!decide(port, link, &want))
		return 0;
	f->own.ifindex = port->ifindex;
	err = add_flags(port, link, want.flags);
	if (!err)
		err = sync_both(port, &want, turn);
	if (!err)
		err = drop_flags(port, want.flags);
	if (!err && !port->conf->follow_filter)
		forget_lists(&f->own);
	save(port);
	return err;
}

/* ---- when to look ---- */

static void failed(struct port *port, const char *what, int err)
{
	struct filter *f = port->filter;

	/* Its end will be told. */
	if (err == -ENODEV)
		return;
	if (!f->failures)
		log_port(LOG_WARNING, port, "can't %s: %s", what,
			 why_not(port->daemon, err));
	look_later(f, (uint64_t)RETRY_US << f->failures);
	if (f->failures < RETRY_DOUBLINGS)
		f->failures++;
}

static void look(struct port *port, struct turn *turn)
{
	struct stabletap_link link;
	int err, mac_err = 0;

	if (!port->ifindex)
		return;
	err = stabletap_link_get(port->daemon->st, port->ifindex, &link);
	if (!err) {
		mac_err = give_back(port, &link);
		if (mac_err)
			failed(port, "have its MACAddress= back", mac_err);
		else
			sync_mac(port, &link);
		err = sync_lists(port, &link, turn);
		stabletap_link_release(&link);
	}
	if (mac_err)
		return;
	if (err)
		failed(port, "let through what the guest wants", err);
	else
		port->filter->failures = 0;
}

static int on_work(sd_event_source *s, void *arg)
{
	struct turn turn = { .asked = false };
	struct daemon *d = arg;
	size_t i, n = 0;

	for (i = 0; i < d->ports_n; i++) {
		struct filter *f = d->ports[i].filter;

		if (!f || !f->dirty)
			continue;
		if (n++ == TURN) {
			sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
			break;
		}
		f->dirty = false;
		look(&d->ports[i], &turn);
	}
	stabletap_macs_release(&turn.by_hand);
	return 0;
}

static int on_time(sd_event_source *s, uint64_t usec, void *arg)
{
	struct port *port = arg;

	(void)s, (void)usec;
	port->filter->patient = false;
	look_again(port);
	return 0;
}

void filter_port_event(struct port *port, const struct stabletap_link *link)
{
	struct filter *f = port->filter;

	if (f && !link)
		memset(&f->seen, 0, sizeof(f->seen));
	if (!f || !link)
		return;
	if (f->seen.ifindex == link->ifindex &&
	    f->seen.lower == link->port.lower &&
	    f->seen.attach_flags == link->port.attach_flags)
		return;
	f->seen.ifindex = link->ifindex;
	f->seen.lower = link->port.lower;
	f->seen.attach_flags = link->port.attach_flags;
	look_again(port);
}

void filter_leave(struct port *port)
{
	struct filter *f = port->filter;
	struct stabletap_link link;

	if (!f || !port->conf->follow_filter || !port->ifindex ||
	    stabletap_link_get(port->daemon->st, port->ifindex, &link))
		return;
	if (f->own.ifindex != port->ifindex)
		forget_lists(&f->own);
	f->own.ifindex = port->ifindex;
	add_flags(port, &link, IFF_ALLMULTI);
	stabletap_link_release(&link);
}

/* ---- beginning and end ---- */

int filter_start(struct daemon *d)
{
	int err;

	if ((mkdir("/run/stabletap", 0755) && errno != EEXIST) ||
	    (mkdir(FILTER_DIR, 0755) && errno != EEXIST))
		return -errno;
	err = sd_event_add_defer(d->loop, &d->filter_work, on_work, d);
	if (err >= 0)
		err = sd_event_source_set_enabled(d->filter_work, SD_EVENT_OFF);
	if (err >= 0)
		/* After what QEMU says, before what is attached. */
		err = sd_event_source_set_priority(d->filter_work,
						   QMP_PRIORITY + 1);
	return err < 0 ? err : 0;
}

void filter_stop(struct daemon *d)
{
	sd_event_source_disable_unref(d->filter_work);
}

int filter_init(struct port *port)
{
	struct filter_record own;
	struct filter *f;
	int err;

	filter_record_read(port->conf->name, &own);
	/* Was it another configuration's? */
	if (!port->conf->qmp_socket && !own.ifindex && !own.mac_ifindex)
		return 0;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->own = own;
	f->saved = own;
	f->patient = true;
	port->filter = f;
	err = sd_event_add_time_relative(port->daemon->loop, &f->timer,
					 CLOCK_MONOTONIC, UNKNOWN_US, 1000,
					 on_time, port);
	look_again(port);
	return err < 0 ? err : 0;
}

void filter_free(struct port *port)
{
	struct filter *f = port->filter;

	if (!f)
		return;
	sd_event_source_disable_unref(f->timer);
	free(f->vlans);
	free(f);
	port->filter = NULL;
}
