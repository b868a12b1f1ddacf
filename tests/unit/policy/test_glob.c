/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/glob.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "naive.h"

static bool match(const char *glob, const char *label, size_t len)
{
	char normal[256];

	cr_assert_leq(policy_glob_normal(glob, normal), strlen(glob));
	return policy_glob_match(normal, (const uint8_t *)label, len);
}

#define MATCH(glob, label) cr_expect(match(glob, label, strlen(label)), "%s: %s", glob, label)
#define DIFFER(glob, label) cr_expect(!match(glob, label, strlen(label)), "%s: %s", glob, label)

Test(glob, plain_text_is_anchored)
{
	MATCH("Printer", "Printer");
	DIFFER("Printer", "Printer 2");
	DIFFER("Printer", "My Printer");
	DIFFER("Printer", "");
	MATCH("", "");
	DIFFER("", "x");
}

Test(glob, ascii_case_aside)
{
	MATCH("pRINTer", "Printer");
	MATCH("LECTURE *", "lecture 1");
	/* Only ASCII folds (RFC 6762 §16), and only letters: '@' and '`' are 0x20 apart too. */
	DIFFER("Ü", "ü");
	DIFFER("@", "`");
	DIFFER("[", "{");
}

Test(glob, star_is_any_run)
{
	MATCH("*", "");
	MATCH("*", "anything");
	MATCH("a*", "a");
	MATCH("*a", "bananA");
	MATCH("a*b*c", "aXbXbXc");
	DIFFER("a*b*c", "acb");
	MATCH("**a**", "xay");
	MATCH("*ab", "aab");
	MATCH("*.*", "a.b");
}

Test(glob, question_mark_is_one_character)
{
	MATCH("?", "x");
	DIFFER("?", "");
	DIFFER("?", "xy");
	MATCH("M?ller", "Müller");
	MATCH("?", "€");
	MATCH("?", "😀");
	DIFFER("??", "ü");
	DIFFER("??", "😀");
	MATCH("*?", "ü");
	DIFFER("?*?", "ü");
	DIFFER("*??", "€");
	MATCH("*?€", "a€");
}

Test(glob, bytes_that_are_no_utf8_are_characters)
{
	MATCH("?", "\xff");
	MATCH("??", "\xc3x");
	MATCH("??", "\xc0\xaf");      /* overlong */
	MATCH("???", "\xed\xa0\x80"); /* a surrogate */
	MATCH("?", "\xed\x9f\xbf");
	MATCH("????", "\xf4\x90\x80\x80"); /* beyond U+10FFFF */
	MATCH("?", "\xf4\x8f\xbf\xbf");
	MATCH("?\xc3", "a\xc3"); /* cut short */
	MATCH("???", "\xe2\x82x");
}

Test(glob, backslash_takes_the_next_literally)
{
	MATCH("\\*", "*");
	DIFFER("\\*", "x");
	MATCH("what\\?", "what?");
	DIFFER("what\\?", "whats");
	MATCH("a\\\\b", "a\\b");
	MATCH("\\a", "A");
	MATCH("*\\*", "ends in *");
	DIFFER("*\\*", "ends in x");
	MATCH("\\**", "*x");
	MATCH("a\\", "a\\");
	DIFFER("a\\", "a");
}

/* What stands in a label is data: no dot, NUL or length byte ends it. */
Test(glob, labels_are_bytes)
{
	MATCH("a.b", "a.b");
	DIFFER("a", "a._ipp._tcp");
	cr_expect(match("a*b", "a\0b", 3));
	cr_expect(match("?", "\0", 1));
	cr_expect(!match("a", "a\0", 2));
	cr_expect(!match("a", "a\0b", 3));
	cr_expect(!match("a", "", 0));
	MATCH("?x", "\x04x");
	DIFFER("x", "\x01x");
}

Test(glob, normal_forms_are_equal_where_globs_are)
{
	char a[64], b[64];

	policy_glob_normal("LEC*", a);
	policy_glob_normal("l\\ec***", b);
	cr_expect_str_eq(a, b);
	policy_glob_normal("a\\**", a);
	cr_expect_str_eq(a, "a\\**");
	policy_glob_normal("*\\**", a);
	cr_expect_str_eq(a, "*\\**");
}

Test(glob, equal_globs_are_kept_once)
{
	struct policy_globs g = {0};
	struct policy_arena arena = {0};
	uint32_t first, other, again;

	cr_assert_eq(policy_globs_add(&g, &arena, "Hall *", &first), 0);
	cr_assert_eq(policy_globs_add(&g, &arena, "Hall", &other), 0);
	cr_assert_eq(policy_globs_add(&g, &arena, "HALL **", &again), 0);
	cr_expect_eq(first, again);
	cr_expect_neq(first, other);
	cr_expect_eq(g.n, 2);
	policy_globs_free(&g);
	policy_arena_free(&arena);
}

/* Many stars over a long label: must end, and soon. */
Test(glob, no_label_makes_it_slow)
{
	char label[63];
	const char *glob = "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b";

	memset(label, 'a', sizeof(label));
	cr_expect(!match(glob, label, sizeof(label)));
	label[62] = 'b';
	cr_expect(match(glob, label, sizeof(label)));
}

Test(glob, equals_the_naive_one)
{
	static const char *const piece[] = {"a", "b", "A", "ü", "€", "*", "?", "\\*", "\\?", "\\a"};
	static const char *const letter[] = {"a", "b", "B", "ü", "€", "*", "?"};
	struct rng r;
	unsigned matched = 0;

	rng_seed(&r, 7);
	for (unsigned i = 0; i < 50000; i++) {
		char glob[64] = "", label[64] = "";
		bool m;

		for (unsigned j = rng_range(&r, 0, 6); j > 0; j--)
			strcat(glob, piece[rng_range(&r, 0, 9)]);
		for (unsigned j = rng_range(&r, 0, 6); j > 0; j--)
			strcat(label, letter[rng_range(&r, 0, 6)]);
		m = match(glob, label, strlen(label));
		matched += m;
		cr_assert_eq(m, naive_glob(glob, label), "%s: %s", glob, label);
	}
	cr_expect_gt(matched, 1000);
}

/* --- attributes of TXT records ---------------------------------------------------------------- */

static bool txt_match(const char *criterion, const char *rdata, size_t len)
{
	struct policy_arena arena = {0};
	struct policy_globs g = {0};
	uint8_t exact[300];
	uint32_t id;
	bool hit;

	/* With nothing behind it: a read too far is seen by the sanitizer. */
	uint8_t *copy = malloc(len + 1);

	memcpy(exact, rdata, len);
	memcpy(copy, exact, len);
	copy = realloc(copy, len ? len : 1);
	cr_assert_eq(policy_globs_add_txt(&g, &arena, criterion, &id), 0);
	hit = policy_glob_match_txt(&g.v[id], copy, len);
	free(copy);
	policy_globs_free(&g);
	policy_arena_free(&arena);
	return hit;
}

#define TXT(criterion, rdata) txt_match(criterion, rdata, sizeof(rdata) - 1)

Test(glob, attributes_of_txt_records)
{
	/* RFC 6763 §6.4: a key without '=' is there, one with '=' may be empty. */
	cr_expect(TXT("model", "\5model"));
	cr_expect(TXT("model", "\6model="));
	cr_expect(TXT("model", "\7model=x"));
	cr_expect_not(TXT("model=*", "\5model"));
	cr_expect(TXT("model=*", "\6model="));
	cr_expect(TXT("model=", "\6model="));
	cr_expect_not(TXT("model=", "\7model=x"));
	/* Keys without case, values by glob. */
	cr_expect(TXT("MODEL=AppleTV*", "\3a=b\016mOdEl=appletv5"));
	cr_expect_not(TXT("model=AppleTV*", "\3a=b\016model=xppletv5"));
	cr_expect_not(TXT("mode", "\7model=x"));
	cr_expect_not(TXT("model", "\6mode=l"));
	/* A value may hold whatever it likes, '=' too; the first '=' ends the key. */
	cr_expect(TXT("k=a=b", "\5k=a=b"));
	cr_expect(TXT("k=*b", "\5k=a\0b"));
	/* Of several of one key the first counts. */
	cr_expect_not(TXT("k=2", "\3k=1\3k=2"));
	cr_expect(TXT("k=1", "\3k=1\3k=2"));
	cr_expect_not(TXT("k=*", "\1k\3k=2"));
}

Test(glob, txt_records_that_end_early)
{
	cr_expect_not(TXT("k", ""));
	cr_expect_not(TXT("k", "\0"));
	cr_expect(TXT("k", "\0\1k"));
	/* A length beyond the end: what is before it counts, the rest does not. */
	cr_expect(TXT("a", "\1a\377k=1"));
	cr_expect_not(TXT("k", "\1a\377k=1"));
	cr_expect_not(TXT("k", "\4k=1"));
	cr_expect_not(TXT("key", "\3ke"));
}
