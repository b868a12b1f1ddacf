/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/told.h"

#include "dataplane/worker_priv.h"

/* All of both tables in DP_TOLD_MAX units: no age is ever beyond twice that. */
#define SETS_PER_UNIT (DP_TOLD_SETS / DP_TOLD_MAX)
#define REGULARS_PER_UNIT (DP_REGULARS / DP_TOLD_MAX)

/* The way of what was told longest ago; a free one, if there is one. */
static unsigned oldest(const struct dp_told *t, uint32_t now)
{
	uint32_t most = 0;
	unsigned way = 0;

	for (unsigned i = 0; i < DP_TOLD_WAYS; i++) {
		uint32_t age = t->way[i] == 0 ? UINT32_MAX : (now - t->way[i]) & DP_TOLD_AGES;

		if (age >= most) {
			most = age;
			way = i;
		}
	}
	return way;
}

bool dp_told_news(struct dp_told *t, uint64_t tag, uint32_t now_ms, uint32_t units)
{
	const uint32_t now = dp_told_now(now_ms);
	const unsigned home = dp_told_home(tag);
	unsigned way = dp_told_way(t, tag);

	if (way < DP_TOLD_WAYS && ((now - t->way[way]) & DP_TOLD_AGES) < units)
		return false;
	if (way == DP_TOLD_WAYS)
		way = oldest(t, now);
	t->way[way] = t->way[home];
	t->way[home] = dp_told_tag(tag) | now;
	return true;
}

struct dp_told *dp_told_set(struct dp_worker *w, uint64_t tag)
{
	return &w->told[tag >> 32 & (DP_TOLD_SETS - 1)];
}

struct dp_told *dp_told_of(
	struct dp_worker *w, const struct dp_link *l, uint64_t mac_word, uint64_t tag)
{
	uint64_t who = dp_regular_who(mac_word, l->id);
	struct dp_regular *r;

	if (!l->personal && !l->unicast)
		return dp_told_set(w, tag);
	r = dp_regular_find(&w->regulars, dp_regular_hash(who), who);
	return r != NULL ? &r->told : dp_told_set(w, tag);
}

bool dp_told_interest(struct dp_worker *w, const struct dp_link *l, uint64_t mac_word, uint64_t tag)
{
	struct dp_told *t = dp_told_of(w, l, mac_word, tag), *set = dp_told_set(w, tag);
	const uint32_t now = dp_told_now(w->now_ms), last = t->way[oldest(t, now)];

	/* What gives way would be told again as soon as it is asked for. */
	if (dp_told_way(t, tag) == DP_TOLD_WAYS && last != 0 &&
		((now - last) & DP_TOLD_AGES) < DP_INTEREST_UNITS)
		t = set;
	return dp_told_news(t, tag, w->now_ms, DP_INTEREST_UNITS);
}

bool dp_told_beyond(struct dp_worker *w, uint64_t tag)
{
	return dp_told_lately(dp_told_set(w, tag), tag, w->now_ms, DP_INTEREST_UNITS);
}

static void forget(struct dp_told *t, uint32_t now)
{
	for (unsigned i = 0; i < DP_TOLD_WAYS; i++)
		if (((now - t->way[i]) & DP_TOLD_AGES) >= DP_TOLD_MAX)
			t->way[i] = 0;
}

void dp_told_turn(struct dp_worker *w)
{
	uint32_t now = DP_TOLD_UNITS(w->now_ms), n = now - w->told_swept, first = w->told_swept;

	if (likely(n == 0))
		return;
	w->told_swept = now;
	if (n >= DP_TOLD_MAX) {
		memset(w->told, 0, sizeof(w->told));
		for (unsigned i = 0; i < DP_REGULARS; i++)
			w->regulars.at[i].told = (struct dp_told){{0}};
		return;
	}
	for (uint32_t i = 0; i < n * SETS_PER_UNIT; i++)
		forget(&w->told[(first * SETS_PER_UNIT + i) & (DP_TOLD_SETS - 1)], now);
	for (uint32_t i = 0; i < n * REGULARS_PER_UNIT; i++)
		forget(&w->regulars.at[(first * REGULARS_PER_UNIT + i) & (DP_REGULARS - 1)].told,
			now);
}
