// SPDX-License-Identifier: GPL-2.0
/* Probes: questions and answers byte by byte, and when a verdict changes. */
#include <net/ethernet.h>
#include <stdlib.h>
#include <linux/filter.h>

#include "conf/conf.h"
#include "frames.h"
#include "model/verdict.h"
#include "probe/answer.h"
#include "tap.h"

static const uint8_t mac[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
static const uint8_t gateway[4] = { 192, 0, 2, 1 };
static const uint8_t gateway6[16] = { 0x20, 0x01, 0x0d, 0xb8, [13] = 0xab,
				      [14] = 0xcd, [15] = 1 };

/* Returns the frame in hex, without the zeros at its end. */
static const char *hex(const struct announce_frame *f)
{
	static char text[2 * ANNOUNCE_FRAME_MAX + 1];
	size_t len = f->len;
	size_t i;

	while (len && !f->data[len - 1])
		len--;
	for (i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", f->data[i]);
	return text;
}

static void test_questions(struct tap *t)
{
	static const uint8_t nobody[4];
	static const uint8_t me[4] = { 192, 0, 2, 7 };
	struct announce_frame f;
	uint8_t local[16];

	ask_arp(&f, mac, nobody, gateway);
	is_str(t, hex(&f), "ffffffffffff" "525400123456" "0806"
	       "0001" "0800" "06" "04" "0001" "525400123456" "00000000"
	       "000000000000" "c0000201", "an ARP probe");
	ok(t, f.len == 60 && f.proto == ETHERTYPE_ARP, "of the shortest length");
	ask_arp(&f, mac, me, gateway);
	is_str(t, hex(&f), "ffffffffffff" "525400123456" "0806"
	       "0001" "0800" "06" "04" "0001" "525400123456" "c0000207"
	       "000000000000" "c0000201", "one from an address");
	answer_link_local(mac, local);
	ask_nd(&f, mac, local, gateway6);
	is_str(t, hex(&f), "3333ffabcd01" "525400123456" "86dd"
	       "60000000" "0020" "3a" "ff"
	       "fe80000000000000505400fffe123456"
	       "ff0200000000000000000001ffabcd01"
	       "87" "00" "a792" "00000000" "20010db8000000000000000000abcd01"
	       "01" "01" "525400123456", "a neighbour solicitation");
}

/* ---- answers ---- */

static const uint8_t arp_answer[28] = {
	0, 1, 8, 0, 6, 4, 0, 2,
	2, 0, 0, 0, 0, 1, 192, 0, 2, 1,
	0x52, 0x54, 0, 0x12, 0x34, 0x56, 0, 0, 0, 0,
};

static void make_na(uint8_t na[72])
{
	static const uint8_t head[8] = { 0x60, 0, 0, 0, 0, 32, 58, 255 };

	memset(na, 0, 72);
	memcpy(na, head, sizeof(head));
	memcpy(na + 8, gateway6, 16);
	answer_link_local(mac, na + 24);
	na[40] = 136;
	na[44] = 0xe0;
	memcpy(na + 48, gateway6, 16);
}

/* Does the frame pass the socket filter?  @tci < 0: it has no tag. */
static bool passes(uint16_t proto, int tci, const uint8_t *data, size_t len)
{
	const struct sock_filter *f = answer_filter.filter;
	const struct sock_filter *end = f + answer_filter.len;
	uint32_t a = 0;
	size_t i, size;

	for (; f < end; f++) {
		size = BPF_SIZE(f->code) == BPF_B ? 1 : 2;
		if (f->code == (BPF_RET | BPF_K))
			return f->k;
		if (f->code == (BPF_JMP | BPF_JEQ | BPF_K))
			f += a == f->k ? f->jt : f->jf;
		else if (f->code == (BPF_JMP | BPF_JSET | BPF_K))
			f += a & f->k ? f->jt : f->jf;
		else if (f->k == (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL))
			a = proto;
		else if (f->k == (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG))
			a = (uint32_t)tci;
		else if (f->k == (uint32_t)(SKF_AD_OFF +
					    SKF_AD_VLAN_TAG_PRESENT))
			a = tci >= 0;
		else if (f->k + size > len)
			return false;
		else
			for (a = 0, i = 0; i < size; i++)
				a = a << 8 | data[f->k + i];
	}
	abort();
}

static void test_filter(struct tap *t)
{
	uint8_t arp[28], na[72];

	memcpy(arp, arp_answer, sizeof(arp));
	ok(t, passes(ETHERTYPE_ARP, -1, arp, 28), "an ARP reply passes");
	ok(t, !passes(ETHERTYPE_ARP, 5, arp, 28), "of a VLAN it does not");
	ok(t, passes(ETHERTYPE_ARP, 0xe000, arp, 28), "with a priority it does");
	ok(t, !passes(ETHERTYPE_IP, -1, arp, 28), "nor do its bytes as IP");
	ok(t, !passes(ETHERTYPE_ARP, -1, arp, 7), "nor when it is cut short");
	arp[7] = 1;
	ok(t, !passes(ETHERTYPE_ARP, -1, arp, 28), "nor does a request");
	make_na(na);
	ok(t, passes(ETHERTYPE_IPV6, -1, na, 72), "an advertisement passes");
	ok(t, !passes(ETHERTYPE_IPV6, 4095, na, 72), "of a VLAN it does not");
	na[44] = 0xa0;
	ok(t, !passes(ETHERTYPE_IPV6, -1, na, 72), "nor if it was not asked for");
	make_na(na);
	na[40] = 135;
	ok(t, !passes(ETHERTYPE_IPV6, -1, na, 72), "nor does a solicitation");
	make_na(na);
	na[7] = 64;
	ok(t, !passes(ETHERTYPE_IPV6, -1, na, 72),
	   "nor what has come through a router");
	make_na(na);
	na[6] = 6;
	ok(t, !passes(ETHERTYPE_IPV6, -1, na, 72), "nor TCP");
}

static void test_answers(struct tap *t)
{
	uint8_t arp[28], na[72], local[16];
	bool good = true;
	size_t i;

	answer_link_local(mac, local);
	make_na(na);
	ok(t, answer_is_arp(arp_answer, 28, mac, gateway),
	   "an ARP reply is an answer");
	ok(t, !answer_is_arp(arp_answer, 27, mac, gateway),
	   "not if a byte is missing");
	/* Any byte but the sender's MAC, the kind of link, whom it tells. */
	for (i = 2; i < 24; i++) {
		memcpy(arp, arp_answer, sizeof(arp));
		arp[i] ^= 0x10;
		if (answer_is_arp(arp, 28, mac, gateway) !=
		    (i >= 8 && i < 14)) {
			good = false;
			printf("# byte %zu\n", i);
		}
	}
	ok(t, good, "nor from or to somebody else");
	ok(t, answer_is_nd(na, 72, local, gateway6),
	   "a neighbour advertisement is an answer");
	ok(t, answer_is_nd(na, 64, local, gateway6),
	   "also without an option");
	ok(t, !answer_is_nd(na, 63, local, gateway6),
	   "not if a byte is missing");
	good = true;
	for (i = 24; i < 64; i++) {
		make_na(na);
		na[i] ^= 0x40;
		if (answer_is_nd(na, 72, local, gateway6) !=
		    (i == 42 || i == 43 || (i > 44 && i < 48))) {
			good = false;
			printf("# byte %zu\n", i);
		}
	}
	ok(t, good, "nor from or to somebody else");
}

/* ---- verdicts ---- */

#define A VERDICT_ANSWERS
#define F VERDICT_FAILS
#define U VERDICT_UNKNOWN

/* '+': answered, '-': not, one after the other at times 1, 2 ... */
static void is_verdict(struct tap *t, const char *seen, uint32_t misses,
		       uint32_t answers, enum verdict_word want)
{
	const struct conf_probe spec = { .misses = misses, .answers = answers };
	struct verdict r = { 0 };
	enum verdict_word before;
	bool told, good = true;
	uint64_t i;

	for (i = 0; seen[i]; i++) {
		before = r.word;
		told = verdict_settle(&r, &spec, i + 1, seen[i] == '+');
		good = good && told == (r.word != before);
	}
	ok(t, good && r.word == want, "'%s', %u misses, %u answers", seen,
	   misses, answers);
}

static void test_verdicts(struct tap *t)
{
	is_verdict(t, "", 3, 1, U);
	is_verdict(t, "--", 3, 1, U);
	is_verdict(t, "---", 3, 1, F);
	is_verdict(t, "+", 3, 1, A);
	is_verdict(t, "+", 3, 2, U);
	is_verdict(t, "-+-+-+", 2, 2, U);
	is_verdict(t, "+--+--+--", 3, 1, A);
	is_verdict(t, "+--+---", 3, 1, F);
	is_verdict(t, "---+", 3, 1, A);
	is_verdict(t, "---+", 3, 2, F);
	is_verdict(t, "---+-+", 3, 2, F);
	is_verdict(t, "---++", 3, 2, A);
	is_verdict(t, "---++-", 3, 2, A);
}

/*
 * Two devices, asked in turn, @present first: may a port leave it for the
 * other one?
 */
static void may_leave(struct tap *t, const char *present, const char *other,
		      bool want, const char *name)
{
	const struct conf_probe spec = { .misses = 3, .answers = 1 };
	struct verdict a = { 0 }, b = { 0 };
	uint64_t i;

	for (i = 0; i < strlen(present); i++)
		verdict_settle(&a, &spec, 2 * i + 1, present[i] == '+');
	for (i = 0; i < strlen(other); i++)
		verdict_settle(&b, &spec, 2 * i + 2, other[i] == '+');
	ok(t, verdict_allows_move(&b, &a) == want, "%s", name);
}

static void test_leaving(struct tap *t)
{
	may_leave(t, "++---", "++++", true,
		  "a device that fails is left for one that answers");
	may_leave(t, "++--", "++++", false, "not before its misses are proven");
	may_leave(t, "++---", "++--", false,
		  "not when the other has missed as well since");
	may_leave(t, "++---", "+-", false,
		  "nor when it has answered before only");
	may_leave(t, "------", "-----+", false,
		  "when the target comes back each has its turn first");
	may_leave(t, "-------", "-----+", true,
		  "one that has missed its turn is left");
	may_leave(t, "------+", "-----+", false, "one that has not is not");
	may_leave(t, "---", "", false, "nothing is known of the other");
	may_leave(t, "", "+++", false, "nothing is known of this one");
}

int main(void)
{
	struct tap t = { 0 };

	test_questions(&t);
	test_filter(&t);
	test_answers(&t);
	test_verdicts(&t);
	test_leaving(&t);
	return tap_end(&t);
}
