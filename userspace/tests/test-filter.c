// SPDX-License-Identifier: GPL-2.0
/*
 * Copying a guest's filter to a device's lists: those of a veth, which are the
 * same as a port's.  The module's tests show how a port passes them to its
 * lower.
 */
#include <net/if.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "guest/filter-record.h"
#include "guest/filter.h"
#include "guest/qmp-filter.h"
#include "loop.h"
#include "model/model.h"
#include "tap.h"

#define DEV "vm1"

static struct {
	sd_event *loop;
	struct stabletap *st;
	struct model m;
	struct filters *filters;
	struct filter *filter;
} d;
static struct conf_port conf;
static struct port port;
static char noted[1024];

static void on_happened(struct port *p, const struct happening *what,
			void *arg)
{
	(void)p, (void)arg;
	snprintf(noted + strlen(noted), sizeof(noted) - strlen(noted),
		 "%s: %s\n", what->event, what->why);
}

/* ---- what the guest says ---- */

static uint8_t mc[100][6];
static uint8_t uc[100][6];

static struct qmp_filter wish(size_t first, size_t n)
{
	struct qmp_filter f = {
		.unicast = QMP_RX_NORMAL, .multicast = QMP_RX_NORMAL,
		.vlan = QMP_RX_ALL, .mc = mc + first, .mc_n = n,
	};

	memcpy(f.mac, "\x52\x54\x00\x00\x00\x01", 6);
	return f;
}

static void make_addresses(void)
{
	uint8_t i;

	for (i = 0; i < 100; i++) {
		memcpy(mc[i], "\x01\x00\x5e\x01\x00", 5);
		mc[i][5] = i;
		memcpy(uc[i], "\x52\x54\x00\x01\x00", 5);
		uc[i][5] = i;
	}
}

/* ---- what the kernel has ---- */

static bool list_is(size_t first, size_t n)
{
	struct stabletap_macs all = { 0 };
	size_t i, mine = 0, found = 0;

	if (stabletap_macs_list(d.st, port.ifindex, &all))
		return false;
	for (i = 0; i < all.n; i++)
		mine += !memcmp(all.v[i].mac, mc[0], 5);
	for (i = first; i < first + n; i++)
		found += stabletap_macs_has(&all, port.ifindex, mc[i]);
	stabletap_macs_release(&all);
	return mine == n && found == n;
}

static bool has(const uint8_t mac[6])
{
	struct stabletap_macs all = { 0 };
	bool found;

	if (stabletap_macs_list(d.st, port.ifindex, &all))
		return false;
	found = stabletap_macs_has(&all, port.ifindex, mac);
	stabletap_macs_release(&all);
	return found;
}

static bool by_hand(const uint8_t mac[6])
{
	struct stabletap_macs all = { 0 };
	bool found;

	if (stabletap_mc_by_hand(d.st, &all))
		return false;
	found = stabletap_macs_has(&all, port.ifindex, mac);
	stabletap_macs_release(&all);
	return found;
}

static unsigned int flags(void)
{
	struct stabletap_link link;
	unsigned int now;

	if (stabletap_link_get(d.st, port.ifindex, &link))
		return 0;
	now = link.flags;
	stabletap_link_release(&link);
	return now & (IFF_ALLMULTI | IFF_PROMISC);
}

/* As a daemon that begins, or reads its configuration anew, would */
static void begin(bool follow, bool trust)
{
	conf.follow_filter = follow;
	conf.filter = follow;
	conf.trust_mac = trust;
	d.filter = NULL;
	if (filter_new(d.filters, &port, &d.filter))
		abort();
	loop_for(d.loop, 20);
}

static void end(void)
{
	filter_free(d.filter);
	d.filter = NULL;
}

static void say(const struct qmp_filter *f)
{
	if (d.filter)
		filter_update(d.filter, f);
	loop_for(d.loop, 20);
}

static bool is_all(void *arg)
{
	(void)arg;
	return flags() & IFF_ALLMULTI;
}

/* ---- */

static void test_lists(struct tap *t)
{
	struct qmp_filter f = wish(0, 3);

	begin(true, false);
	ok(t, flags() == IFF_ALLMULTI && list_is(0, 0),
	   "unknown lists mean all multicast");
	say(&f);
	ok(t, !flags() && list_is(0, 3), "a list is followed");
	f = wish(2, 4);
	say(&f);
	ok(t, !flags() && list_is(2, 4), "a changed list is followed");
	f = wish(0, FILTER_MAX);
	say(&f);
	ok(t, !flags() && list_is(0, FILTER_MAX), "a full list is followed");
	f = wish(FILTER_MAX - 30, FILTER_MAX);
	say(&f);
	ok(t, !flags() && list_is(FILTER_MAX - 30, FILTER_MAX),
	   "so is another full list");
	f = wish(0, FILTER_MAX + 1);
	say(&f);
	ok(t, flags() == IFF_ALLMULTI,
	   "a list that is too long means all multicast");
	f = wish(0, 2);
	f.multicast_overflow = true;
	say(&f);
	ok(t, flags() == IFF_ALLMULTI,
	   "so does a list that had no room in QEMU");
	f = wish(0, 2);
	f.multicast = QMP_RX_ALL;
	say(&f);
	ok(t, flags() == IFF_ALLMULTI, "so does a guest that wants all");
	f = wish(0, 2);
	f.promiscuous = true;
	say(&f);
	ok(t, flags() == IFF_ALLMULTI, "so does promiscuous mode");
	f = wish(0, 2);
	f.multicast = QMP_RX_NONE;
	say(&f);
	ok(t, !flags() && list_is(0, 0),
	   "a guest that wants none gets no entry");
	f = wish(0, 2);
	memcpy(mc[1], uc[1], 6);
	say(&f);
	ok(t, !flags() && list_is(0, 1),
	   "a unicast address in the list is ignored");
	make_addresses();
	say(NULL);
	ok(t, !flags() && list_is(0, 1),
	   "the last known list is kept for a moment");
	ok(t, loop_until(d.loop, is_all, NULL, SOON), "then all multicast");
	say(&f);
	ok(t, !flags(), "until it is known again");
	filter_leave(d.filter);
	ok(t, flags() == IFF_ALLMULTI,
	   "with no filter to follow: all multicast");
	end();
}

/* A new daemon knows only what the kernel and the record have. */
static void test_restart(struct tap *t)
{
	struct qmp_filter f = wish(0, 3);

	begin(true, false);
	say(&f);
	end();
	begin(true, false);
	ok(t, !flags() && list_is(0, 3), "a restart changes nothing");
	f = wish(2, 2);
	say(&f);
	ok(t, !flags() && list_is(2, 2), "and leaves nothing stale");
	end();

	stabletap_mc_set(d.st, port.ifindex, mc[2], false);
	begin(true, false);
	say(&f);
	ok(t, list_is(2, 2),
	   "an entry that another program removed is added again");
	end();

	if (shell("printf 'port x\\nmc 1\\nuc\\n\\nallmulti' >"
		  FILTER_DIR "/" DEV))
		abort();
	begin(true, false);
	ok(t, flags() == IFF_ALLMULTI, "a file of garbage is none");
	say(&f);
	end();
	begin(false, false);
	ok(t, !flags(), "a port that no longer follows clears the flag");
	end();
	stabletap_mc_set(d.st, port.ifindex, mc[2], false);
	stabletap_mc_set(d.st, port.ifindex, mc[3], false);

	f = wish(5, 5);
	begin(true, false);
	say(&f);
	end();
	begin(false, false);
	ok(t, !flags() && list_is(0, 0), "and the list");
	end();
	ok(t, shell("test ! -e " FILTER_DIR "/" DEV) == 0, "and the file");
}

static void test_others(struct tap *t)
{
	static const uint8_t all_hosts[6] = { 0x01, 0x00, 0x5e, 0, 0, 1 };
	struct qmp_filter f = wish(0, 3);

	stabletap_mc_set(d.st, port.ifindex, mc[2], true);
	stabletap_mc_set(d.st, port.ifindex, mc[9], true);
	begin(true, false);
	memcpy(mc[0], all_hosts, 6);
	ok(t, has(all_hosts) && !by_hand(all_hosts),
	   "the kernel has joined a group for itself");
	say(&f);
	ok(t, by_hand(all_hosts) && by_hand(mc[1]) && by_hand(mc[2]),
	   "the guest counts in it, too");
	f = wish(4, 1);
	say(&f);
	ok(t, has(all_hosts) && !by_hand(all_hosts),
	   "and leaves it to the kernel");
	ok(t, by_hand(mc[2]) && by_hand(mc[9]) && !has(mc[1]),
	   "what the operator has put there stays");
	make_addresses();

	stabletap_link_set_flags(d.st, port.ifindex, IFF_ALLMULTI,
				 IFF_ALLMULTI);
	f.multicast = QMP_RX_ALL;
	say(&f);
	f.multicast = QMP_RX_NORMAL;
	say(&f);
	ok(t, flags() == IFF_ALLMULTI, "so does the operator's flag");
	stabletap_link_set_flags(d.st, port.ifindex, IFF_ALLMULTI, 0);
	end();
	begin(false, false);
	end();
	stabletap_mc_set(d.st, port.ifindex, mc[2], false);
	stabletap_mc_set(d.st, port.ifindex, mc[9], false);
}

static bool mac_is(const uint8_t mac[6])
{
	struct stabletap_link link;
	bool same;

	if (stabletap_link_get(d.st, port.ifindex, &link))
		return false;
	same = !memcmp(link.addr, mac, 6);
	stabletap_link_release(&link);
	return same;
}

static bool is_configured(void *arg)
{
	(void)arg;
	return mac_is(conf.mac);
}

static void test_mac(struct tap *t)
{
	struct qmp_filter f = wish(0, 1);

	f.uc = uc;
	f.uc_n = 2;
	memcpy(f.mac, uc[7], 6);
	begin(true, false);
	say(&f);
	say(&f);
	ok(t, mac_is(conf.mac) && !has(uc[0]),
	   "an address that is not trusted is not taken, nor others");
	is_str(t, noted, "guest-mac: 52:54:00:01:00:07 is the guest's, not "
	       "trusted\n", "an address that is not trusted is reported once");
	end();

	noted[0] = '\0';
	stabletap_uc_set(d.st, port.ifindex, uc[1], true);
	begin(true, true);
	say(&f);
	ok(t, mac_is(uc[7]) && has(uc[0]) && has(uc[1]),
	   "if it is trusted it is taken, and others are let through");
	is_str(t, noted, "guest-mac: 52:54:00:01:00:07 is the port's now\n",
	       "which is told");
	f.uc_n = 0;
	say(&f);
	ok(t, !has(uc[0]) && has(uc[1]),
	   "as long as they are wanted, or the operator's");
	f.uc_n = 1;
	say(&f);
	memcpy(f.mac, mc[3], 6);
	noted[0] = '\0';
	say(&f);
	ok(t, mac_is(uc[7]) && strstr(noted, "not valid"),
	   "an address that is not valid is not taken");
	say(NULL);
	ok(t, loop_until(d.loop, is_configured, NULL, SOON),
	   "when nobody has it open, the configured one is put back");
	end();
	begin(false, false);
	ok(t, !has(uc[0]),
	   "when the guest is no longer trusted, nothing of it stays");
	end();
}

/* Trust ends by a reload, or by a restart with another configuration. */
static void test_trusted_no_more(struct tap *t)
{
	struct qmp_filter f = wish(0, 1);

	memcpy(f.mac, uc[7], 6);
	begin(false, true);
	say(&f);
	ok(t, mac_is(uc[7]), "a guest that is trusted has its address");
	end();
	begin(false, true);
	ok(t, mac_is(uc[7]), "after a restart, too, whatever is known yet");
	end();
	noted[0] = '\0';
	begin(false, false);
	ok(t, mac_is(conf.mac),
	   "when the guest is no longer trusted, the configured address is back");
	is_str(t, noted, "guest-mac: 52:54:00:00:00:01 is the port's again\n",
	       "which is told");
	ok(t, shell("test ! -e " FILTER_DIR "/" DEV) == 0,
	   "and nothing is kept");
	say(&f);
	ok(t, mac_is(conf.mac) && strstr(noted, "not trusted"),
	   "an untrusted guest's address is not taken after that");
	end();

	begin(true, true);
	say(&f);
	end();
	conf.qmp_socket = NULL;
	begin(false, false);
	ok(t, mac_is(conf.mac) && list_is(0, 0),
	   "also when nothing of the guest is configured any more");
	end();
	conf.qmp_socket = conf.name;

	begin(false, true);
	say(&f);
	end();
	stabletap_link_set_mac(d.st, port.ifindex, uc[9]);
	begin(false, false);
	ok(t, mac_is(uc[9]), "an address that the operator has set stays");
	end();

	begin(false, true);
	say(&f);
	end();
	conf.mac_set = false;
	begin(false, false);
	ok(t, mac_is(uc[7]), "the guest's address stays if none is configured");
	end();
	conf.mac_set = true;
	stabletap_link_set_mac(d.st, port.ifindex, conf.mac);
}

/* The record of a port that is gone does not apply to its successor. */
static void test_anew(struct tap *t)
{
	struct qmp_filter f = wish(0, 3);
	struct stabletap_link link;
	int ifindex;

	begin(true, false);
	say(&f);
	end();
	if (shell("ip link del " DEV " && ip link add " DEV " type veth peer "
		  "name far0 && ip link set " DEV " up") ||
	    stabletap_link_find(d.st, DEV, &link))
		abort();
	port.ifindex = link.ifindex;
	stabletap_link_release(&link);
	stabletap_mc_set(d.st, port.ifindex, mc[1], true);
	begin(true, false);
	ok(t, flags() == IFF_ALLMULTI, "nothing is known of a new port");
	f = wish(2, 1);
	say(&f);
	ok(t, !flags() && by_hand(mc[1]) && by_hand(mc[2]) && !has(mc[0]),
	   "the new port has the guest's entries and the operator's");
	filter_port_changed(d.filter);
	loop_for(d.loop, 20);
	/* As the kernel leaves it with the next one of that ifindex */
	stabletap_mc_set(d.st, port.ifindex, mc[2], false);
	filter_port_changed(d.filter);
	loop_for(d.loop, 20);
	ok(t, !by_hand(mc[2]), "an unchanged port is not evaluated");
	ifindex = port.ifindex;
	port.ifindex = 0;
	filter_port_changed(d.filter);
	port.ifindex = ifindex;
	filter_port_changed(d.filter);
	loop_for(d.loop, 20);
	ok(t, by_hand(mc[2]),
	   "another port is evaluated, also one with the same ifindex");
	end();
}

static unsigned int lines(const char *text)
{
	unsigned int n = 0;

	while ((text = strchr(text, '\n'))) {
		text++;
		n++;
	}
	return n;
}

/* Reports of a guest's address go to the log, the history and hooks. */
static void test_restless(struct tap *t)
{
	struct qmp_filter f = wish(0, 1);
	uint8_t i;

	noted[0] = '\0';
	begin(true, false);
	for (i = 0; i < 40; i++) {
		memcpy(f.mac, uc[i], 6);
		say(&f);
	}
	ok(t, lines(noted) == 5,
	   "a guest that keeps changing its address is reported a few times");
	end();
}

/* The limit of reports is not reached: it would hide a repetition. */
static void test_reload(struct tap *t)
{
	struct qmp_filter f = wish(0, 1);

	memcpy(f.mac, uc[7], 6);
	noted[0] = '\0';
	begin(true, false);
	say(&f);
	filter_configured(d.filter, false);
	loop_for(d.loop, 20);
	is_str(t, noted, "guest-mac: 52:54:00:01:00:07 is the guest's, not "
	       "trusted\n",
	       "a reload does not report an address again");
	memcpy(f.mac, uc[8], 6);
	say(&f);
	ok(t, lines(noted) == 2, "another address is reported");
	end();
}

#define OTHER "other0"

/* A macvlan whose neighbour has the address that its guest will want */
static bool scene_of_two(void)
{
	struct stabletap_link link;

	if (shell("ip link del " DEV " && ip link add par0 type veth peer name "
		  "par1 && ip link set par0 up && ip link set par1 up && "
		  "ip link add link par0 name " OTHER " address "
		  "52:54:00:01:00:07 type macvlan mode bridge && "
		  "ip link set " OTHER " up && "
		  "ip link add link par0 name " DEV " address "
		  "52:54:00:00:00:01 type macvlan mode bridge && "
		  "ip link set " DEV " up") ||
	    stabletap_link_find(d.st, DEV, &link))
		return false;
	port.ifindex = link.ifindex;
	stabletap_link_release(&link);
	return true;
}

static bool has_wanted(void *arg)
{
	return mac_is(arg);
}

static void test_refused_mac(struct tap *t)
{
	struct qmp_filter f = wish(0, 1);

	if (!scene_of_two()) {
		ok(t, true, "a refused address # SKIP no macvlan");
		return;
	}
	memcpy(f.mac, uc[7], 6);
	noted[0] = '\0';
	begin(false, true);
	say(&f);
	ok(t, mac_is(conf.mac) && strstr(noted, "refused by the kernel"),
	   "an address that another has is refused");
	loop_for(d.loop, 700);
	if (shell("ip link del " OTHER))
		abort();
	ok(t, loop_until(d.loop, has_wanted, uc[7], 10000),
	   "and taken when the other is gone");
	ok(t, lines(noted) == 2, "each told once");
	end();
}

static bool scene(void)
{
	static char name[] = DEV;

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) ||
	    mount("run", "/run", "tmpfs", 0, NULL) ||
	    shell("ip link add " DEV " address 52:54:00:00:00:01 type veth "
		  "peer name far0 && ip link set " DEV " up"))
		return false;
	conf.name = name;
	conf.qmp_socket = name;
	conf.mac_set = true;
	memcpy(conf.mac, "\x52\x54\x00\x00\x00\x01", 6);
	port.conf = &conf;
	port.ifindex = (int)if_nametoindex(DEV);
	return sd_event_new(&d.loop) >= 0 && !stabletap_open(&d.st) &&
	       !filters_start(d.loop, d.st, &d.filters);
}

int main(void)
{
	static const struct model_ops ops = { .happened = on_happened };
	struct tap t = { 0 };

	make_addresses();
	if (model_init(&d.m, NULL))
		return 1;
	port.model = &d.m;
	model_watch(&d.m, &ops, NULL);
	if (scene()) {
		test_lists(&t);
		test_restart(&t);
		test_others(&t);
		test_mac(&t);
		test_trusted_no_more(&t);
		test_anew(&t);
		test_restless(&t);
		test_reload(&t);
		test_refused_mac(&t);
	} else {
		ok(&t, true, "lists # SKIP no network namespace or veth");
	}
	filters_stop(d.filters);
	model_release(&d.m);
	stabletap_close(d.st);
	sd_event_unref(d.loop);
	return tap_end(&t);
}
