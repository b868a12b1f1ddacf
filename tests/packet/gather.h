/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/packet/dissect.h"

/*
 * Puts together what the gateway sent in IP fragments. Its fragments of a packet follow each other
 * in order and without a gap, or they are wrong.
 */

struct gather {
	unsigned parts; /* of the packet under way; 0: none is */
	size_t len;     /* bytes of its frame so far */
	size_t headers; /* ... of which headers */
	size_t largest; /* bytes of its largest fragment */
	uint32_t id;
	uint8_t frame[9600];
	/* Of the frame that was handed back last. */
	unsigned made_of;
	size_t made_largest;
	const char *problem; /* a string constant; NULL: none */
};

/*
 * Takes a frame. True: it was taken in, more of it are to come. False: frame and *len (of cap
 * bytes) are a whole one, this or one made of fragments.
 */
bool gather_fragment(struct gather *g, uint8_t *frame, size_t *len, size_t cap);

/* Notes in what was dissected of the frame handed back last that it came in fragments. */
void gather_note(struct gather *g, struct dissected *d);
