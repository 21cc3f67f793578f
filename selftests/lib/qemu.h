/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A real QEMU, driven from a test: its monitor by QMP, its machine by qtest.
 *
 * The machine's processor is halted from its first instruction (its firmware
 * is nothing but HLT), so what is done to its devices is done by the test,
 * through the qtest socket: ports, PCI configuration, memory.  QEMU's device
 * model and its tap back end are the real ones.
 *
 * Functions return a negative errno on failure unless they say otherwise.
 */
#ifndef QEMU_H
#define QEMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct qemu {
	pid_t pid;
	int qtest;
	int qmp;
	int log;		/* what QEMU says on its standard error */
	size_t qmp_len;
	char qmp_buf[65536];	/* lines not yet taken */
	char answer[16384];	/* of the last QMP command, or qtest's */
	size_t qtest_len;
	char qtest_buf[16384];
};

/* Is it installed? */
bool qemu_is_here(void);
/*
 * Start QEMU with @fds (@n of them, close-on-exec or not) under the same
 * numbers, and the arguments of @format, separated by blanks.
 */
int qemu_start(struct qemu *q, const int *fds, int n, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The same with QEMU's own firmware and a processor that runs. */
int qemu_boot(struct qemu *q, const int *fds, int n, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Ask it to quit; its wait status, or negative errno at the deadline. */
int qemu_quit(struct qemu *q);
/* Wait for it to end by itself; its wait status likewise. */
int qemu_wait(struct qemu *q, int deadline_ms);
/* Kill it if it is there still. */
void qemu_kill(struct qemu *q);
bool qemu_runs(struct qemu *q);
/* What QEMU said, in a static buffer */
const char *qemu_log(struct qemu *q);

/* One QMP command, by its JSON; -EPROTO if QEMU answers with an error, which
 * is in q->answer as anything it answers.  @fd goes along if not -1. */
int qemu_qmp(struct qemu *q, int fd, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Wait for an event that is named so. */
int qemu_event(struct qemu *q, const char *name, int deadline_ms);

/* One qtest command; the number it answers, 0 if none. */
uint64_t qtest(struct qemu *q, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void qtest_write(struct qemu *q, uint64_t addr, const void *data, size_t len);
void qtest_read(struct qemu *q, uint64_t addr, void *data, size_t len);

#endif /* QEMU_H */
