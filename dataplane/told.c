/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/worker_priv.h"

bool dp_told_news(struct dp_worker *w, uint64_t tag, uint32_t ms)
{
	struct dp_told *t = (struct dp_told *)(uintptr_t)dp_told_set(w, tag);
	unsigned victim = 0;

	for (unsigned i = 0; i < DP_TELL_WAYS; i++) {
		if (t->tag[i] == (uint32_t)tag) {
			if (clock_ms_diff(w->now_ms, t->told_ms[i]) < (int32_t)ms)
				return false;
			victim = i;
			break;
		}
		if (clock_ms_before(t->told_ms[i], t->told_ms[victim]))
			victim = i;
	}
	t->tag[victim] = (uint32_t)tag;
	t->told_ms[victim] = w->now_ms;
	return true;
}
