/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Random configurations, services and links: the compiled tables say what the naive interpreter
 * says, rule for rule.
 */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "build.h"
#include "naive.h"
#include "policy/trace.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const char *const types[] = {
	"_ipp._tcp",
	"_http._tcp",
	"_airplay._tcp",
	"_googlecast._tcp",
	"_workstation._tcp",
	"_rdlink._tcp",
	"_dosvc._tcp",
	"_unnamed._udp",
};
static const char *const services[] = {
	"any",
	"any",
	"any,_rdlink._tcp",
	"workstation",
	"_ipp._tcp",
	"_http._tcp,_ipp._tcp",
	"_airplay._tcp,_googlecast._tcp",
	"_rdlink._tcp",
	"sleep:_sleep-proxy._udp+_dosvc._tcp",
};
static const char *const globs[] = {
	"*", "Lecture *", "*hall*", "l?cture 1", "\\*", "*\\?", "??", "*ü*", "LECTURE ?*1"};
static const char *const instances[] = {
	"Lecture 1", "Lecture 22", "lecture", "Main Hall", "Müller", "*", "a?", "üü", "Lecture €1"};
static const char *const links[] = {"a", "b", "c", "d", "e"};
static const char *const policies[] = {"p0", "p1", "p2"};

static bool one_in(struct rng *r, uint32_t n)
{
	return rng_range(r, 1, n) == 1;
}

static const char *pick(struct rng *r, const char *const *list, size_t n)
{
	return list[rng_range(r, 0, (uint32_t)n - 1)];
}

/* Some of the links, none twice. */
static const char *some_links(struct rng *r, char *buf)
{
	unsigned mask = rng_range(r, 1, (1u << N(links)) - 1);

	buf[0] = '\0';
	for (unsigned i = 0; i < N(links); i++)
		if (mask & 1u << i)
			sprintf(buf + strlen(buf), "%s%s", buf[0] ? "," : "", links[i]);
	return buf;
}

static struct build *random_config(struct rng *r)
{
	struct build *b = build_new();
	unsigned n_rules = rng_range(r, 0, 14);
	char from[32], to[32];

	for (unsigned i = 0; i < n_rules; i++) {
		struct build_rule rule = {0};
		const char *what = pick(r, services, N(services));

		if (one_in(r, 2))
			rule.permit = what;
		else
			rule.deny = what;
		if (one_in(r, 3))
			rule.instance = pick(r, globs, N(globs));
		if (one_in(r, 4))
			rule.from = some_links(r, from);
		if (one_in(r, 4))
			rule.to = some_links(r, to);
		if (one_in(r, 3))
			rule.kind = one_in(r, 2) ? CONFIG_KIND_QUERY : CONFIG_KIND_ADVERTISEMENT;
		build_rule(b, pick(r, policies, N(policies)), rule);
	}
	for (unsigned i = 0; i < N(links); i++)
		build_link(b, links[i], one_in(r, 5) ? NULL : pick(r, policies, N(policies)),
			one_in(r, 6) ? NULL : pick(r, policies, N(policies)));
	return b;
}

static struct naive_subject random_subject(struct rng *r)
{
	struct naive_subject s = {.link = rng_range(r, 0, N(links) - 1)};

	if (!one_in(r, 8))
		s.type = pick(r, types, N(types));
	if (!one_in(r, 5))
		s.instance = pick(r, instances, N(instances));
	return s;
}

static uint32_t class_of(struct build *b, struct policy *p, const struct naive_subject *s)
{
	return build_class(b, p, s->type, s->instance, links[s->link]);
}

static void check_subject(
	uint64_t seed, struct build *b, struct policy *p, const struct naive_subject *s)
{
	const struct config *c = build_config(b);
	const struct policy_table *t = policy_table(p);
	uint32_t cls = class_of(b, p, s);

	cr_assert_neq(cls, POLICY_CLASS_NONE);
	cr_assert_eq(class_of(b, p, s), cls);
	cr_assert_eq(policy_verdict(t, cls, policy_in_column(p, build_id_of(s->link))),
		naive_in(c, s), "seed %llu: in of %s: %s %s", (unsigned long long)seed,
		links[s->link], s->type, s->instance);
	for (uint32_t to = 0; to < N(links); to++) {
		policy_verdict_t v = policy_verdict(t, cls, policy_out_column(p, build_id_of(to)));

		cr_assert_eq(v, naive_out(c, s, to, NULL),
			"seed %llu: out of %s from %s: %s %s: %x", (unsigned long long)seed,
			links[to], links[s->link], s->type, s->instance, v);
	}
}

static void check_asks(uint64_t seed, struct build *b, struct policy *p)
{
	const struct config *c = build_config(b);

	for (uint32_t l = 0; l < N(links); l++) {
		for (unsigned i = 0; i <= N(types); i++) {
			const char *type = i < N(types) ? types[i] : NULL;

			cr_assert_eq(ask_heard(b, p, links[l], type),
				naive_heard(c, l, NULL, type, types, N(types)),
				"seed %llu: heard on %s: %s", (unsigned long long)seed, links[l],
				type);
			cr_assert_eq(ask_ours(b, p, links[l], type),
				naive_ours(c, l, type, types, N(types)),
				"seed %llu: ours on %s: %s", (unsigned long long)seed, links[l],
				type);
		}
	}
}

static void check_union(struct rng *r, uint64_t seed, struct build *b, struct policy *p)
{
	const struct config *c = build_config(b);
	struct naive_subject s[4];
	uint32_t cls[8], n = rng_range(r, 1, N(s)), u;

	/* Of one host: all on one link. */
	for (uint32_t i = 0; i < n; i++) {
		s[i] = random_subject(r);
		s[i].link = s[0].link;
		cls[i] = class_of(b, p, &s[i]);
	}
	u = policy_class_union(p, cls, n);
	for (uint32_t to = 0; to < N(links); to++) {
		policy_verdict_t v[N(s)];

		for (uint32_t i = 0; i < n; i++)
			v[i] = naive_out(c, &s[i], to, NULL);
		cr_assert_eq(
			policy_verdict(policy_table(p), u, policy_out_column(p, build_id_of(to))),
			naive_union(v, n), "seed %llu: union on %s", (unsigned long long)seed,
			links[to]);
	}
	/* Backwards, and some of it twice. */
	for (uint32_t i = 0; i < n; i++)
		cls[n + i] = cls[n - 1 - i];
	cr_assert_eq(policy_class_union(p, cls, 2 * n), u);
	cr_assert_eq(policy_class_union(p, cls + n, n), u);
}

Test(property, tables_equal_rules)
{
	for (uint64_t seed = 1; seed <= 3000; seed++) {
		struct rng r;
		struct build *b;
		struct policy *p;

		rng_seed(&r, seed);
		b = random_config(&r);
		p = build_policy(b);
		for (unsigned i = 0; i < 12; i++) {
			struct naive_subject s = random_subject(&r);

			check_subject(seed, b, p, &s);
		}
		check_asks(seed, b, p);
		check_union(&r, seed, b, p);
		policy_free(p);
		build_free(b);
	}
}

/* No question is refused that some service could answer, whatever the rules (of both kinds alike).
 */
Test(property, what_is_shown_may_be_asked)
{
	for (uint64_t seed = 1; seed <= 500; seed++) {
		struct rng r;
		struct build *b;
		struct policy *p;

		rng_seed(&r, seed);
		b = random_config(&r);
		p = build_policy(b);
		for (unsigned i = 0; i < 20; i++) {
			struct naive_subject s = random_subject(&r);
			uint32_t to = rng_range(&r, 0, N(links) - 1);
			const struct config *c = build_config(b);
			uint32_t k = c->links[to].policy_out;
			bool kinds = false;

			for (uint32_t j = 0; k != CONFIG_NO_POLICY && j < c->policies[k].n_rules;
				j++)
				kinds |= c->policies[k].rules[j].kind != CONFIG_KIND_BOTH;
			if (kinds || c->links[to].policy_in != CONFIG_NO_POLICY)
				continue;
			if (!policy_permits(naive_out(c, &s, to, NULL)))
				continue;
			cr_assert(policy_permits(ask_heard(b, p, links[to], s.type)),
				"seed %llu: %s on %s", (unsigned long long)seed, s.type, links[to]);
			cr_assert(policy_permits(ask_heard(b, p, links[to], NULL)));
		}
		policy_free(p);
		build_free(b);
	}
}

/* --- rules that ask who stations are -------------------------------------------------------- */

static const char *const macs[] = {
	"02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:11:00:00:01", "0a:00:00:00:00:01"};
static const char *const mac_lists[] = {"02:00:00:00:00:01", "02:00:00", "02",
	"02:00,0a:00:00:00:00:01", "02:00:11:00:00:01,02:00:00"};
static const char *const roles[] = {"staff", "student", "guest"};
static const char *const role_lists[] = {"staff", "student", "staff,student", "nobody"};
static const char *const users[] = {"ann", "bob", "eve"};
static const char *const user_lists[] = {"ann", "ann,bob", "zoe"};
static const char *const places[] = {
	"c", "c/n", "c/n/a", "c/n/a/1", "c/n/a/2", "c/n/b", "c/s", "d"};
static const char *const place_lists[] = {"c", "c/n", "c/n/a", "c/s,c/n/b", "c/n/a/1,d", "e"};
static const char *const txts[] = {"model=Apple*", "model", "Color=T", "rp=*print*", "model="};
static const char *const txt_records[] = {"", "model=AppleTV", "Model=apple\ncolor=T",
	"model=x\nmodel=Apple", "color", "color=\nrp=ipp/print/1", "model="};

/* One of the list, or NULL once in n. */
static const char *maybe(struct rng *r, uint32_t n, const char *const *list, size_t len)
{
	return one_in(r, n) ? pick(r, list, len) : NULL;
}

static struct build *random_people_config(struct rng *r)
{
	struct build *b = build_new();
	unsigned n_rules = rng_range(r, 1, 12);
	char from[32], to[32];

	for (unsigned i = 0; i < n_rules; i++) {
		struct build_rule rule = {0};
		const char *what = pick(r, services, N(services));
		/* p0 serves as `in` too, where there are no relations. */
		const char *policy = pick(r, policies, N(policies));

		if (one_in(r, 2))
			rule.permit = what;
		else
			rule.deny = what;
		rule.instance = maybe(r, 5, globs, N(globs));
		rule.txt = maybe(r, 5, txts, N(txts));
		if (one_in(r, 6))
			rule.from = some_links(r, from);
		if (one_in(r, 6))
			rule.to = some_links(r, to);
		rule.from_mac = maybe(r, 8, mac_lists, N(mac_lists));
		rule.from_role = maybe(r, 8, role_lists, N(role_lists));
		rule.from_user = maybe(r, 8, user_lists, N(user_lists));
		rule.from_place = maybe(r, 8, place_lists, N(place_lists));
		rule.to_mac = maybe(r, 6, mac_lists, N(mac_lists));
		rule.to_role = maybe(r, 5, role_lists, N(role_lists));
		rule.to_user = maybe(r, 6, user_lists, N(user_lists));
		rule.to_place = maybe(r, 6, place_lists, N(place_lists));
		if (strcmp(policy, "p0") != 0 && one_in(r, 3)) {
			rule.same = rng_range(r, CONFIG_SAME_USER, CONFIG_SAME_LOCATION);
			if (rule.same == CONFIG_SAME_LOCATION)
				rule.level = rng_range(r, 0, 4);
		}
		if (strcmp(policy, "p0") != 0 && rule.permit && one_in(r, 8))
			rule.nearest = rng_range(r, 1, 3);
		if (one_in(r, 4))
			rule.kind = one_in(r, 2) && !rule.nearest ? CONFIG_KIND_QUERY
								  : CONFIG_KIND_ADVERTISEMENT;
		build_rule(b, policy, rule);
	}
	for (unsigned i = 0; i < N(links); i++)
		build_link(b, links[i], one_in(r, 4) ? NULL : "p0",
			one_in(r, 8) ? NULL : pick(r, policies, N(policies)));
	return b;
}

static struct naive_who random_who(struct rng *r)
{
	return (struct naive_who){.mac = pick(r, macs, N(macs)),
		.role = one_in(r, 3) ? NULL : pick(r, roles, N(roles)),
		.user = one_in(r, 3) ? NULL : pick(r, users, N(users)),
		.place = one_in(r, 3) ? NULL : pick(r, places, N(places))};
}

static struct policy_who compiled_who(struct build *b, const struct naive_who *w)
{
	return build_who(b, w->mac, w->role, w->user, w->place);
}

/* "a=1\nb" as TXT rdata. */
static uint16_t txt_wire(const char *text, uint8_t *out)
{
	uint16_t n = 0;

	for (const char *at = text; *at;) {
		size_t len = strcspn(at, "\n");

		out[n++] = (uint8_t)len;
		memcpy(out + n, at, len);
		n += (uint16_t)len;
		at += len + (at[len] == '\n');
	}
	if (n == 0)
		out[n++] = 0;
	return n;
}

static uint32_t people_class(struct build *b, struct policy *p, const struct naive_subject *s)
{
	struct policy_who who = compiled_who(b, s->who);
	uint8_t wire[128], txt[256];
	struct policy_subject subject = {.link = build_id_of(s->link), .who = &who};

	if (s->type) {
		subject.type_len = build_wire(s->type, wire);
		subject.type = wire;
	}
	if (s->instance) {
		subject.instance = (const uint8_t *)s->instance;
		subject.instance_len = (uint8_t)strlen(s->instance);
	}
	if (s->txt) {
		subject.txt_len = txt_wire(s->txt, txt);
		subject.txt = txt;
	}
	return policy_class(p, &subject);
}

/* What the tables say to one consumer: a cell, or what is behind it. */
static policy_verdict_t compiled_out(struct build *b, struct policy *p, uint32_t cls,
	const struct naive_subject *s, uint32_t to, const struct naive_who *consumer)
{
	struct policy_who who = compiled_who(b, consumer), provider = compiled_who(b, s->who);
	const struct policy_party asker = {who.user, who.role, who.place};
	const struct policy_party owner = {provider.user, provider.role, provider.place};
	uint32_t number = policy_consumer(p, build_id_of(to), &who);
	policy_verdict_t v =
		policy_verdict(policy_table(p), cls, policy_out_column(p, build_id_of(to)));

	cr_assert_eq(number != POLICY_NO_CONSUMER, policy_link_is_personal(p, build_id_of(to)));
	return v & POLICY_PERSONAL ? policy_personal(p, v, number, &asker, &owner) : v;
}

static struct naive_subject random_person_subject(struct rng *r, struct naive_who *who)
{
	struct naive_subject s = random_subject(r);

	*who = random_who(r);
	s.who = who;
	s.txt = one_in(r, 4) ? NULL : pick(r, txt_records, N(txt_records));
	return s;
}

/* explain says the same, by the rules. */
static void check_trace(struct build *b, struct policy *p, policy_verdict_t cell,
	const struct naive_subject *s, const struct naive_who *consumer, policy_verdict_t want)
{
	struct policy_who who = compiled_who(b, consumer), provider = compiled_who(b, s->who);
	struct policy_trace t[16];
	policy_verdict_t v;
	unsigned n;

	if (!(cell & POLICY_PERSONAL))
		return;
	n = policy_trace(p, cell, &who, &provider, t, N(t), &v);
	cr_assert_eq(v, want);
	cr_assert_leq(n, N(t));
	for (unsigned i = 0; i < n; i++)
		cr_assert_eq(
			t[i].decides, i + 1 == n && (want & POLICY_RULE_MASK) == t[i].rule + 1);
}

static void check_person(struct rng *r, uint64_t seed, struct build *b, struct policy *p)
{
	const struct config *c = build_config(b);
	struct naive_who provider, consumer;
	struct naive_subject s = random_person_subject(r, &provider);
	uint32_t cls = people_class(b, p, &s);

	cr_assert_eq(policy_verdict(policy_table(p), cls, policy_in_column(p, build_id_of(s.link))),
		naive_in(c, &s), "seed %llu: in", (unsigned long long)seed);
	for (unsigned i = 0; i < 8; i++) {
		uint32_t to = rng_range(r, 0, N(links) - 1);
		policy_verdict_t cell =
			policy_verdict(policy_table(p), cls, policy_out_column(p, build_id_of(to)));
		policy_verdict_t want, got;

		consumer = random_who(r);
		want = naive_out(c, &s, to, &consumer);
		got = compiled_out(b, p, cls, &s, to, &consumer);
		cr_assert_eq(got, want, "seed %llu: out of %s: %x, naive %x",
			(unsigned long long)seed, links[to], got, want);
		check_trace(b, p, cell, &s, &consumer, want);
		/* What is multicast, everybody may see, and none of it is counted. */
		if (policy_permits(cell))
			cr_assert(policy_permits(want) &&
					  (cell & POLICY_PERSONAL ? policy_nearest(p, want) == 0
								  : true),
				"seed %llu: everybody on %s", (unsigned long long)seed, links[to]);
		if (policy_permits(want))
			cr_assert(policy_may_permit(cell), "seed %llu", (unsigned long long)seed);
	}
}

static void check_person_asks(struct rng *r, uint64_t seed, struct build *b, struct policy *p)
{
	const struct config *c = build_config(b);
	struct naive_who asker = random_who(r);
	struct policy_who who = compiled_who(b, &asker);

	for (uint32_t l = 0; l < N(links); l++) {
		uint16_t id = build_id_of(l);
		uint32_t number = policy_consumer(p, id, &who);

		for (unsigned i = 0; i <= N(types); i++) {
			const char *type = i < N(types) ? types[i] : NULL;
			uint8_t wire[128];
			uint32_t t = type ? policy_type(p, wire, build_wire(type, wire))
					  : POLICY_TYPE_HOST;

			cr_assert_eq(policy_ask_personal(p, t, policy_query_column(p, id), number),
				naive_heard(c, l, &asker, type, types, N(types)),
				"seed %llu: %s asks on %s", (unsigned long long)seed, asker.user,
				links[l]);
		}
	}
}

/* A host's addresses are permitted to whom one of its services is. */
static void check_person_union(struct rng *r, uint64_t seed, struct build *b, struct policy *p)
{
	const struct config *c = build_config(b);
	struct naive_who provider, consumer;
	struct naive_subject s[4];
	uint32_t cls[8], n = rng_range(r, 1, N(s)), u;

	for (uint32_t i = 0; i < n; i++) {
		struct naive_who ignored;

		s[i] = random_person_subject(r, i == 0 ? &provider : &ignored);
		s[i].who = &provider;
		s[i].link = s[0].link;
		cls[i] = people_class(b, p, &s[i]);
	}
	u = policy_class_union(p, cls, n);
	for (unsigned k = 0; k < 8; k++) {
		uint32_t to = rng_range(r, 0, N(links) - 1);
		bool want = false;

		consumer = random_who(r);
		for (uint32_t i = 0; i < n; i++)
			want |= policy_permits(naive_out(c, &s[i], to, &consumer));
		cr_assert_eq(policy_permits(compiled_out(b, p, u, &s[0], to, &consumer)), want,
			"seed %llu: union on %s", (unsigned long long)seed, links[to]);
	}
	/* Of unions too, in any order. */
	for (uint32_t i = 0; i < n; i++)
		cls[n + i] = i == 0 ? u : cls[n - i];
	cr_assert_eq(policy_class_union(p, cls, 2 * n), u);
}

/* Are both the same, as far as these facts go? */
static bool same_facts(const struct policy *p, uint8_t facts, const struct policy_who *a,
	uint32_t number_a, const struct policy_who *b, uint32_t number_b)
{
	const uint16_t *down = policy_names_of(p)->down + POLICY_DOWN(facts & POLICY_FACT_LEVEL);

	return (!(facts & POLICY_FACT_NUMBER) || number_a == number_b) &&
	       (!(facts & POLICY_FACT_USER) || a->user == b->user) &&
	       (!(facts & POLICY_FACT_ROLE) || a->role == b->role) &&
	       down[a->place] == down[b->place];
}

/* Who is alike in what a verdict on another rested on, has the same one: answers are shared by
 * that. */
static void check_person_facts(
	struct rng *r, uint64_t seed, struct build *b, struct policy *p, unsigned *shared)
{
	struct naive_who provider, other, who[8];
	struct naive_subject s = random_person_subject(r, &provider);
	struct naive_subject t = random_person_subject(r, &other);
	uint32_t to = rng_range(r, 0, N(links) - 1), cls[2] = {people_class(b, p, &s)}, ask;
	uint16_t id = build_id_of(to);
	policy_verdict_t cell, v[N(who)], asked[N(who)];
	struct policy_who compiled[N(who)];
	uint32_t number[N(who)];
	uint8_t wire[128];

	t.who = s.who;
	t.link = s.link;
	cls[1] = people_class(b, p, &t);
	if (one_in(r, 2))
		cls[0] = policy_class_union(p, cls, 2);
	ask = policy_type(p, wire, build_wire(pick(r, types, N(types)), wire));
	if (one_in(r, 8))
		ask = POLICY_TYPE_HOST;
	if (!policy_link_is_personal(p, id))
		return;
	cell = policy_verdict(policy_table(p), cls[0], policy_out_column(p, id));
	for (unsigned i = 0; i < N(who); i++) {
		who[i] = random_who(r);
		compiled[i] = compiled_who(b, &who[i]);
		number[i] = policy_consumer(p, id, &compiled[i]);
		v[i] = compiled_out(b, p, cls[0], &s, to, &who[i]);
		asked[i] = policy_ask_personal(p, ask, policy_query_column(p, id), number[i]);
		for (uint32_t l = 0; l < N(links); l++)
			cr_assert(!policy_same_rules(p, id, build_id_of(l)) ||
					  policy_consumer(p, build_id_of(l), &compiled[i]) ==
						  number[i],
				"seed %llu", (unsigned long long)seed);
	}
	for (unsigned i = 0; i < N(who); i++) {
		uint8_t facts =
			cell & POLICY_PERSONAL ? policy_personal_facts(p, cell, number[i]) : 0;

		for (unsigned k = 0; k < N(who); k++) {
			if (same_facts(
				    p, facts, &compiled[i], number[i], &compiled[k], number[k])) {
				cr_assert_eq(
					v[i], v[k], "seed %llu: shown", (unsigned long long)seed);
				*shared += number[i] != number[k];
			}
			if (same_facts(p, policy_ask_facts(p, id, ask), &compiled[i], number[i],
				    &compiled[k], number[k]))
				cr_assert_eq(asked[i], asked[k], "seed %llu: asked",
					(unsigned long long)seed);
		}
	}
}

Test(property, tables_equal_rules_about_stations)
{
	unsigned shared = 0;

	for (uint64_t seed = 1; seed <= 3000; seed++) {
		struct rng r;
		struct build *b;
		struct policy *p;

		rng_seed(&r, seed);
		b = random_people_config(&r);
		p = build_policy(b);
		for (unsigned i = 0; i < 12; i++) {
			check_person_facts(&r, seed, b, p, &shared);
			check_person(&r, seed, b, p);
			check_person_asks(&r, seed, b, p);
			check_person_union(&r, seed, b, p);
		}
		check_asks(seed, b, p);
		policy_free(p);
		build_free(b);
	}
	cr_assert_gt(shared, 0);
}
