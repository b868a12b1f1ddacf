/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/bucket.h"

void bucket_rate_set(struct bucket_rate *r, uint32_t rate_per_s, uint32_t burst)
{
	const uint64_t second = UINT64_C(1000000) << BUCKET_SHIFT;

	if (rate_per_s < 1)
		rate_per_s = 1;
	/* Rounded down, so that a token is there when it is due and not a moment later. */
	r->cost = (uint32_t)(second / rate_per_s);
	if (r->cost < 1)
		r->cost = 1;
	if (burst < 1)
		burst = 1;
	r->burst = burst < BUCKET_BURST_MAX ? burst : BUCKET_BURST_MAX;
}

void bucket_set(struct bucket *b, uint32_t rate_per_s, uint32_t burst)
{
	bucket_rate_set(&b->rate, rate_per_s, burst);
	b->level = (struct bucket_level){0};
}
