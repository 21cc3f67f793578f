// SPDX-License-Identifier: GPL-2.0
/* What the journal has of events, and of keys that can't change a port. */
#include "loop.h"
#include "scene.h"
#include "tap.h"
#include "tell/journal.h"
#include "tell/unapplied.h"

#define P "[Port p]\nCandidate=a\nCandidate=b\n"

static int log_fd;

/* How often @text was logged since the last call */
static unsigned int logged(const char *text)
{
	unsigned int n = log_count(log_fd, text);

	log_forget(log_fd);
	return n;
}

/* ---- events ---- */

static void test_journal(struct tap *t)
{
	scene_begin(P);
	journal_watch(&scene.m);
	log_forget(log_fd);
	scene_play("a b p");
	ok(t, !logged("p: "), "the state in which a port is found is no event");
	scene_play("p@a");
	ok(t, logged("p: attached to a: not by the daemon\n") == 1,
	   "an attach is logged");
	scene_play("p@b");
	ok(t, logged("p: replaced from a to b: not by the daemon\n") == 1,
	   "a replace has both devices");
	scene_play("p@none");
	ok(t, logged("p: detached from b: ") == 1, "a detach has one");
	scene_play("+1500ms p@a");
	ok(t, logged(", without a lower for 1.500 s\n") == 1,
	   "an attach after a detach says how long that lasted");
	scene_play("p:gone");
	ok(t, logged("p: deleted from a\n") == 1,
	   "an event without a reason ends without one");
	scene_end();
}

/* ---- differences ---- */

static void put_port(const char *mac, uint32_t mtu, uint32_t queues,
		     uint32_t perm)
{
	struct stabletap_link link = scene_port_link("p");

	scene_mac(mac, link.addr);
	link.mtu = mtu;
	link.port.queues = queues;
	link.port.perm = perm;
	link.port.owner = 7;
	link.port.group = 8;
	scene_put(&link);
}

#define SAME "MACAddress=2:0:0:0:0:1\nMTUBytes=9000\nQueues=2\nOwner=7\n" \
	"Group=8\nMode=0640\n"

static const struct {
	const char *key;
	const char *keys;	/* another value for it; all else as it is */
} keys[] = {
	{ "MACAddress", "MACAddress=2:0:0:0:0:2\nMTUBytes=9000\nQueues=2\n"
	  "Owner=7\nGroup=8\nMode=0640\n" },
	{ "MTUBytes", "MACAddress=2:0:0:0:0:1\nMTUBytes=1400\nQueues=2\n"
	  "Owner=7\nGroup=8\nMode=0640\n" },
	{ "Queues", "MACAddress=2:0:0:0:0:1\nMTUBytes=9000\nQueues=3\n"
	  "Owner=7\nGroup=8\nMode=0640\n" },
	{ "Owner", "MACAddress=2:0:0:0:0:1\nMTUBytes=9000\nQueues=2\n"
	  "Owner=9\nGroup=8\nMode=0640\n" },
	{ "Group", "MACAddress=2:0:0:0:0:1\nMTUBytes=9000\nQueues=2\n"
	  "Owner=7\nGroup=9\nMode=0640\n" },
	{ "Mode", "MACAddress=2:0:0:0:0:1\nMTUBytes=9000\nQueues=2\n"
	  "Owner=7\nGroup=8\nMode=0600\n" },
};

#define WARNING "= is not what it was made with"

static void test_difference(struct tap *t)
{
	char text[256];
	size_t i;

	scene_begin(P SAME);
	unapplied_watch(&scene.m);
	log_forget(log_fd);
	put_port("2:0:0:0:0:1", 9000, 2, 0640);
	ok(t, !logged(WARNING), "a port as it is configured differs in nothing");
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		scene_configure(P SAME);
		log_forget(log_fd);
		snprintf(text, sizeof(text), P "%s", keys[i].keys);
		scene_configure(text);
		snprintf(text, sizeof(text), "p: %s" WARNING, keys[i].key);
		ok(t, log_count(log_fd, text) == 1 && logged(WARNING) == 1,
		   "a reload that changes %s= can't change the port",
		   keys[i].key);
	}
	scene_end();
}

static void test_found(struct tap *t)
{
	scene_begin(P "MTUBytes=1400\n");
	unapplied_watch(&scene.m);
	log_forget(log_fd);
	put_port("2:0:0:0:0:1", 9000, 2, 0640);
	ok(t, logged("p: MTUBytes" WARNING) == 1,
	   "a port that is found is compared");
	put_port("2:0:0:0:0:1", 9000, 4, 0640);
	ok(t, !logged("p: MTUBytes" WARNING), "which is logged once");
	scene_configure(P);
	ok(t, !log_count(log_fd, "p: MTUBytes") &&
	   !log_count(log_fd, "p: Queues") && !logged("p: Mode"),
	   "keys that are not set are not compared");
	scene_play("p:on-detach=hold p:frames=9");
	scene_configure(P "OnDetach=hold\nHoldFrames=8\n");
	scene_configure(P);
	ok(t, !log_count(log_fd, "OnDetach") && !logged("Hold"),
	   "nor are options that can be set at any time");
	scene_play("p:gone");
	scene_configure(P "MTUBytes=1400\n");
	ok(t, !logged(WARNING), "nor is a port that does not exist");
	scene_end();
}

int main(void)
{
	struct tap t = { 0 };

	log_fd = log_capture();
	test_journal(&t);
	test_difference(&t);
	test_found(&t);
	return tap_end(&t);
}
