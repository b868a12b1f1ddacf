/* SPDX-License-Identifier: BSD-3-Clause */

/* Which service a rule's type means, and what only looks like it. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "build.h"

static struct build *b;
static struct policy *p;

static void setup(void)
{
	b = build_new();
	build_link(b, "a", "all", "print");
	PERMIT(b, "all", "any");
	PERMIT(b, "print", "_ipp._tcp,_ipps._tcp");
	DENY(b, "print", "_http._tcp");
	p = build_policy(b);
}

static void teardown(void)
{
	policy_free(p);
	build_free(b);
}

TestSuite(types, .init = setup, .fini = teardown);

/* Verdict on a service whose type is these bytes. */
static policy_verdict_t out_bytes(const char *wire, size_t len)
{
	struct policy_subject s = {
		.type = (const uint8_t *)wire,
		.type_len = (uint8_t)len,
		.link = build_id(b, "a"),
	};

	return policy_verdict(
		policy_table(p), policy_class(p, &s), policy_out_column(p, build_id(b, "a")));
}

static policy_verdict_t ask_bytes(const char *wire, size_t len)
{
	return policy_ask(policy_table(p), policy_type(p, (const uint8_t *)wire, (uint8_t)len),
		policy_query_column(p, build_id(b, "a")));
}

#define BYTES(s) (s), sizeof(s) - 1

Test(types, exact_labels_match)
{
	cr_expect_eq(out_bytes(BYTES("\4_ipp\4_tcp")), YES(2));
	cr_expect_eq(out_bytes(BYTES("\5_ipps\4_tcp")), YES(2));
	cr_expect_eq(out_bytes(BYTES("\5_http\4_tcp")), NO(3));
	cr_expect_eq(ask_bytes(BYTES("\4_ipp\4_tcp")), YES(2));
}

Test(types, case_is_no_matter)
{
	cr_expect_eq(out_bytes(BYTES("\4_IPP\4_TcP")), YES(2));
	cr_expect_eq(out_bytes(BYTES("\5_HTTP\4_tcp")), NO(3));
}

/* The names filters have been fooled by: labels that hold another type's text or length bytes. */
Test(types, look_alikes_do_not_match)
{
	static const struct {
		const char *wire;
		size_t len;
	} fake[] = {
		{BYTES("\x9_ipp._tcp")},
		{BYTES("\x9_ipp._tcp\4_udp")},
		{BYTES("\4_ipp\4_udp")},
		{BYTES("\5x_ipp\4_tcp")},
		{BYTES("\5_ipp \4_tcp")},
		{BYTES("\5_ipp\0\4_tcp")},
		{BYTES("\4_ipp\4_tcp\0")},
		{BYTES("\4_ipp\4_tcp\5local")},
		{BYTES("\4_ipp\4_tc")},
		{BYTES("\4_ipp")},
		{BYTES("\3ipp\4_tcp")},
		{BYTES("\xa\4_ipp\4_tcp\4_tcp")},
		{BYTES("")},
	};
	char longest[255];

	for (size_t i = 0; i < sizeof(fake) / sizeof(fake[0]); i++) {
		cr_expect_eq(out_bytes(fake[i].wire, fake[i].len), DEFAULT, "%zu", i);
		cr_expect_eq(ask_bytes(fake[i].wire, fake[i].len), DEFAULT, "%zu", i);
	}
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "\4_ipp\4_tcp", 10);
	cr_expect_eq(out_bytes(longest, sizeof(longest)), DEFAULT);
	cr_expect_eq(ask_bytes(longest, sizeof(longest)), DEFAULT);
}

Test(types, classes_of_types)
{
	cr_expect_eq(policy_type(p, NULL, 0), POLICY_TYPE_HOST);
	cr_expect_eq(policy_type(p, (const uint8_t *)BYTES("\4_foo\4_tcp")), POLICY_TYPE_OTHER);
	/* No rule tells these two apart. */
	cr_expect_eq(policy_type(p, (const uint8_t *)BYTES("\4_ipp\4_tcp")),
		policy_type(p, (const uint8_t *)BYTES("\5_ipps\4_tcp")));
	cr_expect_neq(policy_type(p, (const uint8_t *)BYTES("\4_ipp\4_tcp")),
		policy_type(p, (const uint8_t *)BYTES("\5_http\4_tcp")));
	/* Never set, rule 2's, rule 3's; others and hosts. */
	cr_expect_eq(policy_table(p)->n_types, 5);
}

Test(types, thousands_of_types)
{
	struct build *many = build_new();
	struct policy *q;

	build_link(many, "a", NULL, "p");
	for (unsigned i = 0; i < 3000; i++) {
		char type[32];

		snprintf(type, sizeof(type), "_t%u._%s", i, i % 2 ? "udp" : "tcp");
		if (i % 3)
			PERMIT(many, "p", type);
		else
			DENY(many, "p", type);
	}
	q = build_policy(many);
	for (unsigned i = 0; i < 3000; i++) {
		char type[32];

		snprintf(type, sizeof(type), "_t%u._%s", i, i % 2 ? "udp" : "tcp");
		cr_assert_eq(ask_heard(many, q, "a", type), i % 3 ? YES(i + 1) : NO(i + 1));
		cr_assert_eq(
			verdict_out(many, q, "a", type, "x", "a"), i % 3 ? YES(i + 1) : NO(i + 1));
		snprintf(type, sizeof(type), "_t%u._%s", i, i % 2 ? "tcp" : "udp");
		cr_assert_eq(ask_heard(many, q, "a", type), DEFAULT);
	}
	policy_free(q);
	build_free(many);
}
