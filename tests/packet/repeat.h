/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/world.h"
#include "tests/packet/script.h"
#include "tests/packet/station.h"

/*
 * A dumb packet repeater with a foot on two links: what is sent to the group on the one, by
 * stations or by the gateway, it says on the other at once, from its own MAC and address there, or
 * as it is.
 */

struct scenario;

struct repeater {
	const struct station *foot[2]; /* NULL: there is none */
	bool as_is;
	bool one_way; /* from the first foot to the second */
	uint64_t copies;
};

/* "repeater STATION STATION [as-is] [one-way]" */
int statement_repeater(struct scenario *s, struct script_words *w);

/* A frame on a link. */
void repeat_heard(struct scenario *s, const struct dp_link *l, const uint8_t *frame, size_t len);

/* Sends the copies that wait. 1: there were some; 0; -1: failed. */
int repeat_run(struct scenario *s);
