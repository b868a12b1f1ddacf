/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "management/text.h"

/*
 * The pcapng file format (draft-ietf-opsawg-pcapng), as much of it as one Ethernet interface
 * needs, in this machine's byte order.
 */

/* Section header and interface 0, with its name. Times are in microseconds. */
void pcapng_begin(struct text *t, const char *interface);

/* A frame, whole. at_us: since 1970. */
void pcapng_frame(struct text *t, uint64_t at_us, bool out, const uint8_t *bytes, uint32_t len);

/* What became of the interface's frames: those captured, those lost on the way here. */
void pcapng_end(struct text *t, uint64_t at_us, uint64_t captured, uint64_t lost);
