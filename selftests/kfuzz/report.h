/* SPDX-License-Identifier: GPL-2.0 */
/* The report at the end */
#ifndef KFUZZ_REPORT_H
#define KFUZZ_REPORT_H

struct kf_shared;

/* For each call: number made, number that succeeded, most frequent errnos */
void report_table(const struct kf_shared *shared, unsigned int workers);
/*
 * Print the results "ok" and "not ok", and their numbers.  Returns 0 if all are
 * "ok".
 */
int report_results(const struct kf_shared *shared, unsigned int seconds,
		   int bad_workers);

#endif /* KFUZZ_REPORT_H */
