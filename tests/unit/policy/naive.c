/* SPDX-License-Identifier: BSD-3-Clause */
#include "naive.h"

#include <string.h>
#include <strings.h>

static size_t utf8_len(const char *s)
{
	uint8_t c = (uint8_t)*s;

	return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* Labels here are well-formed UTF-8. */
bool naive_glob(const char *glob, const char *label)
{
	if (*glob == '\0')
		return *label == '\0';
	if (*glob == '*')
		return naive_glob(glob + 1, label) ||
		       (*label && naive_glob(glob, label + utf8_len(label)));
	if (*label == '\0')
		return false;
	if (*glob == '?')
		return naive_glob(glob + 1, label + utf8_len(label));
	if (*glob == '\\' && glob[1])
		glob++;
	return strncasecmp(glob, label, 1) == 0 && naive_glob(glob + 1, label + 1);
}

static bool is_never(const char *type)
{
	static const char *const never[] = {
		"_sleep-proxy._udp", "_dosvc._tcp", "_companion-link._tcp", "_rdlink._tcp"};

	for (unsigned i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (strcasecmp(type, never[i]) == 0)
			return true;
	return false;
}

static bool services_match(const struct config_rule *r, const char *type)
{
	if (!type)
		return r->services.any || r->services.workstation;
	for (uint32_t i = 0; i < r->services.n_types; i++)
		if (strcasecmp(r->services.types[i].type, type) == 0)
			return true;
	return r->services.any && !(r->permit && is_never(type));
}

static bool listed(const struct config_link_list *l, uint32_t link)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (l->links[i] == link)
			return true;
	return l->n == 0;
}

/* Rules are numbered over all policies. */
static policy_verdict_t verdict_of(const struct config *c, uint32_t policy, uint32_t rule)
{
	uint32_t id = rule + 1;

	for (uint32_t k = 0; k < policy; k++)
		id += c->policies[k].n_rules;
	return (policy_verdict_t)(id |
				  (c->policies[policy].rules[rule].permit ? POLICY_PERMIT : 0));
}

policy_verdict_t naive_in(const struct config *c, const struct naive_subject *s)
{
	uint32_t k = c->links[s->link].policy_in;

	for (uint32_t i = 0; k != CONFIG_NO_POLICY && i < c->policies[k].n_rules; i++) {
		const struct config_rule *r = &c->policies[k].rules[i];

		if (r->kind != CONFIG_KIND_QUERY && services_match(r, s->type) &&
			(!r->instance ||
				(s->type && s->instance && naive_glob(r->instance, s->instance))) &&
			listed(&r->from, s->link) && r->to.n == 0)
			return verdict_of(c, k, i);
	}
	return 0;
}

policy_verdict_t naive_out(const struct config *c, const struct naive_subject *s, uint32_t to)
{
	uint32_t k = c->links[to].policy_out;

	for (uint32_t i = 0; k != CONFIG_NO_POLICY && i < c->policies[k].n_rules; i++) {
		const struct config_rule *r = &c->policies[k].rules[i];

		if (r->kind != CONFIG_KIND_QUERY && services_match(r, s->type) &&
			(!r->instance ||
				(s->type && s->instance && naive_glob(r->instance, s->instance))) &&
			listed(&r->from, s->link) && listed(&r->to, to))
			return verdict_of(c, k, i);
	}
	return 0;
}

/* Could a provider, wherever it is, match a question from that link? */
static policy_verdict_t could_match(
	const struct config *c, uint32_t k, uint32_t link, const char *type)
{
	for (uint32_t i = 0; k != CONFIG_NO_POLICY && i < c->policies[k].n_rules; i++) {
		const struct config_rule *r = &c->policies[k].rules[i];
		bool some_only = r->instance || r->from.n > 0;

		if (r->kind == CONFIG_KIND_ADVERTISEMENT || !services_match(r, type))
			continue;
		if (!listed(&r->to, link) || (some_only && !r->permit) || (!type && r->instance))
			continue;
		return verdict_of(c, k, i);
	}
	return 0;
}

static policy_verdict_t heard_type(const struct config *c, uint32_t link, const char *type)
{
	const struct config_link *l = &c->links[link];

	if (l->policy_in != CONFIG_NO_POLICY && l->policy_out != CONFIG_NO_POLICY) {
		policy_verdict_t in = could_match(c, l->policy_in, link, type);

		if (!policy_permits(in))
			return in;
	}
	return could_match(c, l->policy_out, link, type);
}

static policy_verdict_t ours_type(const struct config *c, uint32_t link, const char *type)
{
	uint32_t in = c->links[link].policy_in, out = c->links[link].policy_out;
	policy_verdict_t learn = 0;

	for (uint32_t i = 0; in != CONFIG_NO_POLICY && i < c->policies[in].n_rules; i++) {
		const struct config_rule *r = &c->policies[in].rules[i];

		if (r->kind == CONFIG_KIND_QUERY || !services_match(r, type))
			continue;
		if (r->to.n > 0 || !listed(&r->from, link))
			continue;
		if (r->instance && (!r->permit || !type))
			continue;
		learn = verdict_of(c, in, i);
		break;
	}
	if (!policy_permits(learn))
		return learn;
	for (uint32_t i = 0; out != CONFIG_NO_POLICY && i < c->policies[out].n_rules; i++) {
		const struct config_rule *r = &c->policies[out].rules[i];

		if (r->kind != CONFIG_KIND_QUERY || !services_match(r, type))
			continue;
		if (!listed(&r->to, link) || !listed(&r->from, link))
			continue;
		if (r->instance && (!r->permit || !type))
			continue;
		return r->permit ? learn : verdict_of(c, out, i);
	}
	return learn;
}

/* A host's name: by itself, else by the earliest rule that permits some type. */
static policy_verdict_t host_best(policy_verdict_t own, policy_verdict_t best, policy_verdict_t v)
{
	if (policy_permits(own) || !policy_permits(v))
		return best;
	return !policy_permits(best) || v < best ? v : best;
}

policy_verdict_t naive_heard(const struct config *c, uint32_t link, const char *type,
	const char *const *types, unsigned n)
{
	policy_verdict_t own = heard_type(c, link, type), best = own;

	for (unsigned i = 0; !type && i < n; i++)
		best = host_best(own, best, heard_type(c, link, types[i]));
	return best;
}

policy_verdict_t naive_ours(const struct config *c, uint32_t link, const char *type,
	const char *const *types, unsigned n)
{
	policy_verdict_t own = ours_type(c, link, type), best = own;

	for (unsigned i = 0; !type && i < n; i++)
		best = host_best(own, best, ours_type(c, link, types[i]));
	return best;
}

policy_verdict_t naive_union(const policy_verdict_t *v, unsigned n)
{
	policy_verdict_t permit = 0, deny = 0;

	for (unsigned i = 0; i < n; i++) {
		if (policy_permits(v[i])) {
			if (permit == 0 || v[i] < permit)
				permit = v[i];
		} else if (v[i] != 0 && (deny == 0 || v[i] < deny)) {
			deny = v[i];
		}
	}
	return permit ? permit : deny;
}
