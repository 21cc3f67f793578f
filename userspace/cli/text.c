// SPDX-License-Identifier: GPL-2.0
/* A port as lines of text, in the manner of iproute2. */
#include <grp.h>
#include <inttypes.h>
#include <net/if.h>
#include <pwd.h>

#include "text.h"
#include "times.h"

static void print_lower(const struct view *v, FILE *out)
{
	const struct stabletap_get *g = &v->get;

	if (!g->lower)
		return;
	if (v->lower)
		fprintf(out, " lower %s", v->lower->name);
	else
		fprintf(out, " lower if%u", g->lower);
	if (v->lower && stabletap_link_is_macvlan(v->lower))
		fprintf(out, " mode %s", stabletap_macvlan_mode_name(
					     v->lower->macvlan_mode));
	else
		fprintf(out, " mode direct");
	if (v->parent)
		fprintf(out, " dev %s", v->parent->name);
	if (g->attach_flags & STABLETAP_ATTACH_FILTER)
		fprintf(out, " filter");
	if (g->attach_flags & STABLETAP_ATTACH_INCOMPLETE)
		fprintf(out, " incomplete");
}

static void print_on_detach(const struct stabletap_get *g, FILE *out)
{
	fprintf(out, " on-detach %s", stabletap_on_detach_name(g->on_detach));
	if (g->on_detach == STABLETAP_ON_DETACH_HOLD)
		fprintf(out, " frames %u bytes %llu time %u", g->hold_frames,
			(unsigned long long)g->hold_bytes, g->hold_time);
	fputc('\n', out);
}

static void print_held(const struct stabletap_get *g, FILE *out)
{
	if (g->held_frames)
		fprintf(out, "    held %u frames %llu bytes\n", g->held_frames,
			(unsigned long long)g->held_bytes);
}

static void print_node(const struct stabletap_get *g, FILE *out)
{
	const struct passwd *pw = getpwuid(g->owner);
	const struct group *gr = getgrgid(g->group);

	fprintf(out, "    node /dev/%.*s", STABLETAP_NODE_SIZE, g->node);
	if (pw)
		fprintf(out, " owner %s", pw->pw_name);
	else
		fprintf(out, " owner %u", g->owner);
	if (gr)
		fprintf(out, " group %s", gr->gr_name);
	else
		fprintf(out, " group %u", g->group);
	fprintf(out, " perm %04o queues %u/%u\n", g->perm, g->open_queues,
		g->queues);
}

static void print_holders(const struct view *v, FILE *out)
{
	size_t i;

	if (!v->get.open_queues)
		return;
	fprintf(out, "    open in");
	for (i = 0; i < v->holders_n; i++)
		fprintf(out, "%s %s pid %d", i ? "," : "", v->holders[i].comm,
			(int)v->holders[i].pid);
	if (!v->holders_n)
		fprintf(out, " a process that can't be seen from here%s",
			v->holders_partial ? " (try as root)" : "");
	fputc('\n', out);
}

static void print_last_detach(const struct view *v, FILE *out)
{
	const struct stabletap_get *g = &v->get;
	char age[32];

	if (!g->detach_time)
		return;
	fprintf(out, "    last detach %s %s ago from %s\n",
		stabletap_reason_name(g->detach_reason),
		time_span(view_age(v, g->detach_time), age, sizeof(age)),
		*v->last_device ? v->last_device :
		*g->last_lower ? g->last_lower : "?");
}

static void print_details(const struct view *v, FILE *out)
{
	const struct stabletap_get *g = &v->get;
	char age[32];

	fprintf(out, "    index %d device %u:%u attaches %llu replaces %llu "
		"losses %llu", v->link->ifindex, g->major, g->minor,
		(unsigned long long)g->attaches,
		(unsigned long long)g->replaces, (unsigned long long)g->losses);
	if (g->lower)
		fprintf(out, "\n    lower index %u kind %s mtu %u attached %s "
			"ago", g->lower,
			stabletap_lower_kind_name(g->lower_kind), g->lower_mtu,
			time_span(view_age(v, g->attach_time), age,
				  sizeof(age)));
	fputc('\n', out);
}

/* One table of counters: a line of heads, a line of values. */
static void print_counters(const char *head, const char *const *names,
			   const __u64 *values, size_t n, FILE *out)
{
	size_t i;

	fprintf(out, "    %s:", head);
	for (i = 0; i < n; i++)
		fprintf(out, " %10s", names[i]);
	fprintf(out, "\n       ");
	for (i = 0; i < n; i++)
		fprintf(out, " %10llu", (unsigned long long)values[i]);
	fputc('\n', out);
}

void view_stats_text(const struct stabletap_stats *s, FILE *out)
{
	static const char *const tx[] = {
		"bytes", "packets", "detached", "lower", "refused", "held",
		"expired", "purged",
	};
	static const char *const rx[] = {
		"bytes", "packets", "mcast", "no-reader", "ring", "down",
		"inactive", "lro", "nomem",
	};
	const __u64 tx_values[] = {
		s->tx_bytes, s->tx_packets, s->tx_detached, s->tx_lower,
		s->tx_refused, s->tx_held, s->tx_expired, s->tx_purged,
	};
	const __u64 rx_values[] = {
		s->rx_bytes, s->rx_packets, s->rx_multicast, s->rx_no_reader,
		s->rx_ring, s->rx_down, s->rx_inactive, s->rx_lro, s->rx_nomem,
	};

	print_counters("TX", tx, tx_values, sizeof(tx) / sizeof(*tx), out);
	print_counters("RX", rx, rx_values, sizeof(rx) / sizeof(*rx), out);
}

void view_text(const struct cli *cli, const struct view *v, FILE *out)
{
	const struct stabletap_get *g = &v->get;
	char mac[STABLETAP_MAC_TEXT];
	char warning[128];

	fprintf(out, "%s: state %s", v->link->name,
		stabletap_state_name(g->state));
	print_lower(v, out);
	fprintf(out, "\n    link %s address %s mtu %u",
		v->link->flags & IFF_UP ? "up" : "down",
		stabletap_mac_format(v->link->addr, mac), v->link->mtu);
	print_on_detach(g, out);
	print_held(g, out);
	print_node(g, out);
	print_holders(v, out);
	print_last_detach(v, out);
	if (cli->details)
		print_details(v, out);
	if (cli->stats)
		view_stats_text(&v->stats, out);
	if (view_mtu_warning(v, warning, sizeof(warning)))
		fprintf(out, "    warning: %s\n", warning);
}

void view_brief(const struct view *v, FILE *out)
{
	char mac[STABLETAP_MAC_TEXT];
	char lower[2 * STABLETAP_NAME_SIZE + 2] = "-";

	if (v->parent)
		snprintf(lower, sizeof(lower), "%s@%s", v->lower->name,
			 v->parent->name);
	else if (v->lower)
		snprintf(lower, sizeof(lower), "%s", v->lower->name);
	else if (v->get.lower)
		snprintf(lower, sizeof(lower), "if%u", v->get.lower);
	fprintf(out, "%-16s %-10s %-4s %s %-20s %u/%u\n", v->link->name,
		stabletap_state_name(v->get.state),
		v->link->flags & IFF_UP ? "up" : "down",
		stabletap_mac_format(v->link->addr, mac), lower,
		v->get.open_queues, v->get.queues);
}
