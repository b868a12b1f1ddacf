/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>

#include "build.h"
#include "dns/name.h"

static void expect_text(const uint8_t *name, const char *want)
{
	char text[DNS_NAME_TEXT_MAX];
	uint8_t back[DNS_NAME_MAX];
	size_t len = dns_name_len(name);

	cr_expect_eq(dns_name_to_text(name, text, sizeof(text)), (int)strlen(want));
	cr_expect_str_eq(text, want);
	cr_expect_eq(dns_name_from_text(text, back), (int)len, "%s", want);
	cr_expect_eq(memcmp(back, name, len), 0, "%s", want);
}

Test(name_text, plain)
{
	expect_text(N(""), ".");
	expect_text(N("\5local"), "local");
	expect_text(N("\4_ipp\4_tcp\5local"), "_ipp._tcp.local");
}

/* RFC 6763 §4.3: dots and backslashes of an instance are escaped, spaces and UTF-8 are not. */
Test(name_text, instances)
{
	expect_text(N("\x0e"
		      "Dr. No\\Printer\4_ipp\4_tcp\5local"),
		"Dr\\. No\\\\Printer._ipp._tcp.local");
	expect_text(N("\7Caf\xc3\xa9 1\5local"), "Café 1.local");
	expect_text(N("\4\xf0\x9f\x96\xa8"), "🖨");
	expect_text(N("\3\"@("), "\"@(");
}

/* Nothing that drives a terminal or is not UTF-8 gets out, and all of it comes back. */
Test(name_text, controls_and_bad_utf8)
{
	expect_text(N("\5\x1b[2J\n"), "\\027[2J\\010");
	expect_text(N("\1\x7f"), "\\127");
	expect_text(N("\2\xc2\x9b"), "\\194\\155");
	expect_text(N("\2\xc2\xa0"), "\xc2\xa0");
	expect_text(N("\1\xff"), "\\255");
	expect_text(N("\2\xc0\xae"), "\\192\\174");
	expect_text(N("\3\xed\xa0\x80"), "\\237\\160\\128");
	expect_text(N("\3\xe0\x80\xaf"), "\\224\\128\\175");
	expect_text(N("\4\xf4\x90\x80\x80"), "\\244\\144\\128\\128");
	expect_text(N("\2\xe2\x82"), "\\226\\130");
	expect_text(N("\2\xc3\x28"), "\\195(");
	expect_text(N("\3\xe2\x82\xac"), "€");
}

Test(name_text, a_byte_of_zero_is_a_byte)
{
	static const uint8_t name[] = {3, 'a', 0, 'b', 0};

	expect_text(name, "a\\000b");
}

Test(name_text, room)
{
	char text[8];

	memset(text, 'x', sizeof(text));
	cr_expect_eq(dns_name_to_text(N("\5local"), text, 5), -ENOSPC);
	cr_expect_eq(text[5], 'x', "nothing behind the room");
	cr_expect_eq(dns_name_to_text(N("\5local"), text, 6), 5);
	cr_expect_eq(dns_name_to_text(N("\5local"), NULL, 0), -ENOSPC);
	cr_expect_eq(dns_name_to_text(N(""), text, 2), 1);
}

Test(name_text, the_longest_text_fits)
{
	uint8_t name[DNS_NAME_MAX];
	char text[DNS_NAME_TEXT_MAX];

	memset(name, 0xff, sizeof(name));
	name[0] = name[64] = name[128] = 63;
	name[192] = 61;
	name[254] = 0;
	cr_assert_eq(dns_name_check(name, sizeof(name)), DNS_NAME_MAX);
	cr_expect_eq(dns_name_to_text(name, text, sizeof(text)), 4 * (3 * 63 + 61) + 3);
	cr_expect_eq(dns_label_to_text(name, text, DNS_LABEL_TEXT_MAX), 4 * 63);
}

Test(name_text, one_label)
{
	char text[DNS_LABEL_TEXT_MAX];

	cr_expect_eq(dns_label_to_text(N("\4a.b\n\5local"), text, sizeof(text)), 8);
	cr_expect_str_eq(text, "a\\.b\\010");
}

static int from_text(const char *text)
{
	uint8_t name[DNS_NAME_MAX];

	return dns_name_from_text(text, name);
}

Test(name_text, reads_escapes)
{
	uint8_t name[DNS_NAME_MAX];

	cr_expect_eq(dns_name_from_text("a\\.b.local.", name), 11);
	cr_expect_eq(memcmp(name, "\3a.b\5local", 11), 0);
	cr_expect_eq(dns_name_from_text("A\\032web\\032page", name), 12);
	cr_expect_eq(memcmp(name, "\012A web page", 12), 0);
	cr_expect_eq(dns_name_from_text("\\x", name), 3);
	cr_expect_eq(name[1], 'x');
}

Test(name_text, refuses_what_is_no_name)
{
	static const char *const bad[] = {
		"", "..", ".a", "a..b", "a..", "\\", "a\\", "a\\1", "a\\12", "a\\256", "a\\99x"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(from_text(bad[i]), -EINVAL, "\"%s\"", bad[i]);
}

Test(name_text, bounds_of_labels_and_names)
{
	char text[400];

	memset(text, 'a', sizeof(text));
	text[63] = '\0';
	cr_expect_eq(from_text(text), 65);
	text[63] = 'a';
	text[64] = '\0';
	cr_expect_eq(from_text(text), -EINVAL, "64 bytes in a label");

	memset(text, 'a', sizeof(text));
	text[63] = text[127] = text[191] = '.';
	text[253] = '\0';
	cr_expect_eq(from_text(text), 255);
	text[253] = '.';
	text[254] = '\0';
	cr_expect_eq(from_text(text), 255, "a dot at the end adds nothing");
	text[253] = 'a';
	cr_expect_eq(from_text(text), -EINVAL, "256 bytes");
	for (size_t i = 0; i < 2 * 127; i += 2)
		memcpy(text + i, "a.", 2);
	text[2 * 127] = '\0';
	cr_expect_eq(from_text(text), 255);
	memcpy(text + 2 * 127, "a", 2);
	cr_expect_eq(from_text(text), -EINVAL, "128 labels");
}
