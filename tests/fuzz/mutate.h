/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's own: changes bytes at will. The new size, at most max. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

/*
 * Changes a DNS message as DNS, one thing at a time: a header flag or count, a record's type,
 * class, TTL, length or name, another record of it again, one less; sometimes bytes at will. The
 * new size, at most max.
 */
size_t mutate_dns(uint8_t *data, size_t size, size_t max, unsigned seed);
