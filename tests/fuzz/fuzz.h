/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The face of every fuzz target: libFuzzer calls it, and so does replay_main.c. A target returns 0
 * and calls FUZZ_CHECK for what must always hold; a false one ends the process.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(holds)                                                                          \
	do {                                                                                       \
		if (!(holds)) {                                                                    \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #holds);  \
			abort();                                                                   \
		}                                                                                  \
	} while (0)
