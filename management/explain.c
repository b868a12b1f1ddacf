/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/explain.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dns/name.h"
#include "management/show.h"
#include "management/snapshot.h"
#include "policy/policy.h"

enum {
	STAGE_START,
	STAGE_SERVICES,
	STAGE_LINKS, /* what becomes of questions about the type, and of who offers it */
};

static const char *const mode_names[] = {
	[DP_LINK_GATEWAY] = "gateway", [DP_LINK_OFF] = "off", [DP_LINK_FILTER] = "filter"};

static json_t *rule_object(const struct mgmt *m, policy_verdict_t v)
{
	unsigned rule = v & POLICY_RULE_MASK;
	struct policy_rule_info info;

	if (rule == 0 || !policy_rule_info(m->state.world->policy, rule - 1, &info))
		return json_null();
	return json_pack("{s:s,s:s,s:i,s:i,s:s}", "policy", info.policy, "file", info.file, "line",
		(int)info.line, "column", (int)info.col, "rule", info.text);
}

/* --- services -------------------------------------------------------------------------------- */

static bool is_meant(
	const struct explain_what *what, const struct snapshot *s, const struct snapshot_service *v)
{
	char label[DNS_LABEL_TEXT_MAX];

	switch (what->by) {
	case EXPLAIN_ALL:
		return true;
	case EXPLAIN_TYPE:
		return dns_name_equal(snapshot_at(s, v->type), what->name);
	case EXPLAIN_INSTANCE:
		return dns_name_equal(snapshot_at(s, v->instance), what->name);
	case EXPLAIN_LABEL:
		return dns_label_to_text(snapshot_at(s, v->instance), label, sizeof(label)) >= 0 &&
		       strcasecmp(label, what->label) == 0;
	}
	return false;
}

/* In the order in which the dataplane would stop: the first thing that keeps the service away. */
static const char *reason(const struct explain_what *what, const struct dp_link *to,
	const struct snapshot_service *v, policy_verdict_t verdict, bool *told)
{
	*told = false;
	if (to == NULL || to->mode != DP_LINK_GATEWAY)
		return "the gateway takes no part in the mDNS of the consumer's link";
	if (what->has_mac && mac_equal(&what->mac, &v->mac))
		return "it is the consumer's own";
	if (v->link == to->id)
		return "it is on the consumer's link, where its owner answers itself";
	if (v->contested)
		return "another host had the name first (RFC 6762 9)";
	if (!policy_permits(verdict))
		return (verdict & POLICY_RULE_MASK) != 0 ? "denied by a rule"
							 : "no rule permits it";
	if (v->state == CACHE_SERVICE_HIDDEN)
		return "none of its addresses is any use on another link (RFC 8766 5.5.2)";
	*told = true;
	return v->state == CACHE_SERVICE_COMPLETE
		       ? "permitted by a rule"
		       : "permitted by a rule; its owner is asked for what is missing";
}

static json_t *service_object(const struct mgmt *m, const struct explain_what *what,
	const struct snapshot *s, const struct snapshot_service *v)
{
	const struct dp_link *to = show_link(m, what->link);
	policy_verdict_t verdict = 0;
	char label[DNS_LABEL_TEXT_MAX];
	const char *why;
	bool told;

	if (dns_label_to_text(snapshot_at(s, v->instance), label, sizeof(label)) < 0)
		return NULL;
	if (to != NULL)
		verdict = policy_verdict(m->state.world->table, v->cls, to->col_out);
	why = reason(what, to, v, verdict, &told);
	return json_pack("{s:s,s:o,s:o,s:o,s:s,s:s,s:o}", "instance", label, "type",
		show_name(snapshot_at(s, v->type)), "link", show_link_name(m, v->link), "provider",
		show_mac(&v->mac), "verdict", told ? "permit" : "deny", "why", why, "rule",
		rule_object(m, verdict));
}

static bool services(struct mgmt *m, struct show_state *s, struct text *out)
{
	struct snapshot *snap = malloc(sizeof(*snap));

	if (snap == NULL) {
		out->lost = true;
		return false;
	}
	s->cursor = snapshot_services(m, s->cursor, snap);
	for (unsigned i = 0; i < snap->n; i++) {
		json_t *o = is_meant(&s->what, snap, &snap->service[i])
				    ? service_object(m, &s->what, snap, &snap->service[i])
				    : NULL;

		if (o != NULL)
			show_element(s, out, o);
	}
	free(snap);
	return s->cursor != 0;
}

/* --- links ----------------------------------------------------------------------------------- */

/* Of a type: may the consumer ask, and which links would be asked and learned from. */
static json_t *link_object(const struct mgmt *m, const struct explain_what *what, uint16_t id)
{
	const struct policy_table *t = m->state.world->table;
	const struct dp_link *l = show_link(m, id);
	struct dns_service_name sd;
	policy_verdict_t asks, learns;
	uint32_t type;

	if (l == NULL)
		return NULL;
	dns_service_parse(what->name, &sd);
	type = policy_type(m->state.world->policy, what->name + sd.type_off, sd.type_len);
	asks = policy_ask(t, type, id == what->link ? l->col_query : l->col_probe);
	learns = policy_ask(t, type, l->col_in);
	return json_pack("{s:s,s:s,s:s,s:s,s:o,s:s,s:o}", "link", l->name, "mode",
		mode_names[l->mode], "role", id == what->link ? "consumer" : "provider", "asked",
		policy_permits(asks) ? "permit" : "deny", "asked_rule", rule_object(m, asks),
		"learned", policy_permits(learns) ? "permit" : "deny", "learned_rule",
		rule_object(m, learns));
}

#define LINKS_PAGE 200

static bool links(struct mgmt *m, struct show_state *s, struct text *out)
{
	uint32_t end = s->cursor + LINKS_PAGE;

	for (; s->cursor < m->state.world->n_ids && s->cursor < end; s->cursor++) {
		json_t *o = link_object(m, &s->what, (uint16_t)s->cursor);

		if (o != NULL)
			show_element(s, out, o);
	}
	return s->cursor < m->state.world->n_ids;
}

static bool explain_page(struct mgmt *m, struct show_state *s, struct text *out)
{
	switch (s->stage) {
	case STAGE_START:
		text_str(out, "{\"consumer\":");
		text_json(
			out, json_pack("{s:o,s:o}", "link", show_link_name(m, s->what.link), "mac",
				     s->what.has_mac ? show_mac(&s->what.mac) : json_null()));
		text_str(out, ",");
		show_array(s, out, "services");
		s->stage = STAGE_SERVICES;
		return true;
	case STAGE_SERVICES:
		if (services(m, s, out))
			return true;
		if (s->what.by != EXPLAIN_TYPE)
			break;
		text_str(out, "],");
		show_array(s, out, "links");
		s->stage = STAGE_LINKS;
		s->cursor = 0;
		return true;
	default:
		if (links(m, s, out))
			return true;
		break;
	}
	text_str(out, "]}");
	return false;
}

/* --- arguments ------------------------------------------------------------------------------- */

/* The link a station is on, as far as it offers something. */
static bool find_station(struct mgmt *m, struct explain_what *what)
{
	bool found = false;

	rcu_online(m->p.shared->rcu, m->rcu_id);
	for (uint32_t id = 1; id < m->state.world->n_ids && !found; id++) {
		found = cache_find_station(m->p.shared->cache, (uint16_t)id, &what->mac) != 0;
		what->link = (uint16_t)id;
	}
	rcu_offline(m->p.shared->rcu, m->rcu_id);
	return found;
}

static json_t *read_consumer(struct mgmt *m, const char *text, struct explain_what *what)
{
	if (strncmp(text, "link=", 5) == 0) {
		const struct link_id *e = link_ids_find(m->state.ids, text + 5);

		if (e == NULL || !e->present)
			return mgmt_error("there is no link %s", text + 5);
		what->link = e->id;
		return NULL;
	}
	if (mac_parse(text, &what->mac) < 0)
		return mgmt_error("expected consumer=link=NAME or consumer=MAC");
	what->has_mac = true;
	if (!find_station(m, what))
		return mgmt_error(
			"%s offers nothing, so its link is not known: say link=NAME", text);
	return NULL;
}

static json_t *read_service(const char *text, struct explain_what *what)
{
	char whole[DNS_NAME_TEXT_MAX + 8];
	size_t len = strlen(text);
	struct dns_service_name sd;
	bool local = len > 6 && strcasecmp(text + len - 6, ".local") == 0;

	if (len == 0 || len >= DNS_NAME_TEXT_MAX)
		return mgmt_error("expected service=TYPE or service=INSTANCE");
	snprintf(whole, sizeof(whole), "%s%s", text, local ? "" : ".local");
	if (dns_name_from_text(whole, what->name) >= 0) {
		dns_name_canon(what->name, what->name, dns_name_len(what->name));
		dns_service_parse(what->name, &sd);
		what->by = sd.kind == DNS_NAME_SERVICE_TYPE ? EXPLAIN_TYPE
			   : sd.kind == DNS_NAME_INSTANCE   ? EXPLAIN_INSTANCE
							    : EXPLAIN_LABEL;
	} else {
		what->by = EXPLAIN_LABEL;
	}
	if (what->by == EXPLAIN_LABEL)
		snprintf(what->label, sizeof(what->label), "%s", text);
	return NULL;
}

json_t *mgmt_explain(
	struct mgmt *m, const char *const *arg, unsigned n_args, struct show_state *show)
{
	static const struct show_ops ops = {"explain", explain_page};
	json_t *error = NULL;
	bool consumer = false;

	memset(show, 0, sizeof(*show));
	for (unsigned i = 0; i < n_args && error == NULL; i++) {
		if (strncmp(arg[i], "consumer=", 9) == 0) {
			error = read_consumer(m, arg[i] + 9, &show->what);
			consumer = true;
		} else if (strncmp(arg[i], "service=", 8) == 0) {
			error = read_service(arg[i] + 8, &show->what);
		} else {
			error = mgmt_error("explain takes consumer= and service=");
		}
	}
	if (error == NULL && !consumer)
		error = mgmt_error("explain needs consumer=link=NAME or consumer=MAC");
	if (error == NULL)
		show->ops = &ops;
	return error;
}
