/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cache/read.h"

/* What the cache holds under one name. Control thread only. */

struct ctl;

/*
 * Where records of one name are held to be one host's: the link, since hosts that hear each other
 * settle whose a name is (RFC 6762 §9), and on a link with `bridged: false` the station on it.
 */
struct ctl_seat {
	uint32_t station; /* index; 0: whoever on the link has the name */
	uint16_t link;
};

struct ctl_seat ctl_seat_of(const struct ctl *c, const struct cache_record *r);

/* Is the record of this seat? */
bool ctl_seat_has(const struct ctl_seat *seat, const struct cache_record *r);

static inline bool ctl_seat_same(const struct ctl_seat *a, const struct ctl_seat *b)
{
	return a->link == b->link && a->station == b->station;
}

/* A walk over the records that claim a name, of the usual types; begins as {.name = NAME}. */
struct ctl_name_walk {
	const uint8_t *name; /* wire bytes, any case; the caller's */
	struct cache_iter it;
	unsigned type, left;
};

/* The next one, dead or alive, or 0. */
uint32_t ctl_name_next(const struct ctl *c, struct ctl_name_walk *w);

/* The PTR of its type to a service instance, as the link has it; 0: none, or no instance. */
uint32_t ctl_name_pointer(const struct ctl *c, const uint8_t *name, uint16_t link);
