/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/table.h"

/*
 * The on-link prefixes of all links, as a set: is an address at home on some link? One look-up per
 * prefix length in use, so it does not grow with the number of links. Control thread only.
 */

struct ctl;
struct dp_world;

#define CTL_PREFIXES_MAX 65536 /* further ones are not recognised */

struct ctl_prefixes {
	struct ctl_table set;
	uint64_t len4;    /* bit l: some IPv4 prefix is l (0..32) bits long */
	uint64_t len6[3]; /* bit l of 0..128, likewise */
};

int ctl_prefixes_init(struct ctl *c);
void ctl_prefixes_fini(struct ctl *c);

/* Takes the prefixes of the world's gateway links in place of those before. */
void ctl_prefixes_load(struct ctl *c, const struct dp_world *w);

/* Does the address (4 or 16 bytes by family) lie in a prefix of any link? */
bool ctl_prefixes_have(const struct ctl *c, unsigned family, const uint8_t *addr);
