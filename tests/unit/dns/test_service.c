/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <errno.h>

#include "build.h"
#include "dns/name.h"
#include "dns/service.h"

static struct dns_service_name parse(const uint8_t *name)
{
	struct dns_service_name s;

	dns_service_parse(name, &s);
	return s;
}

#define expect_kind(literal, want) cr_expect_eq(parse(N(literal)).kind, want, "%s", literal)

/* Kind, where the type is, and that the domain follows it. */
static void expect_type(
	const uint8_t *name, enum dns_name_kind kind, unsigned type_off, unsigned domain_off)
{
	struct dns_service_name s = parse(name);

	cr_expect_eq(s.kind, kind);
	cr_expect_eq(s.type_off, type_off);
	cr_expect_eq(s.type_len, domain_off - type_off);
	cr_expect_eq(s.domain_off, domain_off);
}

Test(service, types_instances_and_subtypes)
{
	expect_type(N("\4_ipp\4_tcp\5local"), DNS_NAME_SERVICE_TYPE, 0, 10);
	expect_type(N("\4_IPP\4_TcP\5local"), DNS_NAME_SERVICE_TYPE, 0, 10);
	expect_type(N("\6_sleep\4_udp\5local"), DNS_NAME_SERVICE_TYPE, 0, 12);
	expect_type(N("\5Front\4_ipp\4_tcp\5local"), DNS_NAME_INSTANCE, 6, 16);
	expect_type(N("\12_universal\4_sub\4_ipp\4_tcp\5local"), DNS_NAME_SUBTYPE, 16, 26);
	expect_type(N("\3col\4_SUB\4_ipp\4_tcp\5local"), DNS_NAME_SUBTYPE, 9, 19);
}

Test(service, the_domain_is_whatever_follows)
{
	expect_type(N("\4_ipp\4_tcp\7example\3com"), DNS_NAME_SERVICE_TYPE, 0, 10);
	expect_type(N("\1a\4_ipp\4_tcp"), DNS_NAME_INSTANCE, 2, 12);
	expect_type(N("\1x\4_sub\4_ipp\4_tcp"), DNS_NAME_SUBTYPE, 7, 17);
	expect_type(N("\4_ipp\4_tcp"), DNS_NAME_SERVICE_TYPE, 0, 10);
}

/* RFC 6763 §4.1.1: an instance is one label; more are not. */
Test(service, only_one_label_before_the_type)
{
	expect_kind("\1a\1b\4_ipp\4_tcp\5local", DNS_NAME_OTHER);
	expect_kind("\1a\1x\4_sub\4_ipp\4_tcp\5local", DNS_NAME_OTHER);
	expect_kind("\1a\1b\1c\1d\4_ipp\4_tcp\5local", DNS_NAME_OTHER);
}

/* The first type from the left counts, as it does for clients; one behind it is domain. */
Test(service, a_second_type_is_domain)
{
	expect_type(N("\5_http\4_tcp\4_ipp\4_tcp\5local"), DNS_NAME_SERVICE_TYPE, 0, 11);
	expect_type(N("\1a\5_http\4_tcp\4_ipp\4_tcp\5local"), DNS_NAME_INSTANCE, 2, 13);
}

Test(service, an_instance_may_be_called_anything)
{
	expect_type(N("\4_ipp\4_ipp\4_tcp\5local"), DNS_NAME_INSTANCE, 5, 15);
	expect_type(N("\4_tcp\4_ipp\4_tcp\5local"), DNS_NAME_INSTANCE, 5, 15);
	expect_type(N("\4_sub\4_ipp\4_tcp\5local"), DNS_NAME_INSTANCE, 5, 15);
}

/* Bytes inside a label that look like labels of their own. */
Test(service, embedded_length_bytes_are_text)
{
	expect_kind("\x0fx\4_ipp\4_tcp\5loc\5local", DNS_NAME_HOST);
	expect_type(N("\x0b\4_ipp\4_tcp.\5_http\4_tcp\5local"), DNS_NAME_INSTANCE, 12, 23);
	expect_kind("\x0b_ipp._tcp.l\5local", DNS_NAME_OTHER);
	expect_kind("\5_ipp\4\3tcp\5local", DNS_NAME_OTHER);
	expect_kind("\x0f_services\7_dns-\4_udp\5local", DNS_NAME_SERVICE_TYPE);
	expect_kind("\x0e\7in-addr\4arpa\1\5local", DNS_NAME_HOST);
	cr_expect_not(parse(N("\x10\003254\003169\7in-addr\4arpa")).link_local);
}

Test(service, what_is_no_type)
{
	expect_kind("\1_\4_tcp\5local", DNS_NAME_OTHER);
	expect_kind("\4_ipp\5_sctp\5local", DNS_NAME_OTHER);
	expect_kind("\3ipp\4_tcp\5local", DNS_NAME_OTHER);
	expect_kind("\4_tcp\5local", DNS_NAME_OTHER);
	expect_kind("\4_ipp", DNS_NAME_OTHER);
	expect_kind("\4_sub\4_tcp", DNS_NAME_SERVICE_TYPE);
}

Test(service, hosts_and_others)
{
	struct dns_service_name s = parse(N("\4host\5local"));

	cr_expect_eq(s.kind, DNS_NAME_HOST);
	cr_expect_eq(s.type_len, 0);
	cr_expect_eq(s.domain_off, 5);
	expect_kind("\1a\1b\1c\1d\1e\1f\1g\1h\1i\1j\5local", DNS_NAME_HOST);
	expect_kind("\5_host\5local", DNS_NAME_OTHER);
	s = parse(N(""));
	cr_expect_eq(s.kind, DNS_NAME_OTHER);
	cr_expect_eq(s.domain_off, 0);
	s = parse(N("\5local"));
	cr_expect_eq(s.kind, DNS_NAME_HOST);
	cr_expect_eq(s.domain_off, 6);
}

Test(service, enumerations)
{
	expect_type(N("\x09_services\x07_dns-sd\4_udp\5local"), DNS_NAME_TYPE_ENUM, 10, 23);
	expect_kind("\x09_SERVICES\x07_DNS-SD\4_UDP\5local", DNS_NAME_TYPE_ENUM);
	expect_kind("\1b\x07_dns-sd\4_udp\5local", DNS_NAME_DOMAIN_ENUM);
	expect_kind("\2db\x07_dns-sd\4_udp\5local", DNS_NAME_DOMAIN_ENUM);
	expect_kind("\1r\x07_dns-sd\4_udp\5local", DNS_NAME_DOMAIN_ENUM);
	expect_kind("\2dr\x07_dns-sd\4_udp\5local", DNS_NAME_DOMAIN_ENUM);
	expect_kind("\2lb\x07_dns-sd\4_udp\5local", DNS_NAME_DOMAIN_ENUM);
	expect_kind("\2LB\x07_dns-sd\4_udp\1"
		    "0\1"
		    "0\003168\003192\7in-addr\4arpa",
		DNS_NAME_DOMAIN_ENUM);
}

/* RFC 8766 §6.4. */
Test(service, names_never_worth_asking)
{
	expect_kind("\x0b_dns-update\4_udp\5local", DNS_NAME_NEVER);
	expect_kind("\x0b_dns-update\4_tcp\5local", DNS_NAME_NEVER);
	expect_kind("\x0f_dns-update-tls\4_tcp\5local", DNS_NAME_NEVER);
	expect_kind("\x08_dns-llq\4_udp\5local", DNS_NAME_NEVER);
	expect_kind("\x0c_dns-llq-tls\4_tcp\5local", DNS_NAME_NEVER);
	expect_kind("\x0d_dns-push-tls\4_tcp\5local", DNS_NAME_NEVER);
	expect_kind("\x09_DNS-push\4_tcp\5local", DNS_NAME_NEVER);
	expect_kind("\1x\x08_dns-llq\4_udp\5local", DNS_NAME_NEVER);
	expect_kind("\2cf\x07_dns-sd\4_udp\5local", DNS_NAME_NEVER);
	expect_kind("\x07_dns-sd\4_udp\5local", DNS_NAME_NEVER);
	expect_kind("\x09_services\4_sub\x07_dns-sd\4_udp\5local", DNS_NAME_NEVER);
	expect_kind("\x09_dns-llqx\4_udp\5local", DNS_NAME_SERVICE_TYPE);
}

Test(service, reverse_names)
{
	struct dns_service_name s = parse(N("\1"
					    "7\1"
					    "0\2"
					    "10\2"
					    "10\7in-addr\4ARPA"));

	cr_expect_eq(s.kind, DNS_NAME_REVERSE4);
	cr_expect_not(s.link_local);
	expect_kind("\7in-addr\4arpa", DNS_NAME_REVERSE4);
	expect_kind("\3ip6\4arpa", DNS_NAME_REVERSE6);
	expect_kind("\1a\3ip6\5local", DNS_NAME_HOST);
	expect_kind("\4arpa", DNS_NAME_HOST);
}

/* RFC 6762 §4: 254.169.in-addr.arpa, {8,9,a,b}.e.f.ip6.arpa, and what is below. */
Test(service, link_local_reverse_names)
{
	cr_expect(parse(N("\003254\003169\7in-addr\4arpa")).link_local);
	cr_expect(parse(N("\1"
			  "1\1"
			  "2\003254\003169\7IN-ADDR\4arpa"))
			  .link_local);
	cr_expect_not(parse(N("\003253\003169\7in-addr\4arpa")).link_local);
	cr_expect_not(parse(N("\003169\003254\7in-addr\4arpa")).link_local);
	cr_expect_not(parse(N("\003169\7in-addr\4arpa")).link_local);
	cr_expect_not(parse(N("\003254\003169\7in-addr\5local")).link_local);
	cr_expect(parse(N("\1"
			  "8\1e\1f\3ip6\4arpa"))
			  .link_local);
	cr_expect(parse(N("\1"
			  "9\1E\1F\3ip6\4arpa"))
			  .link_local);
	cr_expect(parse(N("\1a\1e\1f\3ip6\4arpa")).link_local);
	cr_expect(parse(N("\1"
			  "0\1B\1e\1f\3ip6\4arpa"))
			  .link_local);
	cr_expect_not(parse(N("\1c\1e\1f\3ip6\4arpa")).link_local);
	cr_expect_not(parse(N("\1"
			      "7\1e\1f\3ip6\4arpa"))
			      .link_local);
	cr_expect_not(parse(N("\1e\1f\3ip6\4arpa")).link_local);
}

/* A service name in a link-local reverse domain is link-local as well. */
Test(service, link_local_whatever_the_kind)
{
	struct dns_service_name s = parse(N("\2lb\x07_dns-sd\4_udp\1"
					    "0\1"
					    "0\003254\003169\7in-addr\4arpa"));

	cr_expect_eq(s.kind, DNS_NAME_DOMAIN_ENUM);
	cr_expect(s.link_local);
}

Test(service, deep_names_keep_their_ends)
{
	uint8_t name[DNS_NAME_MAX];
	const uint8_t tail[] = "\1"
			       "8\1e\1f\3ip6\4arpa";
	size_t n = 0;

	for (; n + 2 + sizeof(tail) <= sizeof(name); n += 2)
		memcpy(name + n,
			"\1"
			"0",
			2);
	memcpy(name + n, tail, sizeof(tail));
	cr_assert_gt(dns_name_labels(name), 100);
	cr_expect_eq(parse(name).kind, DNS_NAME_REVERSE6);
	cr_expect(parse(name).link_local);
}

Test(reverse, addresses_and_back)
{
	static const uint8_t v4[] = {169, 254, 0, 10};
	static const uint8_t v6[] = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0xff, 0xfe, 0, 0, 0xab};
	uint8_t name[DNS_NAME_MAX], addr[16];
	char text[DNS_NAME_TEXT_MAX];

	cr_expect_eq(dns_reverse_name(v4, 4, name), (int)dns_name_len(name));
	dns_name_to_text(name, text, sizeof(text));
	cr_expect_str_eq(text, "10.0.254.169.in-addr.arpa");
	cr_expect(parse(name).link_local);
	cr_expect_eq(dns_reverse_addr(name, addr), 4);
	cr_expect_eq(memcmp(addr, v4, 4), 0);

	cr_expect_eq(dns_reverse_name(v6, 16, name), (int)dns_name_len(name));
	dns_name_to_text(name, text, sizeof(text));
	cr_expect_str_eq(
		text, "b.a.0.0.0.0.e.f.f.f.0.0.0.0.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.e.f.ip6.arpa");
	cr_expect(parse(name).link_local);
	for (uint8_t *p = name; *p != 0; p += 1 + *p)
		if (p[1] >= 'a')
			p[1] -= 32;
	cr_expect_eq(dns_reverse_addr(name, addr), 16, "upper case is the same");
	cr_expect_eq(memcmp(addr, v6, 16), 0);
	cr_expect_eq(dns_reverse_name(v6, 6, name), -EINVAL);
}

Test(reverse, what_is_no_address)
{
	static const char *const bad[] = {".", "1.2.3.in-addr.arpa", "1.2.3.4.5.in-addr.arpa",
		"1.2.3.256.in-addr.arpa", "1.2.3.04.in-addr.arpa", "1.2.3.x.in-addr.arpa",
		"1.2.3.1000.in-addr.arpa", "1.2.3.4.in-addr.local", "1.2.3.4.ip6.arpa",
		"g.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.e.f.ip6.arpa",
		"00.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.e.f.ip6.arpa",
		"0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.e.f.ip6.arpa"};
	uint8_t name[DNS_NAME_MAX], addr[16];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_gt(dns_name_from_text(bad[i], name), 0);
		cr_expect_eq(dns_reverse_addr(name, addr), -EINVAL, "%s", bad[i]);
	}
}
