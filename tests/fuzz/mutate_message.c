/* SPDX-License-Identifier: BSD-3-Clause */
#include "mutate.h"

/* The mutator of targets whose input is a DNS message. */

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	return mutate_dns(data, size, max, seed);
}
