/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The restricted NSEC record of RFC 6762 §6.1: one bitmap block of number 0, 1 to 32 bytes, for
 * types up to 255. Pure functions for any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/wire.h"

/* A set of record types 0 to 255; bit (t & 63) of bits[t >> 6]. All zero is the empty set. */
struct dns_type_set {
	uint64_t bits[4];
};

/* Adds rrtype; false if it is above 255 and so beyond what a restricted NSEC can say. */
static inline bool dns_type_set_add(struct dns_type_set *set, uint16_t rrtype)
{
	if (rrtype > 255)
		return false;
	set->bits[rrtype >> 6] |= UINT64_C(1) << (rrtype & 63);
	return true;
}

static inline void dns_type_set_remove(struct dns_type_set *set, uint16_t rrtype)
{
	if (rrtype <= 255)
		set->bits[rrtype >> 6] &= ~(UINT64_C(1) << (rrtype & 63));
}

static inline bool dns_type_set_has(const struct dns_type_set *set, uint16_t rrtype)
{
	return rrtype <= 255 && (set->bits[rrtype >> 6] >> (rrtype & 63) & 1) != 0;
}

static inline bool dns_type_set_empty(const struct dns_type_set *set)
{
	return (set->bits[0] | set->bits[1] | set->bits[2] | set->bits[3]) == 0;
}

/* Is this a type bitmap in the restricted form? */
bool dns_nsec_bitmap_ok(const uint8_t *bitmap, size_t len);

/*
 * Reads the types out of uncompressed NSEC rdata; the next domain name is only checked to be a
 * name, whatever it says (§6.1: an unexpected one must not matter). Returns 0, or -EINVAL if the
 * rdata is not in the restricted form.
 */
int dns_nsec_types(const uint8_t *rdata, size_t rdlen, struct dns_type_set *set);

/*
 * Writes the uncompressed rdata of the NSEC record that says name has the types of set and no
 * others: next domain name = name, one block, and never the NSEC bit (§6.1), whatever set says.
 * Returns its length in bytes (at most DNS_NAME_MAX + 34), -EINVAL if nothing but NSEC is in set
 * (a bitmap needs a byte), or -ENOSPC.
 */
int dns_nsec_build(const uint8_t *name, const struct dns_type_set *set, uint8_t *out, size_t cap);
