/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/bucket.h"

void bucket_rate_set(struct bucket_rate *r, uint32_t rate_per_s, uint32_t burst)
{
	unsigned frac;

	if (burst < 1)
		burst = 1;
	if (burst > BUCKET_BURST_MAX)
		burst = BUCKET_BURST_MAX;

	/* As many fractional bits as leave a full bucket below 2^31... */
	frac = (unsigned)__builtin_clz(burst) - 1;
	/* ...and the rate per microsecond in 32 bits: rate × 2^(frac + shift) / 10^6. Of the
	 * largest rate there is that leaves 8. */
	while (frac > BUCKET_FRAC_MIN &&
		((uint64_t)rate_per_s << BUCKET_SHIFT) > (uint64_t)UINT32_MAX * 1000000 >> frac)
		frac--;

	r->full = burst << frac | frac;
	/* Rounded up, so that a token is there when it is due and not a microsecond later. */
	r->mul = (uint32_t)((((uint64_t)rate_per_s << BUCKET_SHIFT << frac) + 999999) / 1000000);
}

void bucket_set(struct bucket *b, uint32_t rate_per_s, uint32_t burst)
{
	bucket_rate_set(&b->rate, rate_per_s, burst);
	b->level = (struct bucket_level){0};
}
