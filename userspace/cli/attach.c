// SPDX-License-Identifier: GPL-2.0
/* stabletap attach */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "managed.h"
#include "report.h"
#include "verb.h"

enum { PORT, DEV, MODE, REPLACE, FILTER, PROMISC, QUIET, FORCE };

static const struct word words[] = {
	[PORT] = { "PORT", NULL, WORD_PLACE | WORD_NEEDED, "the port", NULL },
	[DEV] = { "dev", "DEVICE", WORD_NEEDED,
		  "the device, by its name or an alternative name", NULL },
	[MODE] = { "mode", "MODE", 0,
		   "how the device is used (default: bridge)",
		   stabletap_mode_words },
	[REPLACE] = { "replace", NULL, 0,
		      "if the port has a lower, swap it for the new one", NULL },
	[FILTER] = { "filter", NULL, 0,
		     "receive the port's own addresses only", NULL },
	[PROMISC] = { "promisc", NULL, 0,
		      "mode direct: receive all frames (the default)", NULL },
	[QUIET] = { "quiet", NULL, 0,
		    "set the port down until 'activate'", NULL },
	[FORCE] = { "force", NULL, WORD_WHOLE,
		    "although the host uses the device itself", NULL },
	{ .name = NULL },
};

struct wish {
	const char *port;
	const char *dev;
	enum stabletap_mode mode;
	uint32_t flags;
	bool quiet;
	bool force;
};

static int take(const struct call *call, struct wish *w)
{
	const uint32_t both = STABLETAP_ATTACH_FILTER |
			      STABLETAP_ATTACH_PROMISC;

	w->port = call->v[PORT];
	w->dev = call->v[DEV];
	if (call->v[MODE])
		stabletap_mode_parse(call->v[MODE], &w->mode);
	w->flags = (call->v[REPLACE] ? STABLETAP_ATTACH_REPLACE : 0) |
		   (call->v[FILTER] ? STABLETAP_ATTACH_FILTER : 0) |
		   (call->v[PROMISC] ? STABLETAP_ATTACH_PROMISC : 0);
	w->quiet = call->v[QUIET] != NULL;
	w->force = call->v[FORCE] != NULL;
	if (w->quiet && call->v[REPLACE])
		return usage("attach: 'quiet' is for a port that has no lower, "
			     "'replace' for one that has");
	if ((w->flags & both) == both)
		return usage("attach: 'filter' and 'promisc' exclude each "
			     "other");
	return 0;
}

/* ---- checks that 'force' overrides ---- */

/*
 * Opens the sysfs of our network namespace; /sys may be another one's.  It is
 * mounted nowhere, so closing it is enough.
 */
static int open_sysfs(void)
{
	int fs = fsopen("sysfs", FSOPEN_CLOEXEC);
	int fd = -1;

	if (fs < 0)
		return open("/sys", O_PATH | O_CLOEXEC);
	if (!fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	close(fs);
	return fd >= 0 ? fd : open("/sys", O_PATH | O_CLOEXEC);
}

static bool is_wifi(const char *name)
{
	char path[64];
	bool found;
	int fd = open_sysfs();

	if (fd < 0)
		return false;
	snprintf(path, sizeof(path), "class/net/%s/phy80211", name);
	found = !faccessat(fd, path, F_OK, 0);
	close(fd);
	return found;
}

static int check_wifi(const struct stabletap_link *dev)
{
	if (!is_wifi(dev->name))
		return 0;
	refuse("'%s' is a Wi-Fi device: a Wi-Fi station carries frames of its "
	       "own MAC address only, so the guest would have no network",
	       dev->name);
	hint("use a wired device, or route; 'force' if it is an access point");
	return CLI_REFUSED;
}

/* Returns a device stacked on @dev that is no child of the port, or NULL. */
static const struct stabletap_link *
find_upper(const struct stabletap_links *all, const struct stabletap_link *dev,
	   const struct stabletap_link *port)
{
	const struct stabletap_link *l;
	size_t i;
	int of;

	for (i = 0; i < all->n; i++) {
		l = all->v[i];
		if (l->link != dev->ifindex || l->ifindex == dev->ifindex ||
		    l->link_netnsid >= 0)
			continue;
		/* A veth's "link" is its peer, not a device below it. */
		if (!strcmp(l->kind, "veth") && !strcmp(dev->kind, "veth"))
			continue;
		if (stabletap_child_is(l, &of) &&
		    (of == port->ifindex || l->master == port->ifindex))
			continue;
		return l;
	}
	return NULL;
}

static int check_upper(struct cli *cli, const struct stabletap_link *dev,
		       const struct stabletap_link *port)
{
	const struct stabletap_link *upper;
	struct stabletap_links all = { 0 };
	int status = 0;
	int err = stabletap_link_dump(cli->st, NULL, &all);

	/*
	 * An interrupted dump may lack devices that come and go all the time.
	 * A device that stays on @dev is in it.
	 */
	if (err < 0)
		return refused(cli, err, "can't list the devices");
	upper = find_upper(&all, dev, port);
	if (upper) {
		refuse("'%s' carries '%s': in mode direct the port would take "
		       "its frames", dev->name, upper->name);
		hint("use another mode than 'direct', or 'force'");
		status = CLI_REFUSED;
	}
	stabletap_links_release(&all);
	return status;
}

/*
 * If a device is used whole, the guest gets all its frames.  Does the host use
 * it?
 */
static int check_direct(struct cli *cli, const struct stabletap_link *dev,
			const struct stabletap_link *port)
{
	int n = stabletap_addr_count(cli->st, dev->ifindex);

	if (n < 0)
		return refused(cli, n, "can't list the addresses of '%s'",
			       dev->name);
	if (n > 0) {
		refuse("'%s' has %d IP address%s: in mode direct the host would "
		       "have no network through it", dev->name, n,
		       n == 1 ? "" : "es");
		hint("use another mode than 'direct', or 'force'");
		return CLI_REFUSED;
	}
	n = stabletap_route_is_default(cli->st, dev->ifindex);
	if (n < 0)
		return refused(cli, n, "can't list the routes through '%s'",
			       dev->name);
	if (n > 0) {
		refuse("a default route uses '%s': in mode direct the host "
		       "would lose its network", dev->name);
		hint("use another mode than 'direct', or 'force'");
		return CLI_REFUSED;
	}
	return check_upper(cli, dev, port);
}

/* ---- refusals ---- */

static void give_hint(int err, const struct wish *w,
		      const struct stabletap_place *p)
{
	switch (err) {
	case -EEXIST:
		hint("'replace' swaps the lower: stabletap attach %s dev %s "
		     "replace", w->port, w->dev);
		break;
	case -EINVAL:	/* from macvlan, which asks the device below */
		if (p->dev != p->parent || p->dev_link.mtu >= p->port_link.mtu)
			break;
		/* fall through */
	case -EMSGSIZE:
		hint("ip link set %s mtu %u", w->dev, p->port_link.mtu);
		break;
	case -EADDRINUSE:
		hint("'ip -d link show type macvlan' lists the macvlans");
		break;
	case -EBUSY:
		hint("'ip -d link show %s' shows its master and kind", w->dev);
		break;
	case -ETXTBSY:
		hint("ip link set %s xdp off", w->dev);
		break;
	default:
		break;
	}
}

static int report(struct cli *cli, int err, const struct wish *w,
		  const struct stabletap_place *p)
{
	refused(cli, err, "can't attach port '%s' to '%s'", w->port, w->dev);
	give_hint(err, w, p);
	if (p->restored == 1)
		note("the old lower is back on '%s'", w->port);
	else if (p->restored)
		note("the old lower could not be put back (%s): '%s' is "
		     "detached", strerror(-p->restored), w->port);
	return CLI_REFUSED;
}

/* ---- the verb's work ---- */

static int place(struct cli *cli, const struct wish *w,
	       const struct stabletap_link *port,
	       const struct stabletap_link *dev)
{
	struct stabletap_place p = {
		.port = port->ifindex,
		.dev = dev->ifindex,
		.mode = w->mode,
		.flags = w->flags,
	};
	int status = CLI_DONE;
	int err;

	err = stabletap_place_plan(cli->st, &p);
	if (err) {
		status = refused(cli, err, "can't look at '%s' and '%s'",
				 w->port, w->dev);
		goto out;
	}
	if (p.how == STABLETAP_HOW_BREAK)
		note("on one device this can't be done without a gap: '%s' is "
		     "detached for a moment", w->port);
	err = stabletap_place_run(cli->st, &p);
	if (err)
		status = report(cli, err, w, &p);
	else if (p.leftover)
		note("the old child (index %d) could not be deleted; the next "
		     "run will", p.leftover);
out:
	stabletap_place_release(&p);
	return status;
}

/* For "quiet": a port that is down neither sends nor receives. */
static int set_port_down(struct cli *cli, const struct stabletap_link *port)
{
	int err;

	if (port->port.lower)
		return refuse("port '%s' has a lower: 'quiet' would cut it off",
			      port->name);
	err = stabletap_link_set_up(cli->st, port->ifindex, false);
	if (err)
		return refused(cli, err, "can't set port '%s' down",
			       port->name);
	return 0;
}

static int place_quietly(struct cli *cli, const struct wish *w,
			 const struct stabletap_link *port,
			 const struct stabletap_link *dev)
{
	int status = set_port_down(cli, port);

	if (status)
		return status;
	status = place(cli, w, port, dev);
	/* If the attach failed, set the port up again. */
	if (status && port->flags & IFF_UP)
		stabletap_link_set_up(cli->st, port->ifindex, true);
	return status;
}

static int attach(struct cli *cli, const struct wish *w,
		  const struct stabletap_link *port,
		  const struct stabletap_link *dev)
{
	int status = 0;

	if (!w->force)
		status = check_wifi(dev);
	if (!status && !w->force && w->mode == STABLETAP_MODE_DIRECT)
		status = check_direct(cli, dev, port);
	if (!status)
		status = w->quiet ? place_quietly(cli, w, port, dev) :
				    place(cli, w, port, dev);
	/* stabletapd may detach the port before the attach is complete. */
	managed_note_attach(cli, w->port, dev, !status);
	return status;
}

static int run(struct cli *cli, const struct call *call)
{
	struct wish w = { .mode = STABLETAP_MODE_BRIDGE };
	struct stabletap_link port = { 0 };
	struct stabletap_link dev = { 0 };
	int status = take(call, &w);

	if (!status)
		status = find_port(cli, w.port, &port);
	if (!status)
		status = find_device(cli, w.dev, &dev);
	if (!status)
		status = attach(cli, &w, &port, &dev);
	stabletap_link_release(&port);
	stabletap_link_release(&dev);
	return status;
}

const struct verb verb_attach = {
	.name = "attach",
	.aliases = "",
	.purpose = "give a port a lower, or swap its lower for another",
	.example = "attach vm1 dev eth1 replace",
	.words = words,
	.run = run,
};
