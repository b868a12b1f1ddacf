/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <string.h>

#include "base/text.h"

static size_t at(const char *s)
{
	return utf8_printable((const uint8_t *)s, strlen(s));
}

Test(text, well_formed)
{
	cr_assert_eq(at("a"), 1);
	cr_assert_eq(at(" "), 1);
	cr_assert_eq(at("~"), 1);
	cr_assert_eq(at("\xc2\xa0"), 2);
	cr_assert_eq(at("\xc3\xa9t\xc3\xa9"), 2);
	cr_assert_eq(at("\xe2\x80\x99"), 3);
	cr_assert_eq(at("\xed\x9f\xbf"), 3);
	cr_assert_eq(at("\xf0\x9f\x96\xa8"), 4);
	cr_assert_eq(at("\xf4\x8f\xbf\xbf"), 4);
}

Test(text, controls)
{
	cr_assert_eq(at("\n"), 0);
	cr_assert_eq(at("\x1b[2J"), 0);
	cr_assert_eq(at("\x7f"), 0);
	cr_assert_eq(at("\xc2\x9b"), 0, "C1: a terminal's escape");
	cr_assert_eq(utf8_printable((const uint8_t *)"\0", 1), 0);
	cr_assert_eq(utf8_printable((const uint8_t *)"a", 0), 0);
}

Test(text, malformed)
{
	static const char *const bad[] = {"\x80", "\xbf", "\xc3", "\xc3(", "\xe2\x80", "\xe2(\x80",
		"\xf0\x9f\x96", "\xfe", "\xff", "\xc0\xaf", /* overlong */
		"\xe0\x80\xaf",                             /* overlong */
		"\xf0\x80\x80\xaf",                         /* overlong */
		"\xed\xa0\x80",                             /* surrogate */
		"\xf4\x90\x80\x80" /* beyond Unicode */};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(at(bad[i]), 0, "%zu", i);
	/* A cut sequence is not completed from behind the end. */
	cr_assert_eq(utf8_printable((const uint8_t *)"\xc3\xa9", 1), 0);
}
