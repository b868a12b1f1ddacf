/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/mgmt_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "management/people.h"
#include "management/sessions.h"
#include "management/sweep.h"

LOG_MODULE(mgmt);

struct mgmt_pending *mgmt_pending_new(enum mgmt_pending_kind kind, struct mgmt_waiter waiter)
{
	struct mgmt_pending *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->kind = kind;
	p->waiter = waiter;
	p->r.cookie = p;
	return p;
}

void mgmt_pending_free(struct mgmt_pending *p)
{
	if (p == NULL)
		return;
	mgmt_state_free(&p->state);
	mgmt_sweep_free(p->r.sweep);
	json_decref(p->changes);
	free(p);
}

int mgmt_submit(struct mgmt *m, struct mgmt_pending *p)
{
	int rc = ctl_submit(m->p.ctl, &p->r);

	if (rc < 0)
		return rc;
	p->next = m->pending;
	m->pending = p;
	return 0;
}

static void unlink_pending(struct mgmt *m, struct mgmt_pending *p)
{
	struct mgmt_pending **at = &m->pending;

	while (*at != NULL && *at != p)
		at = &(*at)->next;
	if (*at == p)
		*at = p->next;
}

static void flush_done(struct mgmt *m, struct mgmt_pending *p)
{
	if (p->r.status < 0) {
		mgmt_answer(m, p->waiter, mgmt_error("flush: %s", strerror((int)-p->r.status)));
		return;
	}
	LOG_NOTICE("records flushed", "link=%u records=%lld", p->r.link, (long long)p->r.status);
	mgmt_answer(m, p->waiter, json_pack("{s:I}", "flushed", (json_int_t)p->r.status));
}

unsigned mgmt_replies(struct mgmt *m)
{
	struct ctl_request *r;
	unsigned n = 0;

	while ((r = ctl_reply(m->p.ctl)) != NULL) {
		struct mgmt_pending *p = r->cookie;

		unlink_pending(m, p);
		if (p->kind == MGMT_PENDING_FLUSH)
			flush_done(m, p);
		else if (p->kind == MGMT_PENDING_STATION)
			mgmt_station_done(m, p);
		else if (p->kind == MGMT_PENDING_SESSION)
			mgmt_session_done(m, p);
		else if (p->kind == MGMT_PENDING_SWEEP)
			mgmt_sweep_done(m, p);
		else if (p->kind != MGMT_PENDING_PORT && p->kind != MGMT_PENDING_RECEIVE)
			mgmt_world_done(m, p);
		mgmt_pending_free(p);
		n++;
	}
	return n;
}

void mgmt_pending_drop(struct mgmt *m)
{
	while (m->pending != NULL) {
		struct mgmt_pending *p = m->pending;

		m->pending = p->next;
		mgmt_pending_free(p);
	}
}
