/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/show.h"

#include "management/hits.h"
#include "policy/policy.h"

/* show policy: the rules as compiled, and which links use which policy. */

#define RULES_PAGE 500

static json_t *rule_object(const struct policy_rule_info *r, uint64_t hits)
{
	return json_pack("{s:s,s:b,s:s,s:s,s:i,s:i,s:I}", "policy", r->policy, "permit",
		(int)r->permit, "rule", r->text, "file", r->file, "line", (int)r->line, "column",
		(int)r->col, "hits", (json_int_t)hits);
}

static json_t *stats_object(const struct mgmt *m, const struct policy *p)
{
	struct policy_stats ps;

	policy_stats(p, &ps);
	return json_pack("{s:i,s:i,s:i,s:i,s:i,s:i,s:I,s:I,s:I}", "rules", (int)ps.rules, "columns",
		(int)ps.columns, "types", (int)ps.types, "classes", (int)ps.classes, "residuals",
		(int)ps.residuals, "consumers", (int)ps.consumers, "bytes", (json_int_t)ps.bytes,
		"class_full", (json_int_t)ps.class_full, "no_rule_hits",
		(json_int_t)mgmt_rule_hits(m, UINT32_MAX));
}

bool show_policy(struct mgmt *m, struct show_state *s, struct text *out)
{
	const struct policy *p = m->state.world->policy;
	uint32_t i = s->cursor, end = s->cursor + RULES_PAGE, n = policy_rules(p);
	struct policy_rule_info rule;

	if (i == 0) {
		text_str(out, "{\"stats\":");
		text_json(out, stats_object(m, p));
		text_str(out, ",");
		show_array(s, out, "rules");
	}
	for (; i < n && i < end; i++) {
		if (policy_rule_info(p, i, &rule))
			show_element(s, out, rule_object(&rule, mgmt_rule_hits(m, i)));
	}
	s->cursor = i;
	if (i < n)
		return true;
	text_str(out, "]}");
	return false;
}
