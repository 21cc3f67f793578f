/* SPDX-License-Identifier: GPL-2.0 */
/* What is told at the end. */
#ifndef KFUZZ_REPORT_H
#define KFUZZ_REPORT_H

struct kf_shared;

/* Call by call: made, succeeded, what most of the others failed by */
void report_table(const struct kf_shared *shared, unsigned int workers);
/* "ok" and "not ok", and their number; 0 if all is well */
int report_results(const struct kf_shared *shared, unsigned int seconds,
		   int bad_workers);

#endif /* KFUZZ_REPORT_H */
