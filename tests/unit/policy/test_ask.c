/* SPDX-License-Identifier: BSD-3-Clause */

/* Which questions may be answered, and which we may ask. */

#include <criterion/criterion.h>

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

TestSuite(ask, .init = setup, .fini = teardown);

static policy_verdict_t heard(const char *link, const char *type)
{
	if (!p)
		p = build_policy(b);
	return ask_heard(b, p, link, type);
}

static policy_verdict_t ours(const char *link, const char *type)
{
	if (!p)
		p = build_policy(b);
	return ask_ours(b, p, link, type);
}

Test(ask, in_then_out)
{
	build_link(b, "a", "in", "out");
	PERMIT(b, "in", "_ipp._tcp,_http._tcp");
	DENY(b, "in", "_raop._tcp");
	PERMIT(b, "out", "_ipp._tcp,_raop._tcp,_ssh._tcp");
	DENY(b, "out", "_http._tcp");
	cr_expect_eq(heard("a", "_ipp._tcp"), YES(3));
	cr_expect_eq(heard("a", "_http._tcp"), NO(4));
	cr_expect_eq(heard("a", "_raop._tcp"), NO(2));
	cr_expect_eq(heard("a", "_ssh._tcp"), DEFAULT);
	cr_expect_eq(heard("a", "_other._udp"), DEFAULT);
}

Test(ask, omitted_in_permits_what_out_permits)
{
	build_link(b, "a", NULL, "out");
	PERMIT(b, "out", "_ipp._tcp");
	cr_expect_eq(heard("a", "_ipp._tcp"), YES(1));
	cr_expect_eq(heard("a", "_http._tcp"), DEFAULT);
	/* But nothing is learned, so nothing is asked there. */
	cr_expect_eq(ours("a", "_ipp._tcp"), DEFAULT);
}

Test(ask, omitted_out_denies)
{
	build_link(b, "a", "in", NULL);
	PERMIT(b, "in", "any");
	cr_expect_eq(heard("a", "_ipp._tcp"), DEFAULT);
	cr_expect_eq(ours("a", "_ipp._tcp"), YES(1));
}

Test(ask, empty_in_is_not_an_omitted_one)
{
	build_link(b, "a", "nothing", "out");
	PERMIT(b, "out", "any");
	cr_expect_eq(heard("a", "_ipp._tcp"), DEFAULT);
	cr_expect_eq(ours("a", "_ipp._tcp"), DEFAULT);
}

/* What depends on the provider can open the question, not close it. */
Test(ask, criteria_of_the_provider)
{
	build_link(b, "a", NULL, "out");
	build_link(b, "b", NULL, NULL);
	DENY(b, "out", "_ipp._tcp", .instance = "secret*");
	DENY(b, "out", "_ipp._tcp", .from = "b");
	PERMIT(b, "out", "_ipp._tcp");
	PERMIT(b, "out", "_http._tcp", .instance = "Lecture *");
	DENY(b, "out", "_http._tcp");
	PERMIT(b, "out", "_raop._tcp", .from = "b");
	DENY(b, "out", "any", .from = "b");
	cr_expect_eq(heard("a", "_ipp._tcp"), YES(3));
	cr_expect_eq(heard("a", "_http._tcp"), YES(4));
	cr_expect_eq(heard("a", "_raop._tcp"), YES(6));
	cr_expect_eq(heard("a", "_ssh._tcp"), DEFAULT);
}

Test(ask, consumers_link_is_known)
{
	build_link(b, "a", "in", "out");
	build_link(b, "b", "in", "out");
	DENY(b, "in", "_http._tcp", .to = "b");
	PERMIT(b, "in", "any");
	PERMIT(b, "out", "_ipp._tcp", .to = "a");
	PERMIT(b, "out", "_http._tcp");
	cr_expect_eq(heard("a", "_ipp._tcp"), YES(3));
	cr_expect_eq(heard("b", "_ipp._tcp"), DEFAULT);
	cr_expect_eq(heard("a", "_http._tcp"), YES(4));
	cr_expect_eq(heard("b", "_http._tcp"), NO(1));
}

/* `from` in an `in`: our question knows the provider's link, a consumer's does not. */
Test(ask, from_in_an_in_policy)
{
	build_link(b, "a", "in", "out");
	build_link(b, "b", "in", "out");
	PERMIT(b, "in", "_ipp._tcp", .from = "a");
	DENY(b, "in", "_http._tcp", .from = "b");
	PERMIT(b, "in", "_http._tcp");
	PERMIT(b, "out", "any");
	cr_expect_eq(ours("a", "_ipp._tcp"), YES(1));
	cr_expect_eq(ours("b", "_ipp._tcp"), DEFAULT);
	cr_expect_eq(ours("a", "_http._tcp"), YES(3));
	cr_expect_eq(ours("b", "_http._tcp"), NO(2));
	cr_expect_eq(heard("a", "_ipp._tcp"), YES(4));
	cr_expect_eq(heard("b", "_ipp._tcp"), YES(4));
	cr_expect_eq(heard("b", "_http._tcp"), YES(4));
}

Test(ask, kinds)
{
	build_link(b, "a", "in", "out");
	DENY(b, "in", "_ipp._tcp", .kind = CONFIG_KIND_ADVERTISEMENT);
	DENY(b, "in", "_http._tcp", .kind = CONFIG_KIND_QUERY);
	PERMIT(b, "in", "any");
	DENY(b, "out", "_raop._tcp", .kind = CONFIG_KIND_QUERY);
	DENY(b, "out", "_ssh._tcp", .kind = CONFIG_KIND_ADVERTISEMENT);
	PERMIT(b, "out", "any");
	/* Not learned here, but asked for from here. */
	cr_expect_eq(heard("a", "_ipp._tcp"), YES(6));
	cr_expect_eq(ours("a", "_ipp._tcp"), NO(1));
	/* The other way round. */
	cr_expect_eq(heard("a", "_http._tcp"), NO(2));
	cr_expect_eq(ours("a", "_http._tcp"), YES(3));
	/* An explicit query rule of `out` speaks for our questions too, others don't. */
	cr_expect_eq(heard("a", "_raop._tcp"), NO(4));
	cr_expect_eq(ours("a", "_raop._tcp"), NO(4));
	cr_expect_eq(heard("a", "_ssh._tcp"), YES(6));
	cr_expect_eq(ours("a", "_ssh._tcp"), YES(3));
}

/* For our own questions only the `out` rules with an explicit kind: query are read. */
Test(ask, explicit_query_rules_of_out)
{
	build_link(b, "a", "in", "out");
	build_link(b, "b", "in", "out");
	PERMIT(b, "in", "any");
	DENY(b, "out", "_http._tcp");
	PERMIT(b, "out", "_ipp._tcp", .kind = CONFIG_KIND_QUERY);
	DENY(b, "out", "_ipp._tcp,_raop._tcp", .kind = CONFIG_KIND_QUERY);
	DENY(b, "out", "_ssh._tcp", .kind = CONFIG_KIND_QUERY, .instance = "x");
	DENY(b, "out", "_smb._tcp", .kind = CONFIG_KIND_QUERY, .from = "b");
	DENY(b, "out", "_afpovertcp._tcp", .kind = CONFIG_KIND_QUERY, .to = "b");
	cr_expect_eq(ours("a", "_http._tcp"), YES(1));
	cr_expect_eq(ours("a", "_ipp._tcp"), YES(1));
	cr_expect_eq(ours("a", "_raop._tcp"), NO(4));
	cr_expect_eq(ours("a", "_ssh._tcp"), YES(1));
	cr_expect_eq(ours("a", "_smb._tcp"), YES(1));
	cr_expect_eq(ours("b", "_smb._tcp"), NO(6));
	cr_expect_eq(ours("a", "_afpovertcp._tcp"), YES(1));
	cr_expect_eq(ours("b", "_afpovertcp._tcp"), NO(7));
}

/* Two links in a row that only such a rule tells apart do not share their questions. */
Test(ask, explicit_query_rules_split_probe_columns)
{
	build_link(b, "a", "in", "out");
	build_link(b, "b", "in", "out");
	build_link(b, "c", "in", "out");
	PERMIT(b, "in", "any");
	DENY(b, "out", "_smb._tcp", .kind = CONFIG_KIND_QUERY, .from = "b");
	PERMIT(b, "out", "any");
	cr_expect_eq(ours("a", "_smb._tcp"), YES(1));
	cr_expect_eq(ours("b", "_smb._tcp"), NO(2));
	cr_expect_eq(ours("c", "_smb._tcp"), YES(1));
	cr_expect_eq(
		policy_out_column(p, build_id(b, "a")), policy_out_column(p, build_id(b, "b")));
	cr_expect_eq(
		policy_probe_column(p, build_id(b, "a")), policy_probe_column(p, build_id(b, "c")));
}

Test(ask, never_set)
{
	build_link(b, "a", "in", "out");
	build_link(b, "b", "named", "named");
	PERMIT(b, "in", "any");
	PERMIT(b, "out", "any");
	PERMIT(b, "named", "any");
	PERMIT(b, "named", "_rdlink._tcp");
	cr_expect_eq(heard("a", "_rdlink._tcp"), DEFAULT);
	cr_expect_eq(ours("a", "_rdlink._tcp"), DEFAULT);
	cr_expect_eq(heard("b", "_rdlink._tcp"), YES(4));
	cr_expect_eq(ours("b", "_rdlink._tcp"), YES(4));
	cr_expect_eq(heard("b", "_dosvc._tcp"), DEFAULT);
}

/* A host's name may be asked where its addresses could come with a service. */
Test(ask, host_names)
{
	build_link(b, "print", "print", "print");
	build_link(b, "hosts", "hosts", "hosts");
	build_link(b, "nothing", "nothing", "nothing");
	build_link(b, "lecture", NULL, "lecture");
	PERMIT(b, "print", "_ipp._tcp");
	DENY(b, "hosts", "_ipp._tcp");
	PERMIT(b, "hosts", "workstation");
	DENY(b, "nothing", "any");
	PERMIT(b, "lecture", "any", .instance = "Lecture *");
	cr_expect_eq(heard("print", NULL), YES(1));
	cr_expect_eq(ours("print", NULL), YES(1));
	cr_expect_eq(heard("hosts", NULL), YES(3));
	cr_expect_eq(heard("nothing", NULL), NO(4));
	cr_expect_eq(ours("nothing", NULL), NO(4));
	cr_expect_eq(heard("lecture", NULL), YES(5));
	cr_expect_eq(ours("lecture", NULL), DEFAULT);
}

/* A permit by a rule that looks at providers only says that one may match: none of its hits. */
Test(ask, who_decides)
{
	build_link(b, "a", NULL, "out");
	PERMIT(b, "out", "_ipp._tcp", .instance = "Lecture *");
	PERMIT(b, "out", "_raop._tcp", .same = CONFIG_SAME_USER);
	PERMIT(b, "out", "_http._tcp");
	DENY(b, "out", "any");
	cr_expect_eq(heard("a", "_ipp._tcp"), YES(1));
	cr_expect(!policy_decides(p, YES(1)));
	cr_expect_eq(heard("a", "_raop._tcp"), YES(2));
	cr_expect(!policy_decides(p, YES(2)));
	cr_expect(policy_decides(p, heard("a", "_http._tcp")));
	cr_expect_eq(heard("a", "_ssh._tcp"), NO(4));
	cr_expect(policy_decides(p, NO(4)));
	cr_expect(policy_decides(p, DEFAULT));
}

/* The matrix's own columns answer policy_ask() too, each side by itself. */
Test(ask, in_and_out_columns)
{
	const struct policy_table *t;
	uint8_t wire[128];
	uint8_t len = build_wire("_ipp._tcp", wire);
	uint16_t a;

	build_link(b, "a", "in", "out");
	PERMIT(b, "in", "_http._tcp");
	PERMIT(b, "out", "_ipp._tcp");
	p = build_policy(b);
	t = policy_table(p);
	a = build_id(b, "a");
	cr_expect_eq(policy_ask(t, policy_type(p, wire, len), policy_out_column(p, a)), YES(2));
	cr_expect_eq(policy_ask(t, policy_type(p, wire, len), policy_in_column(p, a)), DEFAULT);
	cr_expect_eq(heard("a", "_ipp._tcp"), DEFAULT);
}
