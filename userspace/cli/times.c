// SPDX-License-Identifier: GPL-2.0
/* Formats and parses times. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "times.h"

const char *time_format(const struct timespec *ts, bool utc,
			char buf[TIME_TEXT])
{
	struct tm tm = { 0 };
	char date[24];
	char zone[8];

	if (utc)
		gmtime_r(&ts->tv_sec, &tm);
	else
		localtime_r(&ts->tv_sec, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	strftime(zone, sizeof(zone), "%z", &tm);
	if (utc)
		snprintf(buf, TIME_TEXT, "%s.%06ldZ", date,
			 ts->tv_nsec / 1000);
	else
		snprintf(buf, TIME_TEXT, "%s.%06ld%.3s:%s", date,
			 ts->tv_nsec / 1000, zone, zone + 3);
	return buf;
}

const char *time_now(bool utc, char buf[TIME_TEXT])
{
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_REALTIME, &ts);
	return time_format(&ts, utc, buf);
}

bool time_parse(const char *text, struct timespec *ts)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	long unit = 100000000;
	long offset;
	long ns = 0;

	if (end && *end == '.')
		for (end++; *end >= '0' && *end <= '9'; end++, unit /= 10)
			ns += (*end - '0') * unit;
	if (end)
		end = strptime(end, "%z", &tm);
	if (!end || *end)
		return false;
	/* timegm() sets tm_gmtoff to zero. */
	offset = tm.tm_gmtoff;
	ts->tv_sec = timegm(&tm) - offset;
	ts->tv_nsec = ns;
	return true;
}

uint64_t time_since(const struct timespec *then)
{
	struct timespec now = { 0 };
	int64_t ns;

	clock_gettime(CLOCK_REALTIME, &now);
	ns = (now.tv_sec - then->tv_sec) * INT64_C(1000000000) +
	     now.tv_nsec - then->tv_nsec;
	return ns > 0 ? (uint64_t)ns : 0;
}

int64_t time_ms(void)
{
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int time_left(int64_t end)
{
	int64_t left = end - time_ms();

	if (!end)
		return -1;
	return left > 0 ? (int)left : 0;
}

const char *time_span(uint64_t ns, char *buf, size_t size)
{
	uint64_t s = ns / 1000000000u;

	if (s < 60)
		snprintf(buf, size, "%" PRIu64 ".%" PRIu64 "s", s,
			 ns / 100000000u % 10);
	else if (s < 3600)
		snprintf(buf, size, "%" PRIu64 "m%02" PRIu64 "s", s / 60,
			 s % 60);
	else if (s < 86400)
		snprintf(buf, size, "%" PRIu64 "h%02" PRIu64 "m", s / 3600,
			 s / 60 % 60);
	else
		snprintf(buf, size, "%" PRIu64 "d%02" PRIu64 "h", s / 86400,
			 s / 3600 % 24);
	return buf;
}
