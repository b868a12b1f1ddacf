/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/names.h"

#include <search.h>

#include "base/clock.h"
#include "base/log.h"
#include "management/people.h"
#include "policy/names.h"

LOG_MODULE(mgmt);

/* Long after control and workers have what replaces a name: they need milliseconds. */
#define SWEEP_US (60 * US_PER_SEC)
#define SWEEP_ADDED 4096 /* names; fewer are not worth it */

static void use(struct policy_names *names, const struct dp_said *said)
{
	policy_names_use_user(names, said->who.user);
	policy_names_use_ap(names, said->ap);
}

static void use_person(const void *node, VISIT visit, void *names)
{
	const struct mgmt_person *p = *(const struct mgmt_person *const *)node;

	if (visit != postorder && visit != leaf)
		return;
	use(names, &p->command);
	use(names, &p->network);
}

unsigned mgmt_names_turn(struct mgmt *m)
{
	const struct dp_world *w = m->state.world;
	int n;

	if (policy_names_added(m->names) < SWEEP_ADDED || m->now_us - m->names_swept_us < SWEEP_US)
		return 0;
	/* What is on its way speaks of names too: a moment later it has arrived. */
	if (m->pending != NULL || m->sessions.dirty != NULL)
		return 0;
	for (uint32_t i = 0; i < w->n_stations; i++)
		use(m->names, &w->stations[i]);
	policy_use_names(w->policy, m->names);
	twalk_r(m->people, use_person, m->names);
	n = policy_names_sweep(m->names);
	m->names_swept_us = m->now_us;
	if (n < 0)
		LOG_WARN("no memory to take names back");
	else
		LOG_INFO("names of users and access points", "taken_back=%d left=%u", n,
			policy_names_count(m->names));
	return 1;
}
