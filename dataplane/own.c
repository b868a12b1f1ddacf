/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/own.h"

#include <stdlib.h>
#include <string.h>

/* Both halves of an address as it is compared: IPv4 as ::ffff:a.b.c.d. */
struct dp_own {
	uint32_t mask;
	struct {
		uint64_t hi, lo; /* both 0: free */
	} slot[];
};

static void split(unsigned family, const uint8_t *addr, uint64_t *hi, uint64_t *lo)
{
	if (family == 4) {
		uint32_t a;

		memcpy(&a, addr, 4);
		*hi = 0;
		*lo = UINT64_C(0xffff00000000) | a;
		return;
	}
	memcpy(hi, addr, 8);
	memcpy(lo, addr + 8, 8);
}

static uint32_t place(uint64_t hi, uint64_t lo)
{
	return (uint32_t)(((hi ^ lo) * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

struct dp_own *dp_own_create(uint32_t n)
{
	uint32_t size = 16;
	struct dp_own *o;

	while (size < 2 * n)
		size *= 2;
	o = calloc(1, sizeof(*o) + size * sizeof(o->slot[0]));
	if (o != NULL)
		o->mask = size - 1;
	return o;
}

void dp_own_add(struct dp_own *o, unsigned family, const uint8_t *addr)
{
	uint64_t hi, lo;
	uint32_t at;

	split(family, addr, &hi, &lo);
	at = place(hi, lo) & o->mask;
	while ((o->slot[at].hi | o->slot[at].lo) != 0) {
		if (o->slot[at].hi == hi && o->slot[at].lo == lo)
			return;
		at = (at + 1) & o->mask;
	}
	o->slot[at].hi = hi;
	o->slot[at].lo = lo;
}

bool dp_own_has(const struct dp_own *o, unsigned family, const uint8_t *addr)
{
	uint64_t hi, lo;
	uint32_t at;

	if (o == NULL)
		return false;
	split(family, addr, &hi, &lo);
	at = place(hi, lo) & o->mask;
	while ((o->slot[at].hi | o->slot[at].lo) != 0) {
		if (o->slot[at].hi == hi && o->slot[at].lo == lo)
			return true;
		at = (at + 1) & o->mask;
	}
	return false;
}
