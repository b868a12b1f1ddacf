/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Inline pairs: frames that went in on one port and are to come out of the other as they were, in
 * order for each queue. Those of one `send`.
 */

struct scenario;
struct gateway_frame;

struct crossing {
	struct crossing_frame *frame; /* in the order they went in */
	size_t n;
	uint64_t crossed; /* of these */
};

/* A `send` begins: what went in before and has not come out will not any more. */
void cross_reset(struct crossing *x);

void cross_fini(struct crossing *x);

/* A frame goes in. */
void cross_sent(struct scenario *s, const struct gateway_frame *f);

/* A frame came out of the port. True: it crossed, and is as it was. */
bool cross_heard(struct scenario *s, uint16_t port, const uint8_t *frame, size_t len);
