/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/worker_priv.h"

#define SETS_PER_UNIT (DP_TELL_SETS / DP_TOLD_MAX)

bool dp_told_news(struct dp_worker *w, uint64_t tag, uint32_t units)
{
	struct dp_told *t = dp_told_set(w, tag);
	uint32_t now = dp_told_now(w), same, oldest = 0;
	unsigned victim = 0;

	same = lanes_equal(t->way, ~(uint32_t)DP_TOLD_AGES, dp_told_tag(tag));
	if (same != 0) {
		victim = (unsigned)__builtin_ctz(same);
		if (((now - t->way[victim]) & DP_TOLD_AGES) < units)
			return false;
	} else {
		for (unsigned i = 0; i < DP_TELL_WAYS; i++) {
			uint32_t age =
				t->way[i] == 0 ? UINT32_MAX : (now - t->way[i]) & DP_TOLD_AGES;

			if (age >= oldest) {
				oldest = age;
				victim = i;
			}
		}
	}
	t->way[victim] = dp_told_tag(tag) | now;
	return true;
}

void dp_told_turn(struct dp_worker *w)
{
	uint32_t now = DP_TOLD_UNITS(w->now_ms), n = now - w->told_swept;

	if (likely(n == 0))
		return;
	w->told_swept = now;
	if (n >= DP_TOLD_MAX) {
		memset(w->told, 0, sizeof(w->told));
		return;
	}
	/* All of the table in DP_TOLD_MAX units: no age is ever beyond twice that. */
	for (uint32_t set = 0; set < n * SETS_PER_UNIT; set++) {
		uint32_t at = (now - n) * SETS_PER_UNIT + set;
		struct dp_told *t = &w->told[at & (DP_TELL_SETS - 1)];

		for (unsigned i = 0; i < DP_TELL_WAYS; i++)
			if (((now - t->way[i]) & DP_TOLD_AGES) >= DP_TOLD_MAX)
				t->way[i] = 0;
	}
}
