/* SPDX-License-Identifier: BSD-3-Clause */

/* Classes and columns: what shares one, what does not, and what happens when there is no more room.
 */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"

static struct build *b;
static struct policy *p;
static struct policy_stats st;

static void setup(void)
{
	b = build_new();
	p = NULL;
}

static void teardown(void)
{
	policy_free(p);
	build_free(b);
}

TestSuite(class, .init = setup, .fini = teardown);

static void compile(void)
{
	p = build_policy(b);
	policy_stats(p, &st);
}

Test(class, services_that_no_rule_tells_apart_share)
{
	uint32_t a;

	build_link(b, "a", "p", "p");
	build_link(b, "b", "p", "p");
	PERMIT(b, "p", "_ipp._tcp,_ipps._tcp");
	PERMIT(b, "p", "_http._tcp", .instance = "Lecture *");
	compile();
	a = build_class(b, p, "_ipp._tcp", "x", "a");
	cr_expect_eq(build_class(b, p, "_ipp._tcp", "x", "a"), a);
	cr_expect_eq(build_class(b, p, "_IPP._tcp", "other", "b"), a);
	cr_expect_eq(build_class(b, p, "_ipps._tcp", "Lecture 1", "a"), a);
	cr_expect_eq(build_class(b, p, "_ipp._tcp", NULL, "a"), a);
	a = build_class(b, p, "_http._tcp", "Lecture 1", "a");
	cr_expect_eq(build_class(b, p, "_http._tcp", "lecture 2", "b"), a);
	cr_expect_neq(build_class(b, p, "_http._tcp", "Hall", "a"), a);
	policy_stats(p, &st);
	cr_expect_eq(st.classes, 4);
}

/* Even what is denied everywhere by default is classified: NONE says that it is not. */
Test(class, none_is_not_for_the_classified)
{
	build_link(b, "a", NULL, NULL);
	compile();
	cr_expect_neq(build_class(b, p, "_ipp._tcp", "x", "a"), POLICY_CLASS_NONE);
	cr_expect_eq(policy_verdict(policy_table(p), POLICY_CLASS_NONE, 0), DEFAULT);
}

Test(class, columns_are_shared_by_links_alike)
{
	char name[16];

	for (unsigned i = 0; i < 4000; i++) {
		snprintf(name, sizeof(name), "dorm-%u", i);
		build_link(b, name, "learn", "students");
	}
	DENY(b, "learn", "_companion-link._tcp");
	PERMIT(b, "learn", "any");
	PERMIT(b, "students", "_ipp._tcp");
	compile();
	/* Nobody's, learn's and students' columns; questions heard need one more. */
	cr_expect_eq(st.columns, 3);
	cr_expect_leq(st.ask_columns, 4);
	cr_expect_eq(policy_in_column(p, build_id_of(0)), policy_in_column(p, build_id_of(3999)));
	cr_expect_eq(policy_out_column(p, build_id_of(0)), policy_out_column(p, build_id_of(3999)));
	cr_expect_neq(policy_in_column(p, build_id_of(0)), policy_out_column(p, build_id_of(0)));
}

Test(class, columns_split_where_rules_tell_links_apart)
{
	build_link(b, "a", "p", "p");
	build_link(b, "b", "p", "p");
	build_link(b, "c", "p", "p");
	build_link(b, "d", "q", "q");
	PERMIT(b, "p", "_ipp._tcp", .to = "a,d");
	PERMIT(b, "p", "_http._tcp", .from = "b");
	PERMIT(b, "q", "_ipp._tcp");
	compile();
	cr_expect_neq(
		policy_out_column(p, build_id(b, "a")), policy_out_column(p, build_id(b, "b")));
	cr_expect_eq(
		policy_out_column(p, build_id(b, "b")), policy_out_column(p, build_id(b, "c")));
	cr_expect_neq(policy_in_column(p, build_id(b, "a")), policy_in_column(p, build_id(b, "b")));
	cr_expect_eq(policy_in_column(p, build_id(b, "a")), policy_in_column(p, build_id(b, "c")));
	/* Deny-all; of p two by `from`, two by `to`; of q one each way. */
	cr_expect_eq(st.columns, 7);
}

Test(class, probe_and_query_columns_are_shared)
{
	build_link(b, "a", "in", "out");
	build_link(b, "b", NULL, "out");
	PERMIT(b, "in", "any");
	PERMIT(b, "out", "_ipp._tcp");
	compile();
	/* `out` says nothing of our questions; no `in` adds nothing to `out`. */
	cr_expect_eq(
		policy_probe_column(p, build_id(b, "a")), policy_in_column(p, build_id(b, "a")));
	cr_expect_eq(
		policy_query_column(p, build_id(b, "b")), policy_out_column(p, build_id(b, "b")));
	/* An `in` that permits all leaves the verdicts of `out` as they are. */
	cr_expect_eq(
		policy_query_column(p, build_id(b, "a")), policy_out_column(p, build_id(b, "a")));
	cr_expect_eq(policy_probe_column(p, build_id(b, "b")), 0);
}

Test(class, unused_policies_cost_no_columns)
{
	build_link(b, "a", NULL, "used");
	PERMIT(b, "unused", "_http._tcp", .to = "a");
	PERMIT(b, "used", "_ipp._tcp");
	compile();
	cr_expect_eq(st.columns, 2);
	cr_expect_eq(verdict_out(b, p, "a", "_http._tcp", "x", "a"), DEFAULT);
	cr_expect_eq(verdict_out(b, p, "a", "_ipp._tcp", "x", "a"), YES(2));
}

/* A host is shown where one of its services is. */
Test(class, unions)
{
	uint32_t print, web, other, host, two, all[4];
	const struct policy_table *t;

	build_link(b, "prints", NULL, "prints");
	build_link(b, "webs", NULL, "webs");
	build_link(b, "hosts", NULL, "hosts");
	PERMIT(b, "prints", "_ipp._tcp");
	DENY(b, "prints", "any");
	PERMIT(b, "webs", "_http._tcp");
	PERMIT(b, "hosts", "workstation");
	compile();
	t = policy_table(p);
	print = build_class(b, p, "_ipp._tcp", "x", "webs");
	web = build_class(b, p, "_http._tcp", "x", "webs");
	other = build_class(b, p, "_ssh._tcp", "x", "webs");
	host = build_class(b, p, NULL, NULL, "webs");
	two = policy_class_union(p, (uint32_t[]){print, web}, 2);
	cr_expect_eq(policy_class_union(p, (uint32_t[]){web, print, web}, 3), two);
	cr_expect_eq(policy_verdict(t, two, policy_out_column(p, build_id(b, "prints"))), YES(1));
	cr_expect_eq(policy_verdict(t, two, policy_out_column(p, build_id(b, "webs"))), YES(3));
	cr_expect_eq(policy_verdict(t, two, policy_out_column(p, build_id(b, "hosts"))), DEFAULT);

	cr_expect_eq(policy_class_union(p, &web, 1), web);
	cr_expect_eq(policy_class_union(p, (uint32_t[]){web, web, web}, 3), web);
	cr_expect_eq(policy_class_union(p, NULL, 0), POLICY_CLASS_NONE);
	cr_expect_eq(policy_class_union(p, (uint32_t[]){POLICY_CLASS_NONE}, 1), POLICY_CLASS_NONE);
	cr_expect_eq(policy_class_union(p, (uint32_t[]){POLICY_CLASS_NONE, web}, 2), web);
	/* A denied service takes nothing away, and says which rule denies where nothing permits. */
	cr_expect_eq(policy_class_union(p, (uint32_t[]){other, two}, 2), two);
	cr_expect_eq(policy_verdict(t, policy_class_union(p, (uint32_t[]){other, web}, 2),
			     policy_out_column(p, build_id(b, "prints"))),
		NO(2));
	/* Unions of unions. */
	all[0] = policy_class_union(p, (uint32_t[]){two, host}, 2);
	all[1] = policy_class_union(p, (uint32_t[]){print, host, web}, 3);
	cr_expect_eq(all[0], all[1]);
	cr_expect_eq(policy_verdict(t, all[0], policy_out_column(p, build_id(b, "hosts"))), YES(4));
}

/* A number that was never given out cannot lead outside of the matrix. */
Test(class, unions_ignore_what_is_no_class)
{
	uint32_t web;

	build_link(b, "a", NULL, "p");
	PERMIT(b, "p", "any");
	compile();
	web = build_class(b, p, "_http._tcp", "x", "a");
	cr_expect_eq(policy_class_union(p, (uint32_t[]){web, 12345678, UINT32_MAX}, 3), web);
}

Test(class, big_unions)
{
	uint32_t *cls = calloc(5000, sizeof(*cls));

	build_link(b, "a", NULL, "p");
	PERMIT(b, "p", "_ipp._tcp");
	DENY(b, "p", "_http._tcp");
	compile();
	for (unsigned i = 0; i < 5000; i++)
		cls[i] = build_class(b, p, i % 2 ? "_ipp._tcp" : "_http._tcp", "x", "a");
	cr_expect_eq(policy_class_union(p, cls, 5000), cls[1]);
	free(cls);
}

#define WIDE 15000u /* links, each with policies of its own */
#define GLOBS 1200u

/* A configuration so wide that the matrix has hardly room for the least number of classes. */
struct wide {
	struct config config;
	struct config_link *links;
	struct config_policy *policies;
	struct config_rule *rules;
	char (*glob)[8];
	uint16_t *ids;
};

static void wide_make(struct wide *w, uint32_t n)
{
	w->links = calloc(n, sizeof(*w->links));
	w->policies = calloc(n, sizeof(*w->policies));
	w->rules = calloc(n, sizeof(*w->rules));
	w->glob = calloc(n, sizeof(*w->glob));
	w->ids = calloc(n, sizeof(*w->ids));
	for (uint32_t i = 0; i < n; i++) {
		snprintf(w->glob[i], sizeof(w->glob[i]), "g%u", i);
		w->links[i] = (struct config_link){.name = "l", .policy_in = i, .policy_out = i};
		w->rules[i] = (struct config_rule){
			.permit = true, .kind = CONFIG_KIND_BOTH, .services = {.any = true}};
		if (i < GLOBS)
			w->rules[i].instance = w->glob[i];
		w->policies[i] =
			(struct config_policy){.name = "p", .rules = &w->rules[i], .n_rules = 1};
		w->ids[i] = (uint16_t)i;
	}
	w->config = (struct config){.file = "wide.yaml",
		.links = w->links,
		.n_links = n,
		.policies = w->policies,
		.n_policies = n};
}

static void wide_free(struct wide *w)
{
	free(w->links);
	free(w->policies);
	free(w->rules);
	free(w->glob);
	free(w->ids);
}

Test(class, a_full_table_denies_and_counts)
{
	struct wide w;
	char why[160] = "";
	struct policy_subject s = {.type = (const uint8_t *)"\4_ipp\4_tcp", .type_len = 10};
	uint32_t first = 0, refused = 0, cls;
	const struct policy_table *t;

	wide_make(&w, WIDE);
	p = policy_compile(&w.config, shared_names(), w.ids, WIDE, 0, why, sizeof(why));
	cr_assert_not_null(p, "%s", why);
	policy_stats(p, &st);
	cr_assert_geq(st.classes_max, 1024);
	cr_assert_lt(st.classes_max, GLOBS);
	t = policy_table(p);
	for (uint32_t i = 0; i < GLOBS; i++) {
		s.instance = (const uint8_t *)w.glob[i];
		s.instance_len = (uint8_t)strlen(w.glob[i]);
		cls = policy_class(p, &s);
		if (i == 0)
			first = cls;
		if (cls == POLICY_CLASS_NONE) {
			refused++;
			continue;
		}
		cr_assert_eq(refused, 0);
		cr_assert_eq(policy_verdict(t, cls, policy_out_column(p, (uint16_t)i)), YES(i + 1));
	}
	/* Class 0 takes one row. */
	cr_expect_eq(refused, GLOBS - (st.classes_max - 1));
	policy_stats(p, &st);
	cr_expect_eq(st.classes, st.classes_max);
	cr_expect_eq(st.class_full, refused);
	cr_expect_leq(st.bytes, 64u << 20);
	/* What is there stays. */
	s.instance = (const uint8_t *)w.glob[0];
	s.instance_len = (uint8_t)strlen(w.glob[0]);
	cr_expect_eq(policy_class(p, &s), first);
	/* A union that would need a row of its own is refused alike. */
	cls = policy_class_union(p, (uint32_t[]){1, 2}, 2);
	cr_expect_eq(cls, POLICY_CLASS_NONE);
	policy_stats(p, &st);
	cr_expect_eq(st.class_full, refused + 1);
	wide_free(&w);
}

Test(class, too_wide_a_table_is_refused)
{
	struct wide w;
	char why[160] = "";

	wide_make(&w, POLICY_RULES_MAX);
	errno = 0;
	p = policy_compile(&w.config, shared_names(), w.ids, POLICY_RULES_MAX, 0, why, sizeof(why));
	cr_expect_null(p);
	cr_expect_eq(errno, E2BIG);
	cr_expect_not_null(strstr(why, "64 MiB"), "%s", why);
	wide_free(&w);
}
