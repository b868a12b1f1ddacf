/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/worker_priv.h"

/* Identities are keyed hashes already: their low bits are as good as any, and stations cannot
 * choose collisions. */

void dp_idset_clear(struct dp_idset *s)
{
	s->used = 0;
	/* After 2^32 lives an old stamp could look current again: start over once. */
	if (unlikely(++s->stamp == 0)) {
		memset(s->slot, 0, sizeof(s->slot));
		s->stamp = 1;
	}
}

bool dp_idset_add(struct dp_idset *s, uint64_t ident, uint32_t value)
{
	uint32_t i = (uint32_t)ident & (DP_IDSET - 1);

	if (s->used >= DP_IDSET / 2)
		return false;
	while (s->slot[i].stamp == s->stamp) {
		if (s->slot[i].ident == ident)
			return false;
		i = (i + 1) & (DP_IDSET - 1);
	}
	s->slot[i].ident = ident;
	s->slot[i].stamp = s->stamp;
	s->slot[i].value = value;
	s->used++;
	return true;
}

bool dp_idset_find(const struct dp_idset *s, uint64_t ident, uint32_t *value)
{
	uint32_t i = (uint32_t)ident & (DP_IDSET - 1);

	while (s->slot[i].stamp == s->stamp) {
		if (s->slot[i].ident == ident) {
			*value = s->slot[i].value;
			return true;
		}
		i = (i + 1) & (DP_IDSET - 1);
	}
	return false;
}
