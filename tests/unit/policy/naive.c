/* SPDX-License-Identifier: BSD-3-Clause */
#include "naive.h"

#include "base/addr.h"

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

static bool begins(const char *mac, const struct config_mac_prefix *p)
{
	char text[18];

	mac_format(&p->mac, text);
	return strncasecmp(mac, text, p->bits / 8 * 3 - 1) == 0;
}

static bool inside(const char *place, const char *in)
{
	size_t len = strlen(in);

	return strncmp(place, in, len) == 0 && (place[len] == '/' || place[len] == '\0');
}

static bool asks_who(const struct config_who *w)
{
	return w->n_macs || w->n_roles || w->n_users || w->n_locations;
}

static bool is_who(const struct config *c, const struct config_who *w, const struct naive_who *who)
{
	bool mac = !w->n_macs, role = !w->n_roles, user = !w->n_users, place = !w->n_locations;

	if (!asks_who(w))
		return true;
	if (!who)
		return false;
	for (uint32_t i = 0; i < w->n_macs; i++)
		mac |= who->mac && begins(who->mac, &w->macs[i]);
	for (uint32_t i = 0; i < w->n_roles; i++)
		role |= who->role && strcmp(who->role, w->roles[i]) == 0;
	for (uint32_t i = 0; i < w->n_users; i++)
		user |= who->user && strcmp(who->user, w->users[i]) == 0;
	for (uint32_t i = 0; i < w->n_locations; i++)
		place |= who->place && inside(who->place, c->locations[w->locations[i]].path);
	return mac && role && user && place;
}

/* As much of a path as `level` names are; NULL: it has not so many. */
static size_t upto(const char *path, uint32_t level)
{
	size_t len = 0;

	for (uint32_t i = 0; i < level; i++) {
		if (path[len] == '\0')
			return 0;
		len += i > 0;
		len += strcspn(path + len, "/");
	}
	return len;
}

static bool same_text(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static bool is_related(
	const struct config_rule *r, const struct naive_who *a, const struct naive_who *b)
{
	size_t len;

	if (!r->same)
		return true;
	if (!a || !b)
		return false;
	if (r->same == CONFIG_SAME_USER)
		return same_text(a->user, b->user);
	if (r->same == CONFIG_SAME_ROLE)
		return same_text(a->role, b->role);
	if (!r->level)
		return same_text(a->place, b->place);
	if (!a->place || !b->place)
		return false;
	len = upto(a->place, r->level);
	return len > 0 && len == upto(b->place, r->level) && strncmp(a->place, b->place, len) == 0;
}

/* Does the TXT criterion match? Of what is not known only a deny is sure. */
static bool has_txt(const struct config_rule *r, const struct naive_subject *s)
{
	size_t key;

	if (!r->txt)
		return true;
	if (!s->type || !s->instance)
		return false;
	if (!s->txt)
		return !r->permit;
	key = strcspn(r->txt, "=");
	for (const char *at = s->txt; *at;) {
		size_t len = strcspn(at, "\n"), k = 0;
		char value[256];

		while (k < len && at[k] != '=')
			k++;
		if (k == key && strncasecmp(at, r->txt, key) == 0) {
			if (r->txt[key] == '\0')
				return true;
			if (k == len)
				return false;
			memcpy(value, at + k + 1, len - k - 1);
			value[len - k - 1] = '\0';
			return naive_glob(r->txt + key + 1, value);
		}
		at += len + (at[len] == '\n');
	}
	return false;
}

static bool is_service(
	const struct config *c, const struct config_rule *r, const struct naive_subject *s)
{
	return r->kind != CONFIG_KIND_QUERY && services_match(r, s->type) &&
	       (!r->instance || (s->type && s->instance && naive_glob(r->instance, s->instance))) &&
	       has_txt(r, s) && listed(&r->from, s->link) && is_who(c, &r->from_who, s->who);
}

policy_verdict_t naive_in(const struct config *c, const struct naive_subject *s)
{
	uint32_t k = c->links[s->link].policy_in;

	for (uint32_t i = 0; k != CONFIG_NO_POLICY && i < c->policies[k].n_rules; i++) {
		const struct config_rule *r = &c->policies[k].rules[i];

		if (is_service(c, r, s) && r->to.n == 0 && !asks_who(&r->to_who))
			return verdict_of(c, k, i);
	}
	return 0;
}

policy_verdict_t naive_out(const struct config *c, const struct naive_subject *s, uint32_t to,
	const struct naive_who *consumer)
{
	uint32_t k = c->links[to].policy_out;

	for (uint32_t i = 0; k != CONFIG_NO_POLICY && i < c->policies[k].n_rules; i++) {
		const struct config_rule *r = &c->policies[k].rules[i];

		if (is_service(c, r, s) && listed(&r->to, to) && is_who(c, &r->to_who, consumer) &&
			is_related(r, consumer, s->who))
			return verdict_of(c, k, i);
	}
	return 0;
}

/* Could a provider, wherever it is, match a question from that link? */
static policy_verdict_t could_match(const struct config *c, uint32_t k, uint32_t link,
	const struct naive_who *asker, const char *type)
{
	for (uint32_t i = 0; k != CONFIG_NO_POLICY && i < c->policies[k].n_rules; i++) {
		const struct config_rule *r = &c->policies[k].rules[i];
		bool some_only = r->instance || r->txt || r->from.n > 0 || asks_who(&r->from_who) ||
				 r->same || (!asker && asks_who(&r->to_who));

		if (r->kind == CONFIG_KIND_ADVERTISEMENT || !services_match(r, type))
			continue;
		if (asker && !is_who(c, &r->to_who, asker))
			continue;
		if (!listed(&r->to, link) || (some_only && !r->permit) ||
			(!type && (r->instance || r->txt)))
			continue;
		return verdict_of(c, k, i);
	}
	return 0;
}

static policy_verdict_t heard_type(
	const struct config *c, uint32_t link, const struct naive_who *asker, const char *type)
{
	const struct config_link *l = &c->links[link];

	if (l->policy_in != CONFIG_NO_POLICY && l->policy_out != CONFIG_NO_POLICY) {
		policy_verdict_t in = could_match(c, l->policy_in, link, asker, type);

		if (!policy_permits(in))
			return in;
	}
	return could_match(c, l->policy_out, link, asker, type);
}

static policy_verdict_t ours_type(const struct config *c, uint32_t link, const char *type)
{
	uint32_t in = c->links[link].policy_in, out = c->links[link].policy_out;
	policy_verdict_t learn = 0;

	for (uint32_t i = 0; in != CONFIG_NO_POLICY && i < c->policies[in].n_rules; i++) {
		const struct config_rule *r = &c->policies[in].rules[i];

		if (r->kind == CONFIG_KIND_QUERY || !services_match(r, type))
			continue;
		if (r->to.n > 0 || asks_who(&r->to_who) || !listed(&r->from, link))
			continue;
		if ((r->instance || r->txt) && !type)
			continue;
		if ((r->instance || r->txt || asks_who(&r->from_who)) && !r->permit)
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
		if ((r->instance || r->txt) && !type)
			continue;
		if ((r->instance || r->txt || asks_who(&r->from_who) || asks_who(&r->to_who) ||
			    r->same) &&
			!r->permit)
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

policy_verdict_t naive_heard(const struct config *c, uint32_t link, const struct naive_who *asker,
	const char *type, const char *const *types, unsigned n)
{
	policy_verdict_t own = heard_type(c, link, asker, type), best = own;

	for (unsigned i = 0; !type && i < n; i++)
		best = host_best(own, best, heard_type(c, link, asker, types[i]));
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
