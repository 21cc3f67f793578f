// SPDX-License-Identifier: GPL-2.0
/*
 * Part of a daemon that is built with the address sanitizer (SAN=1): on
 * SIGUSR2 it writes the number of bytes that are allocated now, a uint64_t in
 * host order, to the file that STABLETAPD_ALLOCATED names.
 *
 * Resident memory says little there: the sanitizer keeps freed memory, and the
 * rest of a page, for an unknown time.
 */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

size_t __sanitizer_get_current_allocated_bytes(void);

static int file = -1;

static void on_signal(int sig)
{
	uint64_t bytes = __sanitizer_get_current_allocated_bytes();

	(void)sig;
	if (write(file, &bytes, sizeof(bytes)) < 0)
		abort();
}

__attribute__((constructor)) static void begin(void)
{
	const struct sigaction sa = {
		.sa_handler = on_signal, .sa_flags = SA_RESTART,
	};
	const char *path = getenv("STABLETAPD_ALLOCATED");

	if (!path)
		return;
	file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (file < 0)
		abort();
	sigaction(SIGUSR2, &sa, NULL);
}
