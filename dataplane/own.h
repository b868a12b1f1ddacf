/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * The gateway's own addresses of all links, so that its frames are known again wherever and by
 * whatever MAC they come back (a router or repeater with a foot on two links, a VLAN leak). Made
 * with a world, read by workers, never full: half of its slots are free.
 */
struct dp_own;

/* For up to n addresses; NULL: no memory. Freed by free(). Management. */
struct dp_own *dp_own_create(uint32_t n);

/* addr: 4 or 16 bytes, network order. Management, while the world is built. */
void dp_own_add(struct dp_own *o, unsigned family, const uint8_t *addr);

/* Any thread. o may be NULL. */
bool dp_own_has(const struct dp_own *o, unsigned family, const uint8_t *addr);
