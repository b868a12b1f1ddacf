/* SPDX-License-Identifier: BSD-3-Clause */

/* How rules decide on records. */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"

static struct build *b;
static struct policy *p;

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

TestSuite(rules, .init = setup, .fini = teardown);

static policy_verdict_t out(
	const char *link, const char *type, const char *instance, const char *provider)
{
	if (!p)
		p = build_policy(b);
	return verdict_out(b, p, link, type, instance, provider);
}

static policy_verdict_t in(const char *link, const char *type, const char *instance)
{
	if (!p)
		p = build_policy(b);
	return verdict_in(b, p, link, type, instance);
}

Test(rules, first_match_wins)
{
	build_link(b, "a", "p", "p");
	DENY(b, "p", "_http._tcp");
	PERMIT(b, "p", "_http._tcp,_ipp._tcp");
	DENY(b, "p", "_ipp._tcp");
	cr_expect_eq(out("a", "_http._tcp", "x", "a"), NO(1));
	cr_expect_eq(out("a", "_ipp._tcp", "x", "a"), YES(2));
	cr_expect_eq(in("a", "_http._tcp", "x"), NO(1));
	cr_expect_eq(in("a", "_ipp._tcp", "x"), YES(2));
}

Test(rules, default_is_deny)
{
	build_link(b, "a", "p", "p");
	build_link(b, "none", NULL, NULL);
	build_link(b, "empty", "nothing", "nothing");
	PERMIT(b, "p", "_ipp._tcp");
	cr_expect_eq(out("a", "_http._tcp", "x", "a"), DEFAULT);
	cr_expect_eq(in("a", "_http._tcp", "x"), DEFAULT);
	cr_expect_eq(out("none", "_ipp._tcp", "x", "a"), DEFAULT);
	cr_expect_eq(in("none", "_ipp._tcp", "x"), DEFAULT);
	cr_expect_eq(out("empty", "_ipp._tcp", "x", "a"), DEFAULT);
	cr_expect_eq(in("empty", "_ipp._tcp", "x"), DEFAULT);
}

/* Verdicts name rules by their number over all policies, in and out alike. */
Test(rules, rules_are_numbered_over_policies)
{
	struct policy_rule_info info;

	build_link(b, "a", "learn", "show");
	DENY(b, "learn", "_http._tcp");
	PERMIT(b, "show", "_ipp._tcp");
	PERMIT(b, "learn", "any");
	cr_expect_eq(in("a", "_ipp._tcp", "x"), YES(2));
	cr_expect_eq(out("a", "_ipp._tcp", "x", "a"), YES(3));
	cr_assert(policy_rule_info(p, (YES(3) & POLICY_RULE_MASK) - 1, &info));
	cr_expect_str_eq(info.policy, "show");
}

Test(rules, any_is_every_service_and_host)
{
	build_link(b, "a", "p", "p");
	build_link(b, "b", "w", "w");
	build_link(b, "c", "t", "t");
	PERMIT(b, "p", "any");
	PERMIT(b, "w", "workstation");
	PERMIT(b, "t", "_ipp._tcp");
	cr_expect_eq(out("a", "_ipp._tcp", "x", "a"), YES(1));
	cr_expect_eq(out("a", "_made-up._udp", NULL, "a"), YES(1));
	cr_expect_eq(out("a", NULL, NULL, "a"), YES(1));
	cr_expect_eq(out("b", NULL, NULL, "a"), YES(2));
	cr_expect_eq(out("b", "_workstation._tcp", "x", "a"), YES(2));
	cr_expect_eq(out("b", "_ipp._tcp", "x", "a"), DEFAULT);
	cr_expect_eq(out("c", NULL, NULL, "a"), DEFAULT);
	cr_expect_eq(in("b", NULL, NULL), YES(2));
}

Test(rules, never_set_needs_to_be_named)
{
	static const char *const never[] = {"_sleep-proxy._udp", "_dosvc._tcp",
		"_companion-link._tcp", "_rdlink._tcp", "_RdLink._tcp"};

	build_link(b, "any", "any", "any");
	build_link(b, "named", "named", "named");
	build_link(b, "set", "set", "set");
	build_link(b, "later", "later", "later");
	build_link(b, "denied", "denied", "denied");
	PERMIT(b, "any", "any");
	PERMIT(b, "named", "_sleep-proxy._udp,_dosvc._tcp,_companion-link._tcp,_rdlink._tcp");
	PERMIT(b, "set", "odd:_sleep-proxy._udp+_dosvc._tcp+_companion-link._tcp+_rdlink._tcp,any");
	PERMIT(b, "later", "any");
	PERMIT(b, "later", "_sleep-proxy._udp,_dosvc._tcp,_companion-link._tcp,_rdlink._tcp");
	DENY(b, "denied", "any");
	PERMIT(b, "denied", "_sleep-proxy._udp,_dosvc._tcp,_companion-link._tcp,_rdlink._tcp");
	for (unsigned i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		cr_expect_eq(out("any", never[i], "x", "any"), DEFAULT);
		cr_expect_eq(in("any", never[i], "x"), DEFAULT);
		cr_expect_eq(out("named", never[i], "x", "any"), YES(2));
		cr_expect_eq(in("set", never[i], "x"), YES(3));
		cr_expect_eq(out("set", never[i], "x", "any"), YES(3));
		/* `any` passes it over, so a later rule may still speak. */
		cr_expect_eq(out("later", never[i], "x", "any"), YES(5));
		cr_expect_eq(out("denied", never[i], "x", "any"), NO(6));
	}
}

Test(rules, instance_is_the_first_label)
{
	build_link(b, "a", "p", "p");
	PERMIT(b, "p", "_ipp._tcp", .instance = "Lecture *");
	DENY(b, "p", "any", .instance = "*secret*");
	PERMIT(b, "p", "any", .instance = "*");
	cr_expect_eq(out("a", "_ipp._tcp", "lecture 1", "a"), YES(1));
	cr_expect_eq(in("a", "_ipp._tcp", "Lecture Secret"), YES(1));
	cr_expect_eq(out("a", "_http._tcp", "Lecture Secret", "a"), NO(2));
	cr_expect_eq(out("a", "_http._tcp", "Lecture 1", "a"), YES(3));
	/* What has no instance matches no glob. */
	cr_expect_eq(out("a", "_ipp._tcp", NULL, "a"), DEFAULT);
	cr_expect_eq(out("a", NULL, NULL, "a"), DEFAULT);
	cr_expect_eq(in("a", NULL, NULL), DEFAULT);
	/* A host's own label is no instance. */
	cr_expect_eq(out("a", NULL, "lecture 1", "a"), DEFAULT);
}

/* An empty label is none of a service, but a glob may say so. */
Test(rules, instance_may_hold_anything)
{
	build_link(b, "a", NULL, "p");
	DENY(b, "p", "any", .instance = "Lab");
	PERMIT(b, "p", "any");
	cr_expect_eq(out("a", "_ipp._tcp", "Lab._ipp._tcp", "a"), YES(2));
	cr_expect_eq(out("a", "_ipp._tcp", "\3Lab", "a"), YES(2));
	cr_expect_eq(out("a", "_ipp._tcp", "LAB", "a"), NO(1));
	cr_expect_eq(out("a", "_ipp._tcp", "", "a"), YES(2));
}

Test(rules, from_is_the_providers_link)
{
	build_link(b, "staff", NULL, NULL);
	build_link(b, "guest", NULL, NULL);
	build_link(b, "a", NULL, "p");
	DENY(b, "p", "_http._tcp", .from = "guest");
	PERMIT(b, "p", "any", .from = "staff,guest");
	cr_expect_eq(out("a", "_http._tcp", "x", "guest"), NO(1));
	cr_expect_eq(out("a", "_http._tcp", "x", "staff"), YES(2));
	cr_expect_eq(out("a", "_ipp._tcp", "x", "guest"), YES(2));
	cr_expect_eq(out("a", "_ipp._tcp", "x", "a"), DEFAULT);
}

Test(rules, to_is_the_consumers_link)
{
	build_link(b, "a", NULL, "p");
	build_link(b, "b", NULL, "p");
	build_link(b, "c", NULL, "p");
	PERMIT(b, "p", "_ipp._tcp", .to = "a,b");
	DENY(b, "p", "_ipp._tcp", .to = "c");
	PERMIT(b, "p", "_http._tcp", .to = "b", .from = "c");
	cr_expect_eq(out("a", "_ipp._tcp", "x", "c"), YES(1));
	cr_expect_eq(out("b", "_ipp._tcp", "x", "c"), YES(1));
	cr_expect_eq(out("c", "_ipp._tcp", "x", "a"), NO(2));
	cr_expect_eq(out("b", "_http._tcp", "x", "c"), YES(3));
	cr_expect_eq(out("b", "_http._tcp", "x", "a"), DEFAULT);
	cr_expect_eq(out("a", "_http._tcp", "x", "c"), DEFAULT);
}

/* In an `in` policy the provider's link is the link itself, and nobody consumes yet. */
Test(rules, from_and_to_in_an_in_policy)
{
	build_link(b, "a", "p", NULL);
	build_link(b, "b", "p", NULL);
	PERMIT(b, "p", "_ipp._tcp", .from = "a");
	PERMIT(b, "p", "_http._tcp", .to = "a,b");
	DENY(b, "p", "any", .to = "a");
	PERMIT(b, "p", "_raop._tcp");
	cr_expect_eq(in("a", "_ipp._tcp", "x"), YES(1));
	cr_expect_eq(in("b", "_ipp._tcp", "x"), DEFAULT);
	cr_expect_eq(in("a", "_http._tcp", "x"), DEFAULT);
	cr_expect_eq(in("a", "_raop._tcp", "x"), YES(4));
}

Test(rules, kind_query_is_not_for_records)
{
	build_link(b, "a", "p", "p");
	DENY(b, "p", "_ipp._tcp", .kind = CONFIG_KIND_QUERY);
	PERMIT(b, "p", "_ipp._tcp", .kind = CONFIG_KIND_ADVERTISEMENT);
	PERMIT(b, "p", "_http._tcp", .kind = CONFIG_KIND_QUERY);
	cr_expect_eq(out("a", "_ipp._tcp", "x", "a"), YES(2));
	cr_expect_eq(in("a", "_ipp._tcp", "x"), YES(2));
	cr_expect_eq(out("a", "_http._tcp", "x", "a"), DEFAULT);
}

/* An id beyond those compiled, and one in between that no link has. */
Test(rules, unknown_links_deny)
{
	static const uint16_t unknown[] = {0, 2, 100, 65535};
	uint8_t wire[128];
	struct policy_subject s = {.type = wire, .type_len = build_wire("_ipp._tcp", wire)};
	const struct policy_table *t;

	build_link(b, "a", "p", "p");
	build_link(b, "b", "p", "p");
	PERMIT(b, "p", "any");
	p = build_policy(b);
	t = policy_table(p);
	for (unsigned i = 0; i < 4; i++) {
		uint32_t cls = build_class(b, p, "_ipp._tcp", "x", "a");

		cr_expect_eq(policy_verdict(t, cls, policy_in_column(p, unknown[i])), DEFAULT);
		cr_expect_eq(policy_verdict(t, cls, policy_out_column(p, unknown[i])), DEFAULT);
		cr_expect_eq(policy_ask(t, POLICY_TYPE_OTHER, policy_query_column(p, unknown[i])),
			DEFAULT);
		cr_expect_eq(policy_ask(t, POLICY_TYPE_OTHER, policy_probe_column(p, unknown[i])),
			DEFAULT);
		s.link = unknown[i];
		cr_expect_eq(policy_class(p, &s), POLICY_CLASS_NONE);
	}
}

Test(rules, no_links_no_policies)
{
	struct config c = {.file = "empty.yaml"};
	char why[160];
	struct policy_stats st;

	p = policy_compile(&c, shared_names(), NULL, 0, 1, why, sizeof(why));
	cr_assert_not_null(p);
	cr_expect_eq(policy_table(p)->slot, 1);
	cr_expect_eq(policy_rules(p), 0);
	cr_expect_eq(policy_in_column(p, 0), 0);
	policy_stats(p, &st);
	cr_expect_eq(st.columns, 1);
	cr_expect_eq(st.classes, 1);
	policy_free(NULL);
}

Test(rules, a_type_that_is_none_matches_nothing)
{
	build_link(b, "a", "p", "p");
	PERMIT(b, "p", "nonsense,_._tcp,_ipp._tcp");
	cr_expect_eq(out("a", "_ipp._tcp", "x", "a"), YES(1));
	cr_expect_eq(out("a", "nonsense._tcp", "x", "a"), DEFAULT);
}

Test(rules, information_for_people)
{
	struct policy_rule_info info;

	for (unsigned i = 0; i < 12; i++) {
		char name[8];

		snprintf(name, sizeof(name), "v%u", i);
		build_link(b, name, "p", "q");
	}
	PERMIT(b, "p", "print:_ipp._tcp+_ipps._tcp,_http._tcp", .instance = "Say \"\\*\"\n*",
		.from = "v1,v2", .to = "v3", .kind = CONFIG_KIND_QUERY);
	DENY(b, "p", "any");
	PERMIT(b, "q", "workstation", .kind = CONFIG_KIND_ADVERTISEMENT,
		.from = "v0,v1,v2,v3,v4,v5,v6,v7,v8,v9,v10");
	p = build_policy(b);
	cr_assert_eq(policy_rules(p), 3);
	cr_assert(policy_rule_info(p, 0, &info));
	cr_expect_str_eq(info.policy, "p");
	cr_expect_str_eq(info.file, "test.yaml");
	cr_expect_eq(info.line, 100);
	cr_expect_eq(info.col, 5);
	cr_expect(info.permit);
	cr_expect_str_eq(info.text,
		"{permit: [print, _http._tcp], instance: \"Say \\\"\\\\*\\\"\\x0a*\", kind: query, "
		"from: {link: [v1, v2]}, to: {link: v3}}");
	cr_assert(policy_rule_info(p, 1, &info));
	cr_expect_str_eq(info.text, "{deny: any}");
	cr_expect_not(info.permit);
	cr_assert(policy_rule_info(p, 2, &info));
	cr_expect_str_eq(info.policy, "q");
	cr_expect_str_eq(info.text, "{permit: workstation, kind: advertisement, "
				    "from: {link: [v0, v1, v2, v3, v4, v5, v6, v7, and 3 more]}}");
	cr_expect_not(policy_rule_info(p, 3, &info));
}

/* The policy keeps nothing of the configuration. */
Test(rules, outlives_its_configuration)
{
	struct build *gone = build_new();
	struct policy_rule_info info;
	struct policy_subject s = {.link = 1};

	build_link(gone, "a", "p", "p");
	PERMIT(gone, "p", "any", .instance = "x*");
	PERMIT(gone, "p", "workstation");
	p = build_policy(gone);
	build_free(gone);
	cr_expect_eq(policy_verdict(policy_table(p), policy_class(p, &s), policy_in_column(p, 1)),
		YES(2));
	cr_assert(policy_rule_info(p, 0, &info));
	cr_expect_str_eq(info.text, "{permit: any, instance: \"x*\"}");
}

/* A configuration of one policy with n rules for `any`. */
static void compile_rules(uint32_t n, int error)
{
	struct config_rule *rules = calloc(n, sizeof(*rules));
	struct config_policy policy = {.name = "p", .rules = rules, .n_rules = n};
	struct config_link link = {.name = "a", .policy_in = 0, .policy_out = 0};
	struct config c = {.file = "big.yaml",
		.links = &link,
		.n_links = 1,
		.policies = &policy,
		.n_policies = 1};
	char why[160] = "";
	uint16_t id = 0;

	cr_assert_not_null(rules);
	for (uint32_t i = 0; i < n; i++)
		rules[i] = (struct config_rule){.kind = CONFIG_KIND_BOTH,
			.permit = true,
			.services = {.workstation = true}};
	if (n > 0)
		rules[n - 1].services.any = true;
	errno = 0;
	p = policy_compile(&c, shared_names(), &id, 1, 0, why, sizeof(why));
	if (error) {
		cr_expect_null(p);
		cr_expect_eq(errno, error);
		cr_expect_not_null(strstr(why, "rules"), "%s", why);
	} else {
		struct policy_subject s = {.type = (const uint8_t *)"\4_ipp\4_tcp", .type_len = 10};

		cr_assert_not_null(p, "%s", why);
		cr_expect_eq(policy_verdict(
				     policy_table(p), policy_class(p, &s), policy_out_column(p, 0)),
			YES(n));
	}
	free(rules);
}

Test(rules, most_rules)
{
	compile_rules(POLICY_RULES_MAX, 0);
}

Test(rules, too_many_rules)
{
	compile_rules(POLICY_RULES_MAX + 1, E2BIG);
}

Test(rules, link_ids_out_of_range)
{
	const struct config *c;
	char why[160] = "";
	uint16_t id = 4;

	build_link(b, "a", NULL, NULL);
	c = build_config(b);
	errno = 0;
	cr_expect_null(policy_compile(c, shared_names(), &id, 4, 0, why, sizeof(why)));
	cr_expect_eq(errno, EINVAL);
	cr_expect_neq(why[0], '\0');
}
