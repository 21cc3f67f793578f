/* SPDX-License-Identifier: GPL-2.0 */
/* Formats and parses times: local with their offset, or UTC. */
#ifndef CLI_TIMES_H
#define CLI_TIMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* "2031-05-06T07:08:09.123456+02:00" */
#define TIME_TEXT 64

const char *time_format(const struct timespec *ts, bool utc,
			char buf[TIME_TEXT]);
const char *time_now(bool utc, char buf[TIME_TEXT]);

/* Parses a time in that format; false: @text is something else. */
bool time_parse(const char *text, struct timespec *ts);

/*
 * Returns nanoseconds since @then by the wall clock; 0 if that is in the
 * future.
 */
uint64_t time_since(const struct timespec *then);

/* For deadlines: milliseconds of CLOCK_MONOTONIC */
int64_t time_ms(void);

/* Milliseconds until deadline @end, as poll() takes them; 0 is no deadline. */
int time_left(int64_t end);

/* "12.3s", "4m10s", "3h05m", "2d07h" */
const char *time_span(uint64_t ns, char *buf, size_t size);

#endif /* CLI_TIMES_H */
