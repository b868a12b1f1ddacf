/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

#include "cache/read.h"

/* What the cache holds under one name. Control thread only. */

struct ctl;

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
