/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by all targets. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * An assertion that must hold for every input.  The sanitizers find other
 * faults.
 */
#define must(what)							\
	do {								\
		if (!(what)) {						\
			fprintf(stderr, "%s:%d: must hold: %s\n",	\
				__FILE__, __LINE__, #what);		\
			abort();					\
		}							\
	} while (0)

#endif /* FUZZ_H */
