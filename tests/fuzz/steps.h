/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Inputs of fuzz_gateway: a series of steps, each a byte of its kind and of flags, a byte that says
 * who, a number, two bytes of length (little-endian), and that many bytes.
 */

enum step_kind {
	STEP_MESSAGE,   /* a DNS message to UDP port 5353 */
	STEP_FRAGMENTS, /* the same in IP fragments of 8 * (1 + size) bytes */
	STEP_FRAME,     /* a frame as it is */
	STEP_PASS,      /* time passes; size: how much */
	STEP_PORT,      /* the port loses its carrier, or has it again; size */
	STEP_END,       /* all is forgotten, TTLs run out: as between two inputs */
	STEP_KINDS
};

#define STEP_HEAD 5

#define STEP_IPV6 0x08
#define STEP_LEGACY 0x10 /* from another port */
#define STEP_DIRECT 0x20 /* to the gateway, not to the group */
#define STEP_BURST 0x40  /* together with the next */

struct step {
	enum step_kind kind;
	uint8_t flags;
	uint8_t link, station;
	uint8_t size;
	uint16_t len;
	const uint8_t *data;
};

/* The step at *pos, which goes behind it; a last one that is cut short has what there is. False:
 * there is none. */
static inline bool step_next(const uint8_t *data, size_t size, size_t *pos, struct step *s)
{
	const uint8_t *p = data + *pos;
	size_t left = size - *pos;

	if (left < STEP_HEAD)
		return false;
	s->kind = (enum step_kind)(p[0] & 7) % STEP_KINDS;
	s->flags = p[0] & 0xf8;
	s->link = p[1] >> 4;
	s->station = p[1] & 0xf;
	s->size = p[2];
	s->len = (uint16_t)(p[3] | p[4] << 8);
	if (s->len > left - STEP_HEAD)
		s->len = (uint16_t)(left - STEP_HEAD);
	s->data = p + STEP_HEAD;
	*pos += STEP_HEAD + s->len;
	return true;
}
