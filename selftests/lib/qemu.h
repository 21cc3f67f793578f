/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A real QEMU, controlled by a test: its monitor through QMP, its devices
 * through qtest.
 *
 * The machine's processor is halted from its first instruction (the firmware is
 * nothing but HLT).  So only the test accesses the devices, through the qtest
 * socket: I/O ports, PCI configuration, memory.  QEMU's device model and tap
 * back end are the real ones.
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
	int log;		/* QEMU's standard error */
	size_t qmp_len;
	char qmp_buf[65536];	/* lines that are not taken yet */
	char answer[16384];	/* answer to the last QMP or qtest command */
	size_t qtest_len;
	char qtest_buf[16384];
};

/* Returns true if QEMU is installed. */
bool qemu_is_here(void);
/*
 * Start QEMU with @fds (@n of them, close-on-exec or not) under the same
 * numbers, and the arguments of @format, separated by blanks.
 */
int qemu_start(struct qemu *q, const int *fds, int n, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* As qemu_start(), with QEMU's own firmware and a processor that runs. */
int qemu_boot(struct qemu *q, const int *fds, int n, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/*
 * Ask QEMU to quit.  Returns its wait status, or a negative errno at the
 * deadline.
 */
int qemu_quit(struct qemu *q);
/* Wait until QEMU ends by itself.  Returns as qemu_quit(). */
int qemu_wait(struct qemu *q, int deadline_ms);
/* Kill QEMU if it still runs. */
void qemu_kill(struct qemu *q);
bool qemu_runs(struct qemu *q);
/* QEMU's standard error, in a static buffer */
const char *qemu_log(struct qemu *q);

/*
 * Send one QMP command in JSON, with @fd if that is not -1.  The answer is in
 * q->answer.  Returns -EPROTO if QEMU answers with an error.
 */
int qemu_qmp(struct qemu *q, int fd, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Wait for the event of this name. */
int qemu_event(struct qemu *q, const char *name, int deadline_ms);

/*
 * Send one qtest command.  Returns the number in the answer, 0 if there is
 * none.
 */
uint64_t qtest(struct qemu *q, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void qtest_write(struct qemu *q, uint64_t addr, const void *data, size_t len);
void qtest_read(struct qemu *q, uint64_t addr, void *data, size_t len);

#endif /* QEMU_H */
