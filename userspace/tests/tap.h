/* SPDX-License-Identifier: GPL-2.0 */
/* The little that a unit test needs to speak TAP. */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct tap {
	int count;
	int failed;
};

__attribute__((format(printf, 3, 4)))
static inline bool ok(struct tap *t, bool good, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", good ? "" : "not ", ++t->count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	t->failed += !good;
	return good;
}

static inline bool is_str(struct tap *t, const char *got, const char *want,
			  const char *name)
{
	bool good = got && !strcmp(got, want);

	ok(t, good, "%s", name);
	if (!good)
		printf("# got:  '%s'\n# want: '%s'\n", got ? got : "(null)",
		       want);
	return good;
}

/* Print the plan; what main() returns. */
static inline int tap_end(const struct tap *t)
{
	printf("1..%d\n", t->count);
	return t->failed != 0;
}

#endif /* TESTS_TAP_H */
