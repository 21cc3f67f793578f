// SPDX-License-Identifier: GPL-2.0
/* MAC addresses, numbers, words for values, substitution. */
#include <errno.h>
#include <stdlib.h>
#include <linux/if_link.h>

#include "stabletap.h"
#include "subst.h"
#include "tap.h"

static void test_mac(struct tap *t)
{
	static const uint8_t want[6] = { 0x52, 0x54, 0x00, 0xab, 0x0c, 0xef };
	static const char *const bad[] = {
		"", "52", "52:54:00:ab:0c", "52:54:00:ab:0c:ef:01",
		"52:54:00:ab:0c:ef:", ":52:54:00:ab:0c", "52:54:00:ab:0c:eg",
		"52:54-00:ab:0c:ef", "525:4:00:ab:0c:ef", "52:54:00:ab:0c:ef ",
		"52:54:00::0c:ef", "5254.00ab.0cef",
	};
	char buf[STABLETAP_MAC_TEXT];
	uint8_t mac[6] = { 0 };
	size_t i;

	ok(t, !stabletap_mac_parse("52:54:00:AB:c:ef", mac) &&
	   !memcmp(mac, want, 6), "capitals and single digits are read");
	ok(t, !stabletap_mac_parse("52-54-00-ab-0c-ef", mac) &&
	   !memcmp(mac, want, 6), "dashes are read");
	is_str(t, stabletap_mac_format(mac, buf), "52:54:00:ab:0c:ef",
	       "a MAC address is written with colons and two digits");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(t, stabletap_mac_parse(bad[i], mac) == -EINVAL,
		   "'%s' is no MAC address", bad[i]);
	ok(t, !memcmp(mac, want, 6), "a refusal leaves the address alone");
}

static void test_numbers(struct tap *t)
{
	static const char *const bad[] = {
		"", " 1", "+1", "-1", "1 ", "0x1", "4294967295", "no-such-name",
	};
	uint32_t id = 7, perm = 7;
	uint64_t n = 7;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ok(t, stabletap_user_parse(bad[i], &id) == -EINVAL,
		   "'%s' is no user", bad[i]);
		ok(t, stabletap_group_parse(bad[i], &id) == -EINVAL,
		   "'%s' is no group", bad[i]);
	}
	ok(t, id == 7, "a refusal leaves the id alone");
	ok(t, !stabletap_user_parse("root", &id) && id == 0,
	   "a user is read by name");
	ok(t, !stabletap_group_parse("4294967294", &id) && id == 4294967294U,
	   "a group is read by number");
	ok(t, stabletap_perm_parse("0", &perm) == -EINVAL &&
	   stabletap_perm_parse("1000", &perm) == -EINVAL &&
	   stabletap_perm_parse("0680", &perm) == -EINVAL && perm == 7,
	   "a mode is 0001 to 0777, octal");
	ok(t, !stabletap_perm_parse("0660", &perm) && perm == 0660,
	   "a mode is read");
	ok(t, stabletap_number_parse("18446744073709551616", 10, UINT64_MAX,
				     &n) == -EINVAL && n == 7,
	   "a number of more than 64 bits is refused");
	ok(t, !stabletap_number_parse("18446744073709551615", 10, UINT64_MAX,
				      &n) && n == UINT64_MAX,
	   "a number of 64 bits is read");
}

static void test_sizes(struct tap *t)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} sizes[] = {
		{ "0", 0 }, { "4194304", 4194304 }, { "64K", 65536 },
		{ "64k", 65536 }, { "4M", 4194304 }, { "4G", 4294967296 },
		{ "4194304K", 4294967296 },
	};
	static const char *const bad[] = {
		"", "K", "4T", "4MB", "4 M", "-1", "4.5M", "0x10", "4294967297",
		"4194305K", "5G", "18446744073709551616",
		"000000000000000000000001", "17179869185G",
	};
	uint64_t bytes = 7;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		ok(t, !stabletap_size_parse(sizes[i].text, 4294967296,
					    &bytes) && bytes == sizes[i].bytes,
		   "'%s' is %llu bytes", sizes[i].text,
		   (unsigned long long)sizes[i].bytes);
	bytes = 7;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(t, stabletap_size_parse(bad[i], 4294967296,
					   &bytes) == -EINVAL && bytes == 7,
		   "'%s' is no size up to 4 GiB", bad[i]);
}

static void test_words(struct tap *t)
{
	enum stabletap_mode mode = STABLETAP_MODE_BRIDGE;
	uint32_t on_detach = 9;

	is_str(t, stabletap_state_name(STABLETAP_STATE_LOWER_DOWN),
	       "lower-down", "a state has a word");
	is_str(t, stabletap_state_name(99), "unknown",
	       "a state of a newer module is unknown");
	is_str(t, stabletap_reason_name(STABLETAP_REASON_PORT_MOVED),
	       "port-moved", "the last reason has a word");
	is_str(t, stabletap_macvlan_mode_name(MACVLAN_MODE_SOURCE), "source",
	       "modes we don't make have words, too");
	ok(t, !stabletap_mode_parse("direct", &mode) &&
	   mode == STABLETAP_MODE_DIRECT, "direct is a mode");
	ok(t, stabletap_mode_parse("source", &mode) == -EINVAL,
	   "source is no mode of ours");
	ok(t, !stabletap_on_detach_parse("hold", &on_detach) && on_detach == 1,
	   "hold is an on-detach policy");
}

static void test_replace(struct tap *t, const char *text, const char *want)
{
	char *got = replace_all(text, "{fds}", "3:4:5");

	is_str(t, got, want, "replaced in");
	free(got);
}

static void test_substitution(struct tap *t)
{
	const int fds[] = { 3, 14, 2147483647 };
	char *text = join_fds(fds, 3);

	is_str(t, text, "3:14:2147483647", "fds are joined as QEMU wants them");
	free(text);
	text = join_fds(fds, 1);
	is_str(t, text, "3", "one fd stands alone");
	free(text);
	test_replace(t, "tap,fds={fds},vhost=on", "tap,fds=3:4:5,vhost=on");
	test_replace(t, "{fds}", "3:4:5");
	test_replace(t, "{fds}{fds}x{fds}", "3:4:53:4:5x3:4:5");
	test_replace(t, "nothing {fd} here", "nothing {fd} here");
	test_replace(t, "", "");
	test_replace(t, "{fds", "{fds");
	ok(t, has_place("a{fd}b", "{fd}") && !has_place("a{fds}b", "{fd}"),
	   "{fds} is no {fd}");
}

int main(void)
{
	struct tap t = { 0 };

	test_mac(&t);
	test_numbers(&t);
	test_sizes(&t);
	test_words(&t);
	test_substitution(&t);
	return tap_end(&t);
}
