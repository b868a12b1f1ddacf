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

		cr_assert_eq(v, naive_out(c, s, to), "seed %llu: out of %s from %s: %s %s: %x",
			(unsigned long long)seed, links[to], links[s->link], s->type, s->instance,
			v);
	}
}

static void check_asks(uint64_t seed, struct build *b, struct policy *p)
{
	const struct config *c = build_config(b);

	for (uint32_t l = 0; l < N(links); l++) {
		for (unsigned i = 0; i <= N(types); i++) {
			const char *type = i < N(types) ? types[i] : NULL;

			cr_assert_eq(ask_heard(b, p, links[l], type),
				naive_heard(c, l, type, types, N(types)),
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
			v[i] = naive_out(c, &s[i], to);
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
			if (!policy_permits(naive_out(c, &s, to)))
				continue;
			cr_assert(policy_permits(ask_heard(b, p, links[to], s.type)),
				"seed %llu: %s on %s", (unsigned long long)seed, s.type, links[to]);
			cr_assert(policy_permits(ask_heard(b, p, links[to], NULL)));
		}
		policy_free(p);
		build_free(b);
	}
}
