// SPDX-License-Identifier: GPL-2.0
/* Has "stabletapd --check" check the configuration. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "doctor/offline.h"

#define PROGRAM "stabletapd"

/* Runs it with both outputs on @out. */
static void run(int out)
{
	char path[512];
	ssize_t len = readlink("/proc/self/exe", path,
			       sizeof(path) - sizeof(PROGRAM));
	char *slash;

	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	path[len > 0 ? len : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash) {
		memcpy(slash + 1, PROGRAM, sizeof(PROGRAM));
		execl(path, PROGRAM, "--check", (char *)NULL);
	}
	execlp(PROGRAM, PROGRAM, "--check", (char *)NULL);
	_exit(127);
}

/* Reads all; the first line that is no warning goes to @line. */
static void read_output(FILE *in, char *line, size_t size)
{
	char next[512];

	line[0] = '\0';
	while (fgets(next, sizeof(next), in)) {
		next[strcspn(next, "\n")] = '\0';
		if (!*line && !strstr(next, ": warning: "))
			snprintf(line, size, "%s", next);
	}
}

bool offline_check_fails(char *line, size_t size)
{
	int status = 0, out[2];
	FILE *in;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC))
		return false;
	pid = fork();
	if (!pid)
		run(out[1]);
	close(out[1]);
	in = fdopen(out[0], "re");
	if (in) {
		read_output(in, line, size);
		fclose(in);
	} else {
		close(out[0]);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	return in && WIFEXITED(status) && WEXITSTATUS(status) == 1 && *line;
}
