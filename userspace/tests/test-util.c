// SPDX-License-Identifier: GPL-2.0
/* Sets of numbers, the back-off. */
#include "tap.h"
#include "util/clock.h"
#include "util/idset.h"
#include "util/retry.h"

/* ---- sets ---- */

static bool is_sorted(const struct idset *s)
{
	size_t i;

	for (i = 1; i < s->n; i++)
		if (s->v[i - 1] >= s->v[i])
			return false;
	return true;
}

/* Against an array of bool, in an order that repeats */
static void test_set_random(struct tap *t)
{
	bool has[64] = { 0 };
	struct idset s = { 0 };
	unsigned int seed = 1, i, n = 0;
	bool good = true;

	for (i = 0; i < 20000; i++) {
		int id = (int)((seed = seed * 1103515245 + 12345) >> 16 & 63);
		bool member = seed & 0x400;

		if (idset_make(&s, id, member) != (has[id] != member))
			good = false;
		n += (unsigned int)member - has[id];
		has[id] = member;
		if (s.n != n || !is_sorted(&s) || idset_has(&s, id) != member)
			good = false;
	}
	ok(t, good, "20,000 random changes of a set");
	idset_release(&s);
}

static void test_set(struct tap *t)
{
	struct idset a = { 0 }, b = { 0 };

	ok(t, !idset_has(&a, 1) && !idset_drop(&a, 1), "an empty set");
	ok(t, idset_add(&a, 7) == 1 && !idset_add(&a, 7) && a.n == 1,
	   "what is there is not added again");
	ok(t, !idset_equal(&a, &b) && idset_add(&b, 7) == 1 &&
	   idset_equal(&a, &b), "sets are compared");
	idset_clear(&a);
	ok(t, !a.n && !idset_has(&a, 7), "a set is emptied");
	idset_release(&a);
	idset_release(&b);
}

/* ---- the back-off ---- */

static void test_retry(struct tap *t)
{
	static const struct retry_pace pace = { .first = 5, .most = 40 };
	static const uint64_t want[] = { 5, 10, 20, 40, 40, 40 };
	struct retry r = { 0 };
	bool good = true;
	size_t i;

	for (i = 0; i < sizeof(want) / sizeof(*want); i++)
		good = good && retry_after(&r, &pace) == want[i];
	ok(t, good && r.failures == 6, "a pause doubles up to the most");
	retry_reset(&r);
	ok(t, retry_after(&r, &pace) == 5, "and begins anew after a success");
	r.failures = 4000000000U;
	ok(t, retry_after(&r, &pace) == 40, "however many failures there were");
	retry_reset(&r);
	ok(t, retry_after(&r, &retry_refused) == 500 * CLOCK_MS,
	   "a refusal is tried again after half a second");
	r.failures = 20;
	ok(t, retry_after(&r, &retry_refused) == 64 * CLOCK_SECOND,
	   "a minute at most");
}

int main(void)
{
	struct tap t = { 0 };

	test_set(&t);
	test_set_random(&t);
	test_retry(&t);
	return tap_end(&t);
}
