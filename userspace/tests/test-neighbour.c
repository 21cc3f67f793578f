// SPDX-License-Identifier: GPL-2.0
/* Asking by ARP while a device is hung. */
#include <net/if.h>
#include <sched.h>

#include "loop.h"
#include "probe/neighbour.h"
#include "probe/probe.h"
#include "tap.h"

static const uint8_t target[4] = { 192, 0, 2, 1 };
static sd_event *loop;

static void on_heard(int ifindex, uint16_t proto, const uint8_t *data,
		     size_t len, void *arg)
{
	(void)ifindex, (void)proto, (void)data, (void)len, (void)arg;
}

struct asker {
	struct device dev;
	struct probe p;
};

static void asker_init(struct asker *a, const char *name)
{
	memset(a, 0, sizeof(*a));
	a->dev.link.ifindex = (int)if_nametoindex(name);
	memcpy(a->dev.link.addr, "\x02\0\0\0\0\x01", 6);
	a->p.dev = &a->dev;
	a->p.tap = -1;
	a->p.spec.kind = CONF_PROBE_ARP;
	memcpy(a->p.spec.target, target, sizeof(target));
}

/* ---- a device whose queue has stopped ---- */

/* As good as stopped: a byte a second */
#define STOP "ip link add hung0 type veth peer name hung1 && " \
	"ip link set hung1 up && ip link set hung0 up && " \
	"tc qdisc add dev hung0 root tbf rate 8bit burst 1600 limit 10000000"

static void test_hung(struct tap *t)
{
	struct neighbours *n = neighbours_new(loop, on_heard, NULL);
	struct asker hung, well;
	int i;

	if (shell(STOP)) {
		ok(t, true, "a hung device # SKIP no tc or sch_tbf");
		neighbours_free(n);
		return;
	}
	asker_init(&hung, "hung0");
	asker_init(&well, "near0");
	for (i = 0; i < 1000; i++)
		neighbour_ask(n, &hung.p);
	ok(t, !neighbour_ask(n, &well.p),
	   "a device that has hung keeps no other from being asked");
	neighbours_free(n);
}

int main(void)
{
	struct tap t = { 0 };

	if (unshare(CLONE_NEWNET) ||
	    shell("ip link add near0 address 02:00:00:00:00:01 type veth "
		  "peer name far0 && ip link set near0 up && "
		  "ip link set far0 up") || sd_event_new(&loop) < 0) {
		ok(&t, true, "asking # SKIP no network namespace or veth");
		return tap_end(&t);
	}
	test_hung(&t);
	sd_event_unref(loop);
	return tap_end(&t);
}
