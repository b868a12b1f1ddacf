/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/leave.h"

#include "control/ctl.h"

#define TURN_RECORDS 256 /* each may be told to many */

void ctl_leave(struct ctl *c, uint32_t station)
{
	struct ctl_whereabouts *at = &c->people.at[station];

	at->leaving_life = cache_station_life(cache_station_at(c->view, station));
	/* If one that had its place before waits there, that is gone: this one goes instead. */
	if (at->leaving_next != 0)
		return;
	at->leaving_next = c->people.leaving != 0 ? c->people.leaving : station;
	c->people.leaving = station;
	CTL_INC(c, stations_left);
}

/* Withdraws up to `budget` records of the station. Returns how many; fewer: that were all. */
static unsigned withdraw(struct ctl *c, uint32_t station, unsigned budget)
{
	uint32_t rec = cache_station_at(c->view, station)->records;
	unsigned done = 0;

	for (; rec != 0 && done < budget; rec = cache_record_at(c->view, rec)->station_next) {
		if (!cache_record_held(cache_record_at(c->view, rec), c->now_ms))
			continue;
		cache_left(c->cache, rec, c->now_ms);
		done++;
	}
	return done;
}

unsigned ctl_leave_turn(struct ctl *c)
{
	struct ctl_people *p = &c->people;
	unsigned done = 0;

	while (p->leaving != 0 && done < TURN_RECORDS) {
		uint32_t station = p->leaving;
		struct ctl_whereabouts *at = &p->at[station];
		/* Another one may have its place by now. */
		bool live =
			cache_station_life(cache_station_at(c->view, station)) == at->leaving_life;

		if (live)
			done += withdraw(c, station, TURN_RECORDS - done);
		if (live && done >= TURN_RECORDS)
			break;
		p->leaving = at->leaving_next == station ? 0 : at->leaving_next;
		at->leaving_next = 0;
		if (live)
			cache_station_unask(c->cache, station);
		done++;
	}
	return done;
}
