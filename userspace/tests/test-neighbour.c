// SPDX-License-Identifier: GPL-2.0
/* Asking by ARP through devices that are hung, or flooded with answers. */
#include <arpa/inet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/if_ether.h>
#include <netpacket/packet.h>
#include <sched.h>
#include <sys/socket.h>

#include "loop.h"
#include "probe/neighbour.h"
#include "probe/probe.h"
#include "tap.h"
#include "util/priority.h"

static const uint8_t target[4] = { 192, 0, 2, 1 };
static sd_event *loop;
static unsigned int heard;

static void on_heard(int ifindex, uint16_t proto, const uint8_t *data,
		     size_t len, void *arg)
{
	(void)ifindex, (void)proto, (void)data, (void)len, (void)arg;
	heard++;
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

/* ---- a flood ---- */

static void answer(int fd, const struct sockaddr_ll *to, int times)
{
	struct ether_arp arp = {
		.ea_hdr = { htons(ARPHRD_ETHER), htons(ETHERTYPE_IP), 6, 4,
			    htons(ARPOP_REPLY) },
	};

	while (times--)
		sendto(fd, &arp, sizeof(arp), MSG_DONTWAIT,
		       (const struct sockaddr *)to, sizeof(*to));
}

static int on_turn(sd_event_source *s, void *arg)
{
	++*(unsigned int *)arg;
	sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
	return 0;
}

/*
 * Of the turns of the loop, answers get at most 8 in 10 ms, the end of that
 * limit takes one, and @other gets all others.  A machine that has other things
 * to do needs more periods of 10 ms for all turns, and is allowed more of either.
 */
static void test_flood(struct tap *t)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP),
		.sll_halen = 6, .sll_addr = { 2, 0, 0, 0, 0, 1 },
		.sll_ifindex = (int)if_nametoindex("far0"),
	};
	struct neighbours *n = neighbours_new(loop, on_heard, NULL);
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0), i;
	sd_event_source *other = NULL;
	unsigned int turns = 0, reads = 0, before;
	uint64_t begin, periods;
	struct asker a;

	asker_init(&a, "near0");
	if (neighbour_ask(n, &a.p) ||
	    sd_event_add_defer(loop, &other, on_turn, &turns) < 0)
		abort();
	sd_event_source_set_priority(other, PRIORITY_ANNOUNCE);
	heard = 0;
	answer(fd, &to, 100);
	sd_event_run(loop, 0);
	ok(t, heard > 0 && heard < 100,
	   "answers are heard, but not all in one turn (%u of 100)", heard);
	begin = loop_now_ms();
	for (i = 0; i < 200; i++) {
		before = heard;
		answer(fd, &to, 1);
		sd_event_run(loop, 0);
		reads += heard > before;
	}
	periods = (loop_now_ms() - begin) / 10 + 2;
	ok(t, reads <= 8 * periods && reads + turns + periods >= 200,
	   "as many as come, others have turns (%u of 200, in %u periods)",
	   turns, (unsigned int)periods);
	sd_event_source_disable_unref(other);
	neighbours_free(n);
	close(fd);
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
	test_flood(&t);
	sd_event_unref(loop);
	return tap_end(&t);
}
