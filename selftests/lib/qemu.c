// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "st.h"

#define PROGRAM		"qemu-system-x86_64"
#define ROM_SIZE	65536
#define MAX_ARGS	128
/* Long, for emulation inside emulation on a busy host */
#define ANSWER_MS	60000

/* Firmware that halts the processor at whatever address it starts */
static int make_rom(void)
{
	char rom[ROM_SIZE];
	int fd = memfd_create("rom", 0);

	if (fd < 0)
		return -errno;
	memset(rom, 0xf4, sizeof(rom));
	if (write(fd, rom, sizeof(rom)) != sizeof(rom)) {
		close(fd);
		return -EIO;
	}
	return fd;
}

static void run_qemu(char *args, const int *fds, int n, int log)
{
	char *argv[MAX_ARGS];
	int argc = 0;

	for (argv[argc] = strtok(args, " "); argv[argc];
	     argv[argc] = strtok(NULL, " "))
		if (++argc == MAX_ARGS)
			_exit(126);
	for (int i = 0; i < n; i++)
		fcntl(fds[i], F_SETFD, 0);
	/* QEMU must not outlive a test that is killed. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	execvp(argv[0], argv);
	_exit(127);
}

bool qemu_is_here(void)
{
	return !access("/usr/bin/" PROGRAM, X_OK);
}

static int talk_qmp(struct qemu *q)
{
	return qemu_qmp(q, -1, "{\"execute\": \"qmp_capabilities\"}");
}

/* @args: QEMU's command line without its sockets */
static int start(struct qemu *q, const int *fds, int n, const char *args)
{
	int qtest_pair[2], qmp_pair[2];
	char line[4096];

	q->log = memfd_create("log", MFD_CLOEXEC);
	if (q->log < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, qtest_pair) ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, qmp_pair))
		return -errno;
	fcntl(qtest_pair[0], F_SETFD, FD_CLOEXEC);
	fcntl(qmp_pair[0], F_SETFD, FD_CLOEXEC);
	snprintf(line, sizeof(line),
		 PROGRAM " -M pc -accel tcg -cpu qemu64 -nodefaults "
		 "-no-user-config -display none -chardev socket,id=qtest,fd=%d "
		 "-qtest chardev:qtest -qtest-log none "
		 "-chardev socket,id=qmp,fd=%d -mon chardev=qmp,mode=control "
		 "%s", qtest_pair[1], qmp_pair[1], args);

	fflush(NULL);
	q->pid = fork();
	if (q->pid < 0)
		return -errno;
	if (!q->pid)
		run_qemu(line, fds, n, q->log);
	close(qtest_pair[1]);
	close(qmp_pair[1]);
	q->qtest = qtest_pair[0];
	q->qmp = qmp_pair[0];
	return talk_qmp(q);
}

int qemu_start(struct qemu *q, const int *fds, int n, const char *format, ...)
{
	char args[2048];
	int rom, len, err;
	va_list ap;

	memset(q, 0, sizeof(*q));
	rom = make_rom();
	if (rom < 0)
		return rom;
	len = snprintf(args, sizeof(args), "-m 16 -bios /proc/self/fd/%d ",
		       rom);
	va_start(ap, format);
	vsnprintf(args + len, sizeof(args) - len, format, ap);
	va_end(ap);
	err = start(q, fds, n, args);
	close(rom);
	return err;
}

int qemu_boot(struct qemu *q, const int *fds, int n, const char *format, ...)
{
	char args[2048];
	va_list ap;

	memset(q, 0, sizeof(*q));
	va_start(ap, format);
	vsnprintf(args, sizeof(args), format, ap);
	va_end(ap);
	return start(q, fds, n, args);
}

struct ending {
	struct qemu *q;
	int status;
};

static bool has_ended(void *arg)
{
	struct ending *e = arg;

	return waitpid(e->q->pid, &e->status, WNOHANG) == e->q->pid;
}

int qemu_wait(struct qemu *q, int deadline_ms)
{
	struct ending e = { .q = q };

	if (!q->pid)
		return -ECHILD;
	if (!st_wait(has_ended, &e, deadline_ms))
		return -ETIMEDOUT;
	q->pid = 0;
	close(q->qtest);
	close(q->qmp);
	return e.status;
}

int qemu_quit(struct qemu *q)
{
	int err = qemu_qmp(q, -1, "{\"execute\": \"quit\"}");

	return err ? err : qemu_wait(q, ANSWER_MS);
}

void qemu_kill(struct qemu *q)
{
	if (q->pid) {
		kill(q->pid, SIGKILL);
		qemu_wait(q, ANSWER_MS);
	}
	close(q->log);
}

bool qemu_runs(struct qemu *q)
{
	siginfo_t info = {};

	return q->pid && !waitid(P_PID, q->pid, &info,
				 WEXITED | WNOHANG | WNOWAIT) && !info.si_pid;
}

const char *qemu_log(struct qemu *q)
{
	static char text[2048];
	ssize_t len = pread(q->log, text, sizeof(text) - 1, 0);

	text[len > 0 ? len : 0] = 0;
	return text;
}

/* Take one line from @buf, which is filled from @fd; false at the deadline. */
static bool take_line(int fd, char *buf, size_t size, size_t *len, char *line,
		      size_t room, int deadline_ms)
{
	uint64_t deadline = st_now() + deadline_ms * 1000000ULL;
	size_t used;
	ssize_t got;
	char *end;

	while (!(end = memchr(buf, '\n', *len))) {
		int left = (int64_t)(deadline - st_now()) / 1000000;

		if (left <= 0 || *len == size || st_readable(fd, left) <= 0)
			return false;
		got = read(fd, buf + *len, size - *len);
		if (got <= 0)
			return false;
		*len += got;
	}
	used = end - buf + 1;
	snprintf(line, room, "%.*s", (int)(used - 1), buf);
	*len -= used;
	memmove(buf, buf + used, *len);
	return true;
}

static bool take_qmp(struct qemu *q, int deadline_ms)
{
	return take_line(q->qmp, q->qmp_buf, sizeof(q->qmp_buf), &q->qmp_len,
			 q->answer, sizeof(q->answer), deadline_ms);
}

static int send_with_fd(int to, const char *text, int fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {};
	struct iovec iov = { (void *)text, strlen(text) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.buf);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	}
	if (sendmsg(to, &msg, MSG_NOSIGNAL) != (ssize_t)iov.iov_len)
		return -EPIPE;
	return 0;
}

int qemu_qmp(struct qemu *q, int fd, const char *format, ...)
{
	char text[1024];
	va_list ap;
	int err;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	err = send_with_fd(q->qmp, text, fd);
	if (err)
		return err;
	do {
		if (!take_qmp(q, ANSWER_MS))
			return -ETIMEDOUT;
		if (!strncmp(q->answer, "{\"error\"", 8))
			return -EPROTO;
	} while (strncmp(q->answer, "{\"return\"", 9));
	return 0;
}

int qemu_event(struct qemu *q, const char *name, int deadline_ms)
{
	char wanted[64];

	snprintf(wanted, sizeof(wanted), "\"event\": \"%s\"", name);
	while (take_qmp(q, deadline_ms))
		if (strstr(q->answer, wanted))
			return 0;
	return -ETIMEDOUT;
}

/* Read the answer to a qtest command into q->answer, without the "OK". */
static void qtest_answer(struct qemu *q)
{
	do {
		if (!take_line(q->qtest, q->qtest_buf, sizeof(q->qtest_buf),
			       &q->qtest_len, q->answer, sizeof(q->answer),
			       ANSWER_MS)) {
			q->answer[0] = 0;
			return;
		}
	} while (strncmp(q->answer, "OK", 2));
	memmove(q->answer, q->answer + 2, strlen(q->answer + 2) + 1);
}

uint64_t qtest(struct qemu *q, const char *format, ...)
{
	char text[256];
	va_list ap;
	int len;

	va_start(ap, format);
	len = vsnprintf(text, sizeof(text) - 1, format, ap);
	va_end(ap);
	text[len++] = '\n';
	if (send(q->qtest, text, len, MSG_NOSIGNAL) != len)
		return 0;
	qtest_answer(q);
	return strtoull(q->answer, NULL, 0);
}

void qtest_write(struct qemu *q, uint64_t addr, const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *byte = data;
	char text[8192];
	size_t n;

	n = sprintf(text, "write 0x%llx %zu 0x", (unsigned long long)addr,
		    len);
	for (size_t i = 0; i < len && n < sizeof(text) - 3; i++) {
		text[n++] = digits[byte[i] >> 4];
		text[n++] = digits[byte[i] & 15];
	}
	text[n++] = '\n';
	if (send(q->qtest, text, n, MSG_NOSIGNAL) == (ssize_t)n)
		qtest_answer(q);
}

void qtest_read(struct qemu *q, uint64_t addr, void *data, size_t len)
{
	uint8_t *byte = data;
	const char *hex;

	memset(data, 0, len);
	qtest(q, "read 0x%llx %zu", (unsigned long long)addr, len);
	hex = strstr(q->answer, "0x");
	for (size_t i = 0; hex && i < len && hex[2 + 2 * i]; i++)
		sscanf(hex + 2 + 2 * i, "%2hhx", &byte[i]);
}
