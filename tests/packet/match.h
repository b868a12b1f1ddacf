/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "tests/packet/dissect.h"
#include "tests/packet/message.h"

/* Is a message, or several taken together, what was expected? */

#define MATCH_FRAMES 256
#define MATCH_WHY 16384

/*
 * The frames' questions and records against `want`: each entry of it has to be there once, in its
 * section, with its flush bit and a TTL in range, and unless want->more there is nothing else.
 * false with what differs in why (MATCH_WHY bytes).
 */
bool match_message(
	const struct message *want, const struct dissected *const *got, unsigned n_got, char *why);
