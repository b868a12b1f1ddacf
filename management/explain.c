/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/explain.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dns/name.h"
#include "management/people.h"
#include "management/show.h"
#include "management/snapshot.h"
#include "policy/names.h"
#include "policy/policy.h"
#include "policy/trace.h"

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

/* --- rules that ask who the consumer is ------------------------------------------------------ */

#define TRACE_MAX 32

/* What provider and consumer have in common, or have not, in words. */
static void relation_text(const struct mgmt *m, const struct policy_trace *t,
	const struct policy_who *consumer, const struct policy_who *provider, char *buf,
	size_t size)
{
	const char *a = "?", *b = NULL, *what = "location";

	if (t->same == CONFIG_SAME_USER) {
		what = "user";
		a = consumer != NULL ? policy_user_name(m->names, consumer->user) : "?";
		b = policy_user_name(m->names, provider->user);
	} else if (t->same == CONFIG_SAME_ROLE) {
		what = "role";
		a = consumer != NULL ? policy_role_name(m->names, consumer->role) : "?";
		b = policy_role_name(m->names, provider->role);
	} else {
		a = consumer != NULL ? policy_place_path(m->names, consumer->place) : "?";
		b = policy_place_path(m->names, provider->place);
	}
	if (t->level != 0)
		snprintf(buf, size, "same location down to level %u: consumer %s, provider %s",
			t->level, a != NULL ? a : "nowhere", b != NULL ? b : "nowhere");
	else
		snprintf(buf, size, "same %s: consumer %s, provider %s", what,
			a != NULL ? a : "unknown", b != NULL ? b : "unknown");
}

static const char *const answers[] = {
	[POLICY_NO] = "no", [POLICY_YES] = "yes", [POLICY_OPEN] = "depends on the consumer"};

/* The rules that were left to be asked, each with what came of it. */
static json_t *trace_list(const struct mgmt *m, const struct policy_trace *t, unsigned n,
	const struct policy_who *consumer, const struct policy_who *provider)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < n && i < TRACE_MAX; i++) {
		json_t *o = json_pack("{s:o,s:s,s:b}", "rule",
			rule_object(m, (policy_verdict_t)(t[i].rule + 1)), "consumer_matches",
			answers[t[i].to], "decides", t[i].decides);
		char relation[2200];

		if (o == NULL)
			break;
		if (t[i].same != CONFIG_SAME_NONE) {
			relation_text(m, &t[i], consumer, provider, relation, sizeof(relation));
			json_object_set_new(o, "relation", json_string(relation));
			json_object_set_new(
				o, "relation_holds", json_string(answers[t[i].related]));
		}
		if (t[i].nearest != 0)
			json_object_set_new(o, "nearest", json_integer(t[i].nearest));
		json_array_append_new(list, o);
	}
	return list;
}

/*
 * What policy says of the service to the consumer. *asked: the rules about who the consumer is, or
 * null. *depends: on that, and the consumer is anybody on the link.
 */
static policy_verdict_t judge(const struct mgmt *m, const struct explain_what *what,
	const struct dp_link *to, const struct snapshot_service *v, json_t **asked, bool *depends)
{
	struct policy_who consumer = {0}, provider;
	const struct policy_who *who = what->has_mac ? &consumer : NULL;
	struct policy_trace t[TRACE_MAX];
	policy_verdict_t verdict = policy_verdict(m->state.world->table, v->cls, to->col_out);
	bool everybody = policy_permits(verdict);
	unsigned n;

	*asked = json_null();
	*depends = false;
	if ((verdict & POLICY_PERSONAL) == 0)
		return verdict;
	mgmt_who(m, to->id, &what->mac, &consumer);
	mgmt_who(m, v->link, &v->mac, &provider);
	n = policy_trace(m->state.world->policy, verdict, who, &provider, t, TRACE_MAX, &verdict);
	*asked = trace_list(m, t, n, who, &provider);
	*depends = !what->has_mac && !everybody;
	return verdict;
}

/* In the order in which the dataplane would stop: the first thing that keeps the service away. */
static const char *reason(const struct explain_what *what, const struct dp_link *to,
	const struct snapshot_service *v, policy_verdict_t verdict, bool depends, bool *told)
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
	if (depends)
		return "it depends on who asks: say consumer=MAC";
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
	json_t *asked = json_null(), *o;
	const char *why;
	bool told, depends = false;

	if (dns_label_to_text(snapshot_at(s, v->instance), label, sizeof(label)) < 0)
		return NULL;
	if (to != NULL)
		verdict = judge(m, what, to, v, &asked, &depends);
	why = reason(what, to, v, verdict, depends, &told);
	o = json_pack("{s:s,s:o,s:o,s:o,s:s,s:s,s:o}", "instance", label, "type",
		show_name(snapshot_at(s, v->type)), "link", show_link_name(m, v->link), "provider",
		show_mac(&v->mac), "verdict",
		told      ? "permit"
		: depends ? "depends"
			  : "deny",
		"why", why, "rule", depends ? json_null() : rule_object(m, verdict));
	json_object_set_new(o, "asked", asked);
	return o;
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
	asks = id == what->link && what->consumer != POLICY_NO_CONSUMER
		       ? policy_ask_personal(
				 m->state.world->policy, type, l->col_query, what->consumer)
		       : policy_ask(t, type, id == what->link ? l->col_query : l->col_probe);
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

/* Why nothing is held of an instance. */
static json_t *unknown_text(struct mgmt *m, const struct explain_what *what)
{
	const struct cache_view *v = m->p.shared->cache;
	char text[256] = "nothing is held of it: it was not announced where it may be learned";
	struct cache_stats cs;
	char mac[MAC_TEXT_SIZE];
	uint64_t refused;
	uint32_t node;

	cache_stats(ctl_cache(m->p.ctl), &cs);
	refused = cs.outcome[CACHE_REFUSED_TOTAL] + cs.outcome[CACHE_REFUSED_LINK] +
		  cs.outcome[CACHE_REFUSED_STATION] + cs.outcome[CACHE_REFUSED_TYPE] +
		  cs.outcome[CACHE_REFUSED_MEMORY];
	if (refused > 0)
		snprintf(text, sizeof(text),
			"nothing is held of it: it was not announced where it may be learned, or "
			"is "
			"one of %llu records that a quota refused",
			(unsigned long long)refused);
	if (what->by != EXPLAIN_INSTANCE)
		return json_string(text);
	rcu_online(m->p.shared->rcu, m->rcu_id);
	node = cache_find(v, what->name, DNS_TYPE_SRV);
	if (node != 0) {
		const struct cache_node *n = cache_node_at(v, node);
		const struct dp_link *l = show_link(m, n->owner_link);

		snprintf(text, sizeof(text),
			"it has expired or said goodbye; its owner was %s on link %s",
			mac_format(&n->owner_mac, mac), l != NULL ? l->name : "?");
	}
	rcu_offline(m->p.shared->rcu, m->rcu_id);
	return json_string(text);
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
		if (!s->comma && (s->what.by == EXPLAIN_INSTANCE || s->what.by == EXPLAIN_LABEL)) {
			text_str(out, "],\"unknown\":");
			text_json(out, unknown_text(m, &s->what));
			text_str(out, "}");
			return false;
		}
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

/* The link a station is on, as far as it offers something or asks where that is noted. */
static bool find_station(struct mgmt *m, struct explain_what *what)
{
	bool found = false;

	rcu_online(m->p.shared->rcu, m->rcu_id);
	for (uint32_t id = 1; id < m->state.world->n_ids && !found; id++) {
		found = cache_find_station(m->p.shared->cache, (uint16_t)id, &what->mac) != 0;
		what->link = (uint16_t)id;
	}
	if (found) {
		uint32_t station = cache_find_station(m->p.shared->cache, what->link, &what->mac);
		const struct cache_station *st = cache_station_at(m->p.shared->cache, station);

		what->consumer = atomic_load_explicit(
			&st->consumer[m->state.world->slot], memory_order_acquire);
	}
	rcu_offline(m->p.shared->rcu, m->rcu_id);
	return found;
}

/* "MAC" or "MAC@LINK", of a station that may not have been heard yet. */
static json_t *read_mac(struct mgmt *m, const char *text, struct explain_what *what)
{
	const char *at = strchr(text, '@');
	size_t len = at != NULL ? (size_t)(at - text) : strlen(text);
	const struct link_id *e;
	char mac[MAC_TEXT_SIZE] = "";

	if (len < sizeof(mac))
		memcpy(mac, text, len);
	if (len >= sizeof(mac) || mac_parse(mac, &what->mac) < 0)
		return mgmt_error("expected consumer=link=NAME, consumer=MAC or "
				  "consumer=MAC@LINK");
	what->has_mac = true;
	if (at == NULL)
		return find_station(m, what)
			       ? NULL
			       : mgmt_error("%s has not been heard, so its link is not known: "
					    "say %s@LINK",
					 text, text);
	e = link_ids_find(m->state.ids, at + 1);
	if (e == NULL || !e->present)
		return mgmt_error("there is no link %s", at + 1);
	what->link = e->id;
	return NULL;
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
	return read_mac(m, text, what);
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
	static const struct show_ops ops = {.name = "explain", .page = explain_page};
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
