/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>

#include "build.h"
#include "dns/name.h"

static uint8_t fold(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* A name of the given labels, all of one length. */
static size_t make_name(uint8_t *name, unsigned labels, uint8_t label_len)
{
	size_t n = 0;

	for (unsigned i = 0; i < labels; i++) {
		name[n++] = label_len;
		memset(name + n, 'a' + (int)(i % 26), label_len);
		n += label_len;
	}
	name[n++] = 0;
	return n;
}

Test(name, check_gives_the_length)
{
	cr_expect_eq(dns_name_check(N(""), 1), 1);
	cr_expect_eq(dns_name_check(N("\5local"), 7), 7);
	cr_expect_eq(
		dns_name_check(N("\5local\0\3abc"), 11), 7, "bytes behind the root are no matter");
}

Test(name, check_refuses_what_does_not_end)
{
	cr_expect_eq(dns_name_check(N(""), 0), -EBADMSG);
	for (size_t avail = 0; avail < 7; avail++)
		cr_expect_eq(dns_name_check(N("\5local"), avail), -EBADMSG, "%zu bytes", avail);
}

Test(name, check_refuses_pointers_and_reserved_label_types)
{
	static const uint8_t types[] = {0x40, 0x41, 0x80, 0xbf, 0xc0, 0xff};

	for (size_t i = 0; i < sizeof(types); i++) {
		uint8_t wire[300] = {1, 'a', types[i], 0};

		cr_expect_eq(dns_name_check(wire, sizeof(wire)), -EBADMSG, "%#x", types[i]);
	}
}

Test(name, longest_label_and_longest_name)
{
	uint8_t name[400];

	cr_expect_eq(make_name(name, 1, 63), 65);
	cr_expect_eq(dns_name_check(name, sizeof(name)), 65);

	cr_assert_eq(make_name(name, 127, 1), DNS_NAME_MAX);
	cr_expect_eq(dns_name_check(name, sizeof(name)), DNS_NAME_MAX);
	cr_expect_eq(dns_name_labels(name), DNS_LABELS_MAX);
	cr_expect_eq(dns_name_len(name), DNS_NAME_MAX);

	make_name(name, 128, 1);
	cr_expect_eq(dns_name_check(name, sizeof(name)), -EBADMSG, "257 bytes");
	/* 3 * 64 + 63 + 1 = 256: one byte too many */
	make_name(name, 3, 63);
	name[192] = 62;
	name[192 + 63] = 0;
	cr_expect_eq(dns_name_check(name, sizeof(name)), -EBADMSG, "256 bytes");
	name[192] = 61;
	name[192 + 62] = 0;
	cr_expect_eq(dns_name_check(name, sizeof(name)), 255);
}

Test(name, skip_stops_at_the_root)
{
	const uint8_t *name = N("\4_ipp\4_tcp\5local");

	cr_expect_eq(dns_name_skip(name, 0), name);
	cr_expect_eq(dns_name_skip(name, 2), name + 10);
	cr_expect_eq(dns_name_skip(name, 3), name + 16);
	cr_expect_eq(dns_name_skip(name, 1000), name + 16);
	cr_expect_eq(dns_name_labels(name), 3);
	cr_expect_eq(dns_name_labels(N("")), 0);
}

/* Every length, so that every way through the wide code is taken, with guard bytes around. */
Test(name, canon_folds_letters_only_and_stays_inside)
{
	srand(1);
	for (size_t len = 0; len <= DNS_NAME_MAX; len++) {
		uint8_t in[DNS_NAME_MAX], out[DNS_NAME_MAX + 2];

		for (size_t i = 0; i < len; i++)
			in[i] = (uint8_t)rand();
		memset(out, 0xee, sizeof(out));
		dns_name_canon(out + 1, in, len);
		cr_assert_eq(out[0], 0xee);
		cr_assert_eq(out[len + 1], 0xee);
		for (size_t i = 0; i < len; i++)
			cr_assert_eq(
				out[i + 1], fold(in[i]), "byte %#x at %zu of %zu", in[i], i, len);
		dns_name_canon(in, in, len);
		cr_assert_eq(memcmp(in, out + 1, len), 0, "in place, %zu bytes", len);
	}
}

Test(name, canon_folds_every_byte_value_right)
{
	uint8_t in[256], out[256];

	for (int i = 0; i < 256; i++)
		in[i] = (uint8_t)i;
	dns_name_canon(out, in, sizeof(in));
	for (int i = 0; i < 256; i++)
		cr_expect_eq(out[i], fold((uint8_t)i), "%#x", i);
}

Test(name, equality_leaves_ascii_case_aside_only)
{
	cr_expect(dns_name_equal(N("\4_IPP\4_tcp\5LOCAL"), N("\4_ipp\4_TCP\5local")));
	cr_expect(dns_name_equal(N(""), N("")));
	cr_expect_not(dns_name_equal(N("\1@"), N("\1`")), "@ and ` are no letters");
	cr_expect_not(dns_name_equal(N("\1["), N("\1{")));
	cr_expect_not(dns_name_equal(N("\2\xc3\x84"), N("\2\xc3\xa4")), "UTF-8 is not folded");
	cr_expect_not(dns_name_equal(N("\5local"), N("\5locam")));
	cr_expect_not(dns_name_equal(N("\5local"), N("\5local\3com")));
}

/* "a.b" in one label is not a and b, whatever the bytes look like in a row. */
Test(name, equality_minds_label_borders)
{
	cr_expect_not(dns_name_equal(N("\3a\1b"), N("\1a\1b")));
	cr_expect_not(dns_name_equal(N("\3a.b"), N("\1a\1b")));
	cr_expect_not(dns_name_is_under(N("\7x\5local"), N("\5local")));
	/* a length byte of 0x41 would fold to 0x61, but no such label passes the gate */
	cr_expect_eq(dns_name_check(N("\x41"), 2), -EBADMSG);
}

Test(name, equality_of_every_length)
{
	for (unsigned label = 1; label <= 63; label++) {
		uint8_t a[DNS_NAME_MAX], b[DNS_NAME_MAX];
		size_t len = make_name(a, 1, (uint8_t)label);

		for (size_t i = 1; i + 1 < len; i++) {
			memcpy(b, a, len);
			b[i] = 'A';
			cr_assert(dns_name_equal(a, b), "length %zu, byte %zu", len, i);
			b[i] = 'b';
			cr_assert_not(dns_name_equal(a, b), "length %zu, byte %zu", len, i);
		}
	}
}

Test(name, under)
{
	cr_expect(dns_name_is_under(N("\1x\5local"), N("\5LOCAL")));
	cr_expect(dns_name_is_under(N("\5local"), N("\5local")), "a name is under itself");
	cr_expect(dns_name_is_under(N("\5local"), N("")), "all is under the root");
	cr_expect_not(dns_name_is_under(N("\5local"), N("\1x\5local")));
	cr_expect_not(dns_name_is_under(N("\6xlocal"), N("\5local")), "not at a label's border");
	cr_expect_not(dns_name_is_under(N(""), N("\5local")));
}

Test(name, label_is)
{
	cr_expect(dns_label_is(N("\4_TcP"), "_tcp", 4));
	cr_expect_not(dns_label_is(N("\4_tcq"), "_tcp", 4));
	cr_expect_not(dns_label_is(N("\5_tcpx"), "_tcp", 4));
	cr_expect_not(dns_label_is(N(""), "_tcp", 4));
}
