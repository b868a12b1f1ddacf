/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/service.h"

#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"

LOG_MODULE(mgmt);

#define STATUS_US (5 * US_PER_SEC)

void mgmt_service_open(struct mgmt *m)
{
	uint64_t us;

	/* Four times as often as it must be: one late turn is no reason to be ended. */
	if (sd_watchdog_enabled(0, &us) > 0)
		m->service.feed_us = us / 4 > 0 ? us / 4 : 1;
}

void mgmt_service_ready(struct mgmt *m)
{
	if (m->p.service)
		sd_notify(0, "READY=1");
}

void mgmt_service_leaving(struct mgmt *m)
{
	if (m->p.service)
		sd_notify(0, "STOPPING=1\nSTATUS=leaving");
}

/* Each lcore had a turn since it was asked last; else says which had none. */
static bool all_come_round(struct mgmt *m)
{
	struct dp_shared *s = m->p.shared;
	bool all = true;

	for (unsigned i = 0; i <= s->n_workers; i++) {
		uint64_t turns = counter_read(&s->counters[i].turns);

		if (turns == m->service.turns[i]) {
			LOG_LIMITED(LOG_LEVEL_WARN,
				"an lcore does not come round, watchdog not fed", "lcore=%s-%u",
				i < s->n_workers ? "worker" : "control", i);
			all = false;
		}
		m->service.turns[i] = turns;
	}
	return all;
}

void mgmt_service_turn(struct mgmt *m)
{
	struct mgmt_service *sv = &m->service;
	struct cache_stats cs;

	if (sv->feed_us != 0 && m->now_us - sv->fed_us >= sv->feed_us) {
		sv->fed_us = m->now_us;
		if (all_come_round(m))
			sd_notify(0, "WATCHDOG=1");
	}
	if (!m->p.service || !mgmt_ready(m) || m->leaving || m->now_us - sv->told_us < STATUS_US)
		return;
	sv->told_us = m->now_us;
	cache_stats(ctl_cache(m->p.ctl), &cs);
	sd_notifyf(0, "STATUS=%u links, %u records of %u stations%s", m->state.world->n_links,
		cs.records, cs.stations, m->switches.paused ? ", paused" : "");
}
