/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "base/addr.h"

static struct ip_addr ip(const char *text)
{
	struct ip_addr addr = {0};

	cr_assert_eq(ip_parse(text, &addr), 0, "%s", text);
	return addr;
}

static struct ip_prefix prefix(const char *text)
{
	struct ip_prefix p = {0};

	cr_assert_eq(prefix_parse(text, &p), 0, "%s", text);
	return p;
}

Test(mac, words_are_its_bytes_as_they_lie)
{
	static const uint8_t frame[16] = {
		2, 0, 0, 0x11, 0x22, 0x33, 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 8, 0};
	uint8_t to[10];

	cr_assert_eq(mac_word_wide(frame), mac_word(frame));
	cr_assert_eq(mac_word_wide(frame + 6), mac_word(frame + 6));
	memset(to, 7, sizeof(to));
	mac_word_write(to + 1, mac_word(frame + 6), mac_word_next(frame));
	cr_assert_arr_eq(to + 1, frame + 6, 6);
	cr_assert_arr_eq(to + 7, frame, 2);
	cr_assert_eq(to[0], 7);
	cr_assert_eq(to[9], 7);
}

Test(mac, parses_what_it_formats)
{
	static const char *const same[] = {
		"02:00:00:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "de:ad:be:ef:01:9a"};

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		char buf[MAC_TEXT_SIZE];
		struct mac_addr mac;

		cr_assert_eq(mac_parse(same[i], &mac), 0);
		cr_assert_str_eq(mac_format(&mac, buf), same[i]);
	}
}

Test(mac, takes_upper_case_and_dashes)
{
	struct mac_addr mac, want = {{0xde, 0xad, 0xbe, 0xef, 0x01, 0x9a}};

	cr_assert_eq(mac_parse("DE-AD-BE-EF-01-9A", &mac), 0);
	cr_assert(mac_equal(&mac, &want));
	cr_assert_eq(mac_to_u64(&mac), 0xdeadbeef019a);
}

Test(mac, refuses_anything_else)
{
	static const char *const bad[] = {"", "02", "02:00:00:00:00",
		"02:00:00:00:00:", "02:00:00:00:00:01:", "02:00:00:00:00:01 ", " 02:00:00:00:00:01",
		"02:00-00:00:00:01", "2:0:0:0:0:1", "02:00:00:00:00:0g", "0200:0000:0001",
		"020000000001", "02:00:00:00:00:001", "02.00.00.00.00.01", "+2:00:00:00:00:01"};
	struct mac_addr mac = {{1, 2, 3, 4, 5, 6}}, kept = mac;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_eq(mac_parse(bad[i], &mac), -EINVAL, "%s", bad[i]);
		cr_assert(mac_equal(&mac, &kept), "%s", bad[i]);
	}
}

Test(mac, group_bit_and_zero)
{
	cr_assert(mac_is_multicast(&(struct mac_addr){{0x01, 0, 0x5e, 0, 0, 0xfb}}));
	cr_assert(mac_is_multicast(&(struct mac_addr){{255, 255, 255, 255, 255, 255}}));
	cr_assert(!mac_is_multicast(&(struct mac_addr){{0x02, 0, 0, 0, 0, 1}}));
	cr_assert(mac_is_zero(&(struct mac_addr){{0}}));
	cr_assert(!mac_is_zero(&(struct mac_addr){{0, 0, 0, 0, 0, 1}}));
}

Test(ip, parses_what_it_formats)
{
	static const char *const same[] = {"0.0.0.0", "10.1.2.3", "255.255.255.255", "::", "::1",
		"fe80::1", "2001:db8::8a2e:370:7334", "ff02::fb",
		"1111:2222:3333:4444:5555:6666:7777:8888"};

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		struct ip_addr addr = ip(same[i]);
		char buf[IP_TEXT_SIZE];

		cr_assert_eq(addr.family, strchr(same[i], ':') ? 6 : 4);
		cr_assert_str_eq(ip_format(&addr, buf), same[i]);
	}
}

Test(ip, longest_text_fits)
{
	struct ip_addr addr;
	char buf[IP_TEXT_SIZE];

	memset(addr.b, 0xff, sizeof(addr.b));
	addr.family = 6;
	cr_assert_str_eq(ip_format(&addr, buf), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	addr.family = 0;
	cr_assert_str_eq(ip_format(&addr, buf), "none");
}

Test(ip, refuses_anything_else)
{
	static const char *const bad[] = {"", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ",
		" 1.2.3.4", "01.2.3.4.", "1.2.3.-4", ":::", "1::2::3", "fe80::1%eth0",
		"12345::", "::1/64", "10.0.0.1/8", "localhost"};
	struct ip_addr addr = ip("10.9.8.7"), kept = addr;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_eq(ip_parse(bad[i], &addr), -EINVAL, "%s", bad[i]);
		cr_assert(ip_equal(&addr, &kept), "%s", bad[i]);
	}
}

Test(ip, an_ipv4_address_has_no_stray_bytes)
{
	struct ip_addr a = ip("1.2.3.4"), b = {.family = 4, .b = {1, 2, 3, 4}};
	uint8_t bytes[16] = {1, 2, 3, 4, 5, 6};
	struct ip_addr c = ip_from_bytes(4, bytes);

	cr_assert(ip_equal(&a, &b));
	cr_assert(ip_equal(&a, &c));
	c = ip_from_bytes(6, bytes);
	cr_assert(!ip_equal(&a, &c));
	cr_assert_eq(c.b[5], 6);
}

Test(ip, kinds)
{
	static const struct {
		const char *text;
		bool link_local, multicast, unspecified, loopback;
	} cases[] = {
		{"169.254.0.1", true, false, false, false},
		{"169.255.0.1", false, false, false, false},
		{"168.254.0.1", false, false, false, false},
		{"fe80::1", true, false, false, false},
		{"febf::1", true, false, false, false},
		{"fec0::1", false, false, false, false},
		{"fe7f::1", false, false, false, false},
		{"223.255.255.255", false, false, false, false},
		{"224.0.0.251", false, true, false, false},
		{"239.255.255.255", false, true, false, false},
		{"240.0.0.1", false, false, false, false},
		{"ff02::fb", false, true, false, false},
		{"fd00::1", false, false, false, false},
		{"0.0.0.0", false, false, true, false},
		{"0.0.0.1", false, false, false, false},
		{"::", false, false, true, false},
		{"127.0.0.1", false, false, false, true},
		{"127.255.0.9", false, false, false, true},
		{"128.0.0.1", false, false, false, false},
		{"::1", false, false, false, true},
		{"::2", false, false, false, false},
		{"1::1", false, false, false, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip_addr addr = ip(cases[i].text);

		cr_assert_eq(ip_is_link_local(&addr), cases[i].link_local, "%s", cases[i].text);
		cr_assert_eq(ip_is_multicast(&addr), cases[i].multicast, "%s", cases[i].text);
		cr_assert_eq(ip_is_unspecified(&addr), cases[i].unspecified, "%s", cases[i].text);
		cr_assert_eq(ip_is_loopback(&addr), cases[i].loopback, "%s", cases[i].text);
	}
	cr_assert(ip_is_unspecified(&(struct ip_addr){0}));
	cr_assert(!ip_is_multicast(&(struct ip_addr){.b = {0xff}}));
	cr_assert(!ip_is_link_local(&(struct ip_addr){.b = {0xfe, 0x80}}));
	cr_assert(!ip_is_loopback(&(struct ip_addr){.b = {127}}));
}

Test(ip, link_local_of_a_mac)
{
	/* The example of RFC 4291 appendix A: the universal bit is inverted. */
	struct mac_addr mac = {{0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde}};
	struct ip_addr got = ip_link_local_from_mac(&mac), want = ip("fe80::3656:78ff:fe9a:bcde");

	cr_assert(ip_equal(&got, &want));
	cr_assert(ip_is_link_local(&got));
}

Test(prefix, keeps_host_bits)
{
	struct ip_prefix p = prefix("10.0.0.2/24");
	char buf[PREFIX_TEXT_SIZE];

	cr_assert_eq(p.len, 24);
	cr_assert_eq(p.addr.b[3], 2);
	cr_assert_str_eq(prefix_format(&p, buf), "10.0.0.2/24");
	p = prefix("fd00:10::2/64");
	cr_assert_str_eq(prefix_format(&p, buf), "fd00:10::2/64");
	p = prefix("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128");
	cr_assert_str_eq(prefix_format(&p, buf), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
}

Test(prefix, refuses_anything_else)
{
	static const struct {
		const char *text;
		int error;
	} bad[] = {
		{"", -EINVAL},
		{"10.0.0.1", -EINVAL},
		{"/24", -EINVAL},
		{"10.0.0.1/", -EINVAL},
		{"10.0.0.1/ 8", -EINVAL},
		{"10.0.0.1/8 ", -EINVAL},
		{"10.0.0.1/-1", -EINVAL},
		{"10.0.0.1/08", -EINVAL},
		{"10.0.0.1/8/8", -EINVAL},
		{"10.0.0.1/255.0.0.0", -EINVAL},
		{"10.0.0.1/0x8", -EINVAL},
		{"10.0.0.1/9999999999999", -EINVAL},
		{"10.0.0/8", -EINVAL},
		{"10.0.0.1/33", -ERANGE},
		{"fe80::/129", -ERANGE},
		{"fe80::/999", -ERANGE},
		{"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc/8", -EINVAL},
	};
	struct ip_prefix p = prefix("1.2.3.4/5");

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_eq(prefix_parse(bad[i].text, &p), bad[i].error, "%s", bad[i].text);
		cr_assert_eq(p.len, 5, "%s", bad[i].text);
	}
}

Test(prefix, contains)
{
	static const struct {
		const char *prefix, *addr;
		bool in;
	} cases[] = {
		{"10.0.0.2/24", "10.0.0.255", true},
		{"10.0.0.2/24", "10.0.1.0", false},
		{"10.0.0.2/23", "10.0.1.0", true},
		{"10.0.0.2/32", "10.0.0.2", true},
		{"10.0.0.2/32", "10.0.0.3", false},
		{"10.0.0.2/31", "10.0.0.3", true},
		{"0.0.0.0/0", "255.1.2.3", true},
		{"0.0.0.0/0", "::1", false},
		{"::/0", "10.0.0.1", false},
		{"::/0", "fe80::1", true},
		{"fd00::/63", "fd00:0:0:1::9", true},
		{"fd00::/64", "fd00:0:0:1::9", false},
		{"fd00::1/128", "fd00::1", true},
		{"fd00::1/128", "fd00::", false},
		{"128.0.0.0/1", "127.255.255.255", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip_prefix p = prefix(cases[i].prefix);
		struct ip_addr addr = ip(cases[i].addr);

		cr_assert_eq(prefix_contains(&p, addr.family, addr.b), cases[i].in, "%s in %s",
			cases[i].addr, cases[i].prefix);
	}
	cr_assert(!prefix_contains(&(struct ip_prefix){0}, 0, (const uint8_t *)"abcd"));
}

Test(prefix, overlaps)
{
	static const struct {
		const char *a, *b;
		bool overlap;
	} cases[] = {
		{"10.0.0.0/8", "10.9.0.1/24", true},
		{"10.0.0.0/24", "10.0.1.0/24", false},
		{"10.0.0.0/23", "10.0.1.0/24", true},
		{"0.0.0.0/0", "::/0", false},
		{"fd00::/16", "fd00:1::/32", true},
		{"fd00::/32", "fd00:1::/32", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip_prefix a = prefix(cases[i].a), b = prefix(cases[i].b);

		cr_assert_eq(prefix_overlaps(&a, &b), cases[i].overlap, "%s", cases[i].a);
		cr_assert_eq(prefix_overlaps(&b, &a), cases[i].overlap, "%s", cases[i].a);
	}
}
