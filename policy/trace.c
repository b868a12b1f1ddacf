/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/trace.h"

#include "policy/policy_priv.h"
#include "yaml/config.h"

static struct policy_party party_of(const struct policy_who *who)
{
	return (struct policy_party){who->user, who->role, who->place};
}

static enum policy_answer answer(bool yes)
{
	return yes ? POLICY_YES : POLICY_NO;
}

static struct policy_trace look(const struct policy *p, uint32_t rule,
	const struct policy_who *consumer, const struct policy_who *provider)
{
	const struct policy_rule *r = &p->rules[rule];
	const struct policy_step step = {.same = r->same, .level = r->level};
	struct policy_trace t = {.rule = rule,
		.to = POLICY_YES,
		.same = r->same,
		.level = r->level,
		.related = POLICY_YES,
		.nearest = r->nearest};
	struct policy_party a, b = party_of(provider);

	if (r->to_who)
		t.to = consumer ? answer(policy_who_match(p->names, r->to_who, consumer))
				: POLICY_OPEN;
	if (!r->same)
		return t;
	if (!consumer) {
		t.related = POLICY_OPEN;
		return t;
	}
	a = party_of(consumer);
	t.related = answer(policy_related(p, &step, &a, &b));
	return t;
}

unsigned policy_trace(const struct policy *p, policy_verdict_t cell,
	const struct policy_who *consumer, const struct policy_who *provider,
	struct policy_trace *out, unsigned max, policy_verdict_t *v)
{
	const struct policy_residual *r = &p->people.residual[cell & POLICY_RULE_MASK];
	unsigned n = 0;

	*v = r->end;
	for (uint32_t i = 0; !r->is_union && i < r->n; i++) {
		struct policy_trace t = look(p, r->v[i], consumer, provider);

		t.decides = t.to == POLICY_YES && t.related == POLICY_YES;
		if (n < max)
			out[n] = t;
		n++;
		if (!t.decides)
			continue;
		*v = policy_verdict_of(p, &p->rules[r->v[i]]);
		break;
	}
	return n;
}
