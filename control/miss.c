/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/miss.h"

#include "control/ctl.h"

static struct bucket_level *station(struct ctl *c, uint64_t who)
{
	uint64_t hash = siphash24(&c->key, &who, sizeof(who));
	struct ctl_miss_set *s = &c->misses.set[hash & (CTL_MISS_SETS - 1)];
	unsigned way = 0;

	while (way < CTL_MISS_WAYS && s->who[way] != who)
		way++;
	if (way == CTL_MISS_WAYS) {
		way = c->misses.clock++ % CTL_MISS_WAYS;
		s->who[way] = who;
		bucket_fill(&c->world->misses.station, &s->level[way], c->now_us);
	}
	return &s->level[way];
}

bool ctl_miss_paid(struct ctl *c, const struct dp_link *l, const struct mac_addr *mac)
{
	const struct dp_misses *m = &c->world->misses;
	uint64_t who = mac_word(mac->b) << 16 | l->id;

	return !c->world->admission ||
	       (bucket_level_take(&m->station, station(c, who), c->now_us, 1) &&
		       bucket_level_take(&m->link, &c->link[l->id].misses, c->now_us, 1) &&
		       bucket_level_take(&m->gateway, &c->misses.gateway, c->now_us, 1));
}
