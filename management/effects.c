/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/effects.h"

#include <stdlib.h>

#include "dns/name.h"
#include "management/people.h"
#include "management/show.h"
#include "management/snapshot.h"
#include "policy/policy.h"

#define NAMES_MAX 20    /* of services listed */
#define PAIRS_MAX 65536 /* (class now, class then) remembered; power of two */

/* What the two classes of a service come to on all links. */
struct pair {
	uint32_t now, then;
	uint16_t n_gains, n_losses; /* links that see it only then, only now */
	uint16_t gain, loss;        /* one of them */
	bool used;
};

struct list {
	json_t *names;
	json_int_t n;
};

struct effects {
	struct mgmt *m;
	struct dp_world *next;
	struct pair *pair; /* [PAIRS_MAX] by hash */
	struct list visible, hidden;
};

static void list_add(struct list *l, const uint8_t *instance)
{
	if (l->n++ < NAMES_MAX)
		json_array_append_new(l->names, show_name(instance));
}

static bool sees(const struct dp_world *w, uint16_t link, uint32_t cls)
{
	const struct dp_link *l = dp_world_link(w, link);

	return l != NULL && l->mode == DP_LINK_GATEWAY &&
	       policy_may_permit(policy_verdict(w->table, cls, l->col_out));
}

static void compare(struct effects *e, struct pair *p)
{
	const struct dp_world *w = e->m->state.world;
	uint16_t n = w->n_ids > e->next->n_ids ? w->n_ids : e->next->n_ids;

	for (uint16_t id = 1; id < n; id++) {
		bool now = sees(w, id, p->now), then = sees(e->next, id, p->then);

		if (then && !now) {
			p->n_gains++;
			p->gain = id;
		} else if (now && !then) {
			p->n_losses++;
			p->loss = id;
		}
	}
}

static const struct pair *pair_of(struct effects *e, uint32_t now, uint32_t then)
{
	uint32_t at = (now * 0x9e3779b1u ^ then * 0x85ebca6bu) & (PAIRS_MAX - 1);
	struct pair *p = &e->pair[at];

	if (p->used && p->now == now && p->then == then)
		return p;
	*p = (struct pair){.now = now, .then = then, .used = true};
	compare(e, p);
	return p;
}

/* The service's class under the new policy, NONE if it would not be learned. */
static uint32_t class_then(
	struct effects *e, const struct snapshot *s, const struct snapshot_service *v)
{
	const struct dp_link *l = dp_world_link(e->next, v->link);
	const uint8_t *instance = snapshot_at(s, v->instance);
	struct dns_service_name sd;
	struct policy_who who;
	struct policy_subject subject = {.link = v->link, .who = &who};
	uint32_t cls;

	if (l == NULL || l->mode != DP_LINK_GATEWAY)
		return POLICY_CLASS_NONE;
	dns_service_parse(instance, &sd);
	mgmt_who_then(e->m, e->next, v->link, &v->mac, &who);
	subject.type = instance + sd.type_off;
	subject.type_len = sd.type_len;
	subject.instance = instance + 1;
	subject.instance_len = instance[0];
	if (v->txt.len > 0) {
		subject.txt = snapshot_at(s, v->txt);
		subject.txt_len = v->txt.len;
	}
	cls = policy_class(e->next->policy, &subject);
	return policy_permits(policy_verdict(e->next->table, cls, l->col_in)) ? cls
									      : POLICY_CLASS_NONE;
}

static void look(struct effects *e, const struct snapshot *s, const struct snapshot_service *v)
{
	const struct pair *p = pair_of(e, v->cls, class_then(e, s, v));

	/* Its own link hears it without us. */
	if (p->n_gains > 1 || (p->n_gains == 1 && p->gain != v->link))
		list_add(&e->visible, snapshot_at(s, v->instance));
	if (p->n_losses > 1 || (p->n_losses == 1 && p->loss != v->link))
		list_add(&e->hidden, snapshot_at(s, v->instance));
}

json_t *mgmt_effects(struct mgmt *m, struct dp_world *next)
{
	struct effects e = {.m = m, .next = next};
	struct snapshot *s = malloc(sizeof(*s));
	uint32_t cursor = 0;

	e.pair = calloc(PAIRS_MAX, sizeof(*e.pair));
	e.visible.names = json_array();
	e.hidden.names = json_array();
	if (s == NULL || e.pair == NULL) {
		json_decref(e.visible.names);
		json_decref(e.hidden.names);
		free(e.pair);
		free(s);
		return NULL;
	}
	do {
		cursor = snapshot_services(m, cursor, s);
		for (unsigned i = 0; i < s->n; i++)
			look(&e, s, &s->service[i]);
	} while (cursor != 0);
	free(e.pair);
	free(s);
	return json_pack("{s:{s:o,s:I},s:{s:o,s:I}}", "visible", "names", e.visible.names, "count",
		e.visible.n, "hidden", "names", e.hidden.names, "count", e.hidden.n);
}
