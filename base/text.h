/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Bytes from outside on their way to people's eyes: logs, audit, metrics, tables. Any thread. */

#include <stddef.h>
#include <stdint.h>

/* The length (1..4) of the UTF-8 sequence at p, if it is well formed (RFC 3629) and no control
 * character (C0, DEL, C1); 0 if not, or if n is 0. Reads at most n bytes. */
size_t utf8_printable(const uint8_t *p, size_t n);
