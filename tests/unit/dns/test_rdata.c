/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>

#include "build.h"
#include "dns/rdata.h"

/* Rdata from a literal without its last NUL. */
#define R(literal) N(literal), sizeof(literal) - 1

static bool check(uint16_t rrtype, const uint8_t *rdata, size_t len)
{
	return dns_rdata_check(rrtype, rdata, len);
}

/* RFC 6762 §18.14, no more and no less. */
Test(rdata, exactly_the_types_that_may_be_compressed)
{
	static const uint16_t list[] = {DNS_TYPE_NS, DNS_TYPE_CNAME, DNS_TYPE_PTR, DNS_TYPE_DNAME,
		DNS_TYPE_SOA, DNS_TYPE_MX, DNS_TYPE_AFSDB, DNS_TYPE_RT, DNS_TYPE_KX, DNS_TYPE_RP,
		DNS_TYPE_PX, DNS_TYPE_SRV, DNS_TYPE_NSEC};
	const size_t n = sizeof(list) / sizeof(list[0]);
	unsigned found = 0;

	for (unsigned t = 0; t <= UINT16_MAX; t++) {
		bool listed = false;

		for (size_t i = 0; i < n; i++)
			listed |= list[i] == t;
		cr_expect_eq(dns_rdata_layout((uint16_t)t)->compress, listed, "type %u", t);
		found += listed;
	}
	cr_expect_eq(found, n);
}

Test(rdata, addresses_have_one_length)
{
	uint8_t bytes[20] = {0};

	for (size_t len = 0; len <= sizeof(bytes); len++) {
		cr_expect_eq(check(DNS_TYPE_A, bytes, len), len == 4);
		cr_expect_eq(check(DNS_TYPE_AAAA, bytes, len), len == 16);
	}
}

Test(rdata, srv)
{
	cr_expect(check(DNS_TYPE_SRV, R("\0\0\0\0\2\x77\4host\5local\0")));
	cr_expect(check(DNS_TYPE_SRV, R("\0\0\0\0\2\x77\0")), "the root: no service");
	cr_expect_not(check(DNS_TYPE_SRV, R("\0\0\0\0\2\x77")), "no target");
	cr_expect_not(check(DNS_TYPE_SRV, R("\0\0\0\0\2")));
	cr_expect_not(check(DNS_TYPE_SRV, R("\0\0\0\0\2\x77\4host\5loca")));
	cr_expect_not(check(DNS_TYPE_SRV, R("\0\0\0\0\2\x77\4host\5local\0x")), "trailing byte");
}

Test(rdata, txt)
{
	cr_expect(check(DNS_TYPE_TXT, R("\0")));
	cr_expect(check(DNS_TYPE_TXT, R("\3a=b\0\1x")));
	cr_expect_not(check(DNS_TYPE_TXT, R("")), "RFC 6763 §6.1");
	cr_expect_not(check(DNS_TYPE_TXT, R("\4a=b")));
	cr_expect_not(check(DNS_TYPE_TXT, R("\3a=b\1")));
}

Test(rdata, other_layouts)
{
	cr_expect(check(DNS_TYPE_HINFO, R("\3ARM\5Linux")));
	cr_expect_not(check(DNS_TYPE_HINFO, R("\3ARM")));
	cr_expect_not(check(DNS_TYPE_HINFO, R("\3ARM\5Linux\0")));
	cr_expect(check(DNS_TYPE_NAPTR, R("\0\1\0\2\1s\3SIP\0\1a\0")));
	cr_expect_not(check(DNS_TYPE_NAPTR, R("\0\1\0\2\1s\3SIP\1a")));
	cr_expect(check(DNS_TYPE_SOA, R("\1a\0\1b\0"
					"12345678901234567890")));
	cr_expect_not(check(DNS_TYPE_SOA, R("\1a\0\1b\0"
					    "1234567890123456789")));
	cr_expect_not(check(DNS_TYPE_SOA, R("\1a\0\1b\0"
					    "123456789012345678901")));
	cr_expect(check(DNS_TYPE_PX, R("\0\1\1a\0\1b\0")));
	cr_expect_not(check(DNS_TYPE_PX, R("\0\1\1a\0")));
	cr_expect(check(DNS_TYPE_OPT, R("\0\4\0\1x")));
	cr_expect_not(check(DNS_TYPE_OPT, R("\0\4\0\2x")));
	cr_expect(check(9999, R("\xc0\xff\1")), "unknown types are any bytes");
	cr_expect(check(9999, R("")));
}

/* RFC 6762 §8.2.1's own example: 169.254.99.200 loses to 169.254.200.50. */
Test(rdata, probe_tie_break_compares_raw_bytes)
{
	static const uint8_t a[] = {169, 254, 99, 200}, b[] = {169, 254, 200, 50};

	cr_expect_lt(dns_rdata_compare(DNS_TYPE_A, a, 4, b, 4), 0);
	cr_expect_gt(dns_rdata_compare(DNS_TYPE_A, b, 4, a, 4), 0);
	cr_expect_eq(dns_rdata_compare(DNS_TYPE_A, a, 4, a, 4), 0);
	cr_expect_lt(dns_rdata_compare(DNS_TYPE_TXT, R("\1a"), R("\1a\1b")), 0,
		"what runs out first is earlier");
	cr_expect_gt(dns_rdata_compare(DNS_TYPE_TXT, R("\1a\1b"), R("\1a")), 0);
	cr_expect_lt(dns_rdata_compare(DNS_TYPE_PTR, R("\1A\0"), R("\1a\0")), 0,
		"case counts in raw bytes");
	cr_expect_gt(dns_rdata_compare(DNS_TYPE_A, R("\xff"), R("\x7f")), 0, "bytes are unsigned");
	cr_expect_eq(dns_rdata_compare(DNS_TYPE_A, NULL, 0, NULL, 0), 0);
}

Test(rdata, equality_leaves_case_of_names_aside_only)
{
	cr_expect(dns_rdata_equal(DNS_TYPE_PTR, R("\1A\5local\0"), R("\1a\5LOCAL\0")));
	cr_expect(dns_rdata_equal(DNS_TYPE_SRV, R("\0\0\0\0\2\x77\4Host\5local\0"),
		R("\0\0\0\0\2\x77\4host\5local\0")));
	cr_expect_not(
		dns_rdata_equal(DNS_TYPE_SRV, R("\0A\0\0\2\x77\1h\0"), R("\0a\0\0\2\x77\1h\0")),
		"a priority is no letter");
	cr_expect_not(dns_rdata_equal(DNS_TYPE_TXT, R("\1A"), R("\1a")), "text keeps its case");
	cr_expect(dns_rdata_equal(DNS_TYPE_TXT, R("\1A"), R("\1A")));
	cr_expect(dns_rdata_equal(DNS_TYPE_RP, R("\1A\0\1B\0"), R("\1a\0\1b\0")));
	cr_expect_not(dns_rdata_equal(DNS_TYPE_NSEC, R("\1h\0\0\1A"), R("\1h\0\0\1a")),
		"nor is a bitmap");
	cr_expect_not(dns_rdata_equal(DNS_TYPE_PTR, R("\1a\0"), R("\1a\1b\0")));
	cr_expect(dns_rdata_equal(9999, NULL, 0, NULL, 0));
	cr_expect_not(
		dns_rdata_equal(DNS_TYPE_NAPTR, R("\0\1\0\2\1S\0\0\0"), R("\0\1\0\2\1s\0\0\0")));
}

Test(rdata, canon)
{
	uint8_t out[64];

	cr_expect_eq(dns_rdata_canon(DNS_TYPE_SRV, out, R("AAAAAA\4HOST\5Local\0")), 18);
	cr_expect_eq(memcmp(out, "AAAAAA\4host\5local", 18), 0);
	cr_expect_eq(dns_rdata_canon(DNS_TYPE_TXT, out, R("\3A=B")), 4);
	cr_expect_eq(memcmp(out, "\3A=B", 4), 0);
	cr_expect_eq(dns_rdata_canon(DNS_TYPE_SOA, out, R("\1A\0\1B\0ABCDEFGHIJKLMNOPQRST")), 26);
	cr_expect_eq(memcmp(out, "\1a\0\1b\0ABCDEFGHIJKLMNOPQRST", 26), 0);
	cr_expect_eq(dns_rdata_canon(DNS_TYPE_SOA, out, out, 26), 26, "in place");
	cr_expect_eq(memcmp(out, "\1a\0\1b\0ABCDEFGHIJKLMNOPQRST", 26), 0);
}

Test(rdata, name)
{
	const uint8_t *srv = N("\0\0\0\0\2\x77\4host\0"), *naptr = N("\0\1\0\2\1s\3SIP\0\1a\0");

	cr_expect_eq(dns_rdata_name(DNS_TYPE_SRV, srv), srv + 6);
	cr_expect_eq(dns_rdata_name(DNS_TYPE_PTR, srv), srv);
	cr_expect_eq(dns_rdata_name(DNS_TYPE_NAPTR, naptr), naptr + 11);
	cr_expect_null(dns_rdata_name(DNS_TYPE_A, srv));
	cr_expect_null(dns_rdata_name(DNS_TYPE_TXT, srv));
}

Test(rrtype, names)
{
	char buf[16];

	cr_expect_str_eq(dns_type_name(DNS_TYPE_PTR), "PTR");
	cr_expect_null(dns_type_name(9999));
	cr_expect_eq(dns_type_from_text("ptr"), DNS_TYPE_PTR);
	cr_expect_eq(dns_type_from_text("TYPE33"), DNS_TYPE_SRV);
	cr_expect_eq(dns_type_from_text("type65535"), 65535);
	cr_expect_eq(dns_type_from_text("TYPE65536"), -EINVAL);
	cr_expect_eq(dns_type_from_text("TYPE99999999999999"), -EINVAL);
	cr_expect_eq(dns_type_from_text("TYPE"), -EINVAL);
	cr_expect_eq(dns_type_from_text("TYPE1x"), -EINVAL);
	cr_expect_eq(dns_type_from_text(""), -EINVAL);
	cr_expect_eq(dns_type_to_text(9999, buf, sizeof(buf)), 8);
	cr_expect_str_eq(buf, "TYPE9999");
	cr_expect_eq(dns_type_to_text(DNS_TYPE_A, buf, 1), -ENOSPC);
	for (unsigned t = 0; t <= UINT16_MAX; t++) {
		cr_assert_gt(dns_type_to_text((uint16_t)t, buf, sizeof(buf)), 0);
		cr_assert_eq(dns_type_from_text(buf), (int)t, "%s", buf);
	}
}

Test(rrtype, unique_by_convention)
{
	cr_expect(dns_type_is_unique(DNS_TYPE_SRV));
	cr_expect(dns_type_is_unique(DNS_TYPE_NSEC));
	cr_expect_not(dns_type_is_unique(DNS_TYPE_PTR));
	cr_expect_not(dns_type_is_unique(DNS_TYPE_OPT));
}

static void expect_text(uint16_t rrtype, const uint8_t *rdata, size_t len, const char *want)
{
	char text[200];

	cr_expect_eq(dns_rdata_to_text(rrtype, rdata, len, text, sizeof(text)), (int)strlen(want));
	cr_expect_str_eq(text, want);
	cr_expect_eq(dns_rdata_to_text(rrtype, rdata, len, text, strlen(want)), -ENOSPC);
}

Test(rdata_text, by_type)
{
	expect_text(DNS_TYPE_A, R("\x0a\0\0\1"), "10.0.0.1");
	expect_text(DNS_TYPE_AAAA, R("\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1"), "fe80::1");
	expect_text(DNS_TYPE_PTR, R("\5A.Lab\4_ipp\4_tcp\5local\0"), "A\\.Lab._ipp._tcp.local");
	expect_text(DNS_TYPE_SRV, R("\0\1\0\2\2\x77\4host\5local\0"), "1 2 631 host.local");
	expect_text(
		DNS_TYPE_TXT, R("\3a=b\0\4\"\\\x1b\xff"), "\"a=b\" \"\" \"\\\"\\\\\\027\\255\"");
	expect_text(DNS_TYPE_HINFO, R("\3ARM\5Linux"), "\"ARM\" \"Linux\"");
	expect_text(DNS_TYPE_NSEC, R("\1h\0\0\4\x40\0\0\x08"), "h A AAAA");
	expect_text(DNS_TYPE_SOA, R("\1a\0\1b\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\xff\xff\xff\xff"),
		"a b 1 2 3 4 4294967295");
	expect_text(DNS_TYPE_NAPTR, R("\0\1\0\2\1s\3SIP\0\1a\0"), "1 2 \"s\" \"SIP\" \"\" a");
	expect_text(DNS_TYPE_MX, R("\0\x0a\0"), "10 .");
}

Test(rdata_text, opaque)
{
	expect_text(9999, R("\1\xab"), "\\# 2 01ab");
	expect_text(9999, R(""), "\\# 0");
	expect_text(DNS_TYPE_A, R("\1\2\3"), "\\# 3 010203");
	expect_text(DNS_TYPE_TXT, R(""), "\\# 0");
	expect_text(DNS_TYPE_OPT, R("\0\4\0\0"), "\\# 4 00040000");
}
