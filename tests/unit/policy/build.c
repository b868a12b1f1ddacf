/* SPDX-License-Identifier: BSD-3-Clause */
#include "build.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/arena.h"
#include "policy/index.h"
#include "policy/names.h"

struct build_link {
	const char *name, *in, *out;
};

struct build_entry {
	const char *policy;
	struct build_rule rule;
};

struct build {
	struct policy_arena arena;
	struct build_link *links;
	uint32_t n_links;
	struct build_entry *rules;
	uint32_t n_rules;
	struct config config;
	struct policy_names *names;
	bool built;
};

static void *get(struct build *b, size_t n, size_t size)
{
	void *ptr = policy_arena_alloc(&b->arena, n, size);

	cr_assert_not_null(ptr);
	return ptr;
}

static const char *copy(struct build *b, const char *text)
{
	return text ? policy_arena_text(&b->arena, text, strlen(text)) : NULL;
}

struct build *build_new(void)
{
	struct build *b = calloc(1, sizeof(*b));

	cr_assert_not_null(b);
	b->names = policy_names_create();
	cr_assert_not_null(b->names);
	return b;
}

struct policy_names *shared_names(void)
{
	static struct policy_names *names;

	if (names == NULL)
		names = policy_names_create();
	cr_assert_not_null(names);
	return names;
}

struct policy_names *build_names(struct build *b)
{
	return b->names;
}

struct policy_who build_who(
	struct build *b, const char *mac, const char *role, const char *user, const char *place)
{
	struct policy_who who = {
		.role = policy_names_role(b->names, role),
		.user = policy_names_user(b->names, user),
		.place = policy_names_place(b->names, place),
	};

	if (mac)
		cr_assert_eq(mac_parse(mac, &who.mac), 0, "%s", mac);
	return who;
}

void build_free(struct build *b)
{
	policy_names_destroy(b->names);
	policy_arena_free(&b->arena);
	free(b->links);
	free(b->rules);
	free(b);
}

void build_link(struct build *b, const char *name, const char *in, const char *out)
{
	b->links = realloc(b->links, (b->n_links + 1) * sizeof(*b->links));
	cr_assert_not_null(b->links);
	b->links[b->n_links++] = (struct build_link){copy(b, name), copy(b, in), copy(b, out)};
	b->built = false;
}

void build_rule(struct build *b, const char *policy, struct build_rule r)
{
	b->rules = realloc(b->rules, (b->n_rules + 1) * sizeof(*b->rules));
	cr_assert_not_null(b->rules);
	r.permit = copy(b, r.permit);
	r.deny = copy(b, r.deny);
	r.instance = copy(b, r.instance);
	r.from = copy(b, r.from);
	r.to = copy(b, r.to);
	r.txt = copy(b, r.txt);
	r.from_mac = copy(b, r.from_mac);
	r.from_role = copy(b, r.from_role);
	r.from_user = copy(b, r.from_user);
	r.from_place = copy(b, r.from_place);
	r.to_mac = copy(b, r.to_mac);
	r.to_role = copy(b, r.to_role);
	r.to_user = copy(b, r.to_user);
	r.to_place = copy(b, r.to_place);
	b->rules[b->n_rules++] = (struct build_entry){copy(b, policy), r};
	b->built = false;
}

static uint32_t link_index(const struct build *b, const char *name)
{
	for (uint32_t i = 0; i < b->n_links; i++)
		if (strcmp(b->links[i].name, name) == 0)
			return i;
	cr_assert_fail("no link %s", name);
	return 0;
}

static int u32_cmp(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static struct config_link_list link_list(struct build *b, const char *names)
{
	struct config_link_list out = {0};
	uint32_t *v;
	char *text, *save = NULL;

	if (!names)
		return out;
	text = strdup(names);
	v = get(b, strlen(names) + 1, sizeof(*v));
	for (char *t = strtok_r(text, ",", &save); t; t = strtok_r(NULL, ",", &save))
		v[out.n++] = link_index(b, t);
	free(text);
	qsort(v, out.n, sizeof(*v), u32_cmp);
	out.links = v;
	return out;
}

static const char **text_list(struct build *b, const char *names, uint32_t *n)
{
	const char **v;
	char *text, *save = NULL;

	*n = 0;
	if (!names)
		return NULL;
	text = strdup(names);
	v = get(b, strlen(names) + 1, sizeof(*v));
	for (char *t = strtok_r(text, ",", &save); t; t = strtok_r(NULL, ",", &save))
		v[(*n)++] = copy(b, t);
	free(text);
	return v;
}

/* The index of a place in the configuration, added if it is new. */
static uint32_t place_index(struct build *b, const char *path)
{
	struct config *c = &b->config;

	for (uint32_t i = 0; i < c->n_locations; i++)
		if (strcmp(c->locations[i].path, path) == 0)
			return i;
	if (!c->locations)
		c->locations = get(b, 64, sizeof(*c->locations));
	cr_assert_lt(c->n_locations, 64);
	c->locations[c->n_locations].path = copy(b, path);
	return c->n_locations++;
}

static struct config_who who_of(
	struct build *b, const char *mac, const char *role, const char *user, const char *place)
{
	struct config_who w = {0};
	uint32_t n_macs, n_places;
	const char **macs = text_list(b, mac, &n_macs), **places = text_list(b, place, &n_places);
	struct config_mac_prefix *m = get(b, n_macs, sizeof(*m));
	uint32_t *at = get(b, n_places, sizeof(*at));

	w.roles = text_list(b, role, &w.n_roles);
	w.users = text_list(b, user, &w.n_users);
	for (uint32_t i = 0; i < n_macs; i++) {
		char full[] = "00:00:00:00:00:00";

		memcpy(full, macs[i], strlen(macs[i]));
		cr_assert_eq(mac_parse(full, &m[i].mac), 0);
		m[i].bits = (uint32_t)(strlen(macs[i]) + 1) / 3 * 8;
	}
	for (uint32_t i = 0; i < n_places; i++)
		at[i] = place_index(b, places[i]);
	w.macs = m;
	w.n_macs = n_macs;
	w.locations = at;
	w.n_locations = n_places;
	return w;
}

static struct config_services services(struct build *b, const char *list)
{
	struct config_services out = {0};
	struct config_type_ref *types = get(b, strlen(list) + 1, sizeof(*types));
	char *text = strdup(list), *save = NULL, *save2;

	for (char *t = strtok_r(text, ",", &save); t; t = strtok_r(NULL, ",", &save)) {
		char *colon = strchr(t, ':');
		const char *via;

		if (strcmp(t, "any") == 0) {
			out.any = true;
			continue;
		}
		if (strcmp(t, "workstation") == 0) {
			out.workstation = true;
			types[out.n_types++] =
				(struct config_type_ref){"_workstation._tcp", "workstation"};
			continue;
		}
		if (colon)
			*colon = '\0';
		via = copy(b, t);
		save2 = NULL;
		for (char *s = strtok_r(colon ? colon + 1 : t, "+", &save2); s;
			s = strtok_r(NULL, "+", &save2))
			types[out.n_types++] = (struct config_type_ref){copy(b, s), via};
	}
	free(text);
	out.types = types;
	return out;
}

static uint32_t policy_index(const struct config *c, const char *name)
{
	if (!name)
		return CONFIG_NO_POLICY;
	for (uint32_t i = 0; i < c->n_policies; i++)
		if (strcmp(c->policies[i].name, name) == 0)
			return i;
	return POLICY_NO_ID;
}

/* Policies in the order they were first named, the rules of each in the order they were added. */
static void fill_policies(struct build *b)
{
	struct config *c = &b->config;

	c->policies = get(b, (size_t)b->n_rules + 2 * b->n_links, sizeof(*c->policies));
	for (uint32_t i = 0; i < b->n_rules; i++) {
		const char *name = b->rules[i].policy;
		struct config_rule *rules;
		uint32_t n = 0;

		if (policy_index(c, name) != POLICY_NO_ID)
			continue;
		rules = get(b, b->n_rules - i, sizeof(*rules));
		for (uint32_t j = i; j < b->n_rules; j++) {
			const struct build_rule *r = &b->rules[j].rule;

			if (strcmp(b->rules[j].policy, name) != 0)
				continue;
			rules[n++] = (struct config_rule){
				.permit = r->permit != NULL,
				.kind = r->kind ? r->kind : CONFIG_KIND_BOTH,
				.services = services(b, r->permit ? r->permit : r->deny),
				.instance = r->instance,
				.from = link_list(b, r->from),
				.to = link_list(b, r->to),
				.txt = r->txt,
				.from_who = who_of(
					b, r->from_mac, r->from_role, r->from_user, r->from_place),
				.to_who = who_of(b, r->to_mac, r->to_role, r->to_user, r->to_place),
				.same = r->same,
				.level = r->level,
				.nearest = r->nearest,
				.pos = {.line = 100 + j, .col = 5},
			};
		}
		c->policies[c->n_policies++] =
			(struct config_policy){name, rules, n, {.line = 99, .col = 1}};
	}
}

const struct config *build_config(struct build *b)
{
	struct config *c = &b->config;

	if (b->built)
		return c;
	*c = (struct config){.file = "test.yaml"};
	fill_policies(b);
	c->links = get(b, b->n_links, sizeof(*c->links));
	c->n_links = b->n_links;
	for (uint32_t i = 0; i < b->n_links; i++) {
		const struct build_link *l = &b->links[i];
		const char *names[2] = {l->in, l->out};

		c->links[i].name = l->name;
		for (unsigned j = 0; j < 2; j++) {
			/* A policy without rules. */
			if (policy_index(c, names[j]) == POLICY_NO_ID && names[j])
				c->policies[c->n_policies++] =
					(struct config_policy){.name = names[j]};
		}
		c->links[i].policy_in = policy_index(c, l->in);
		c->links[i].policy_out = policy_index(c, l->out);
	}
	b->built = true;
	return c;
}

uint16_t build_id_of(uint32_t index)
{
	return (uint16_t)(index * 2 + 1);
}

uint16_t build_id(struct build *b, const char *link)
{
	return build_id_of(link_index(b, link));
}

struct policy *build_policy(struct build *b)
{
	const struct config *c = build_config(b);
	uint16_t *ids = malloc((c->n_links + 1) * sizeof(*ids));
	char why[160] = "";
	struct policy *p;

	for (uint32_t i = 0; i < c->n_links; i++)
		ids[i] = build_id_of(i);
	p = policy_compile(c, b->names, ids, build_id_of(c->n_links), 0, why, sizeof(why));
	cr_assert_not_null(p, "%s: %s", strerror(errno), why);
	free(ids);
	return p;
}

uint8_t build_wire(const char *type, uint8_t wire[128])
{
	const char *dot = strrchr(type, '.');
	size_t name = (size_t)(dot - type), proto = strlen(dot + 1);

	wire[0] = (uint8_t)name;
	memcpy(wire + 1, type, name);
	wire[1 + name] = (uint8_t)proto;
	memcpy(wire + 2 + name, dot + 1, proto);
	return (uint8_t)(2 + name + proto);
}

uint32_t build_class(
	struct build *b, struct policy *p, const char *type, const char *instance, const char *link)
{
	uint8_t wire[128];
	struct policy_subject s = {.link = build_id(b, link)};

	if (type) {
		s.type = wire;
		s.type_len = build_wire(type, wire);
	}
	if (instance) {
		s.instance = (const uint8_t *)instance;
		s.instance_len = (uint8_t)strlen(instance);
	}
	return policy_class(p, &s);
}

policy_verdict_t verdict_in(
	struct build *b, struct policy *p, const char *link, const char *type, const char *instance)
{
	return policy_verdict(policy_table(p), build_class(b, p, type, instance, link),
		policy_in_column(p, build_id(b, link)));
}

policy_verdict_t verdict_out(struct build *b, struct policy *p, const char *link, const char *type,
	const char *instance, const char *provider)
{
	return policy_verdict(policy_table(p), build_class(b, p, type, instance, provider),
		policy_out_column(p, build_id(b, link)));
}

static uint32_t type_class(const struct policy *p, const char *type)
{
	uint8_t wire[128];

	return type ? policy_type(p, wire, build_wire(type, wire)) : policy_type(p, NULL, 0);
}

policy_verdict_t ask_heard(struct build *b, struct policy *p, const char *link, const char *type)
{
	return policy_ask(
		policy_table(p), type_class(p, type), policy_query_column(p, build_id(b, link)));
}

policy_verdict_t ask_ours(struct build *b, struct policy *p, const char *link, const char *type)
{
	return policy_ask(
		policy_table(p), type_class(p, type), policy_probe_column(p, build_id(b, link)));
}
