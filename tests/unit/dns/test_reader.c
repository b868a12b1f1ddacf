/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>

#include "build.h"
#include "dns/name.h"
#include "dns/reader.h"

#define HOST "\4host\5local"

static struct build b;
static struct dns_reader r;
static struct dns_question q;
static struct dns_rr rr;

/* Puts the message in a buffer of its very size, where a sanitizer sees what is read beyond. */
static int start(void)
{
	static uint8_t *msg;

	free(msg);
	msg = malloc(b.len > 0 ? b.len : 1);
	memcpy(msg, b.msg, b.len);
	return dns_reader_init(&r, msg, b.len);
}

static int expand(uint8_t *out, size_t cap)
{
	return dns_rdata_expand(&r, &rr, out, cap);
}

Test(reader, header)
{
	put_header(&b, 1, 2, 3, 4);
	dns_store16(b.msg, 0x1234);
	cr_assert_eq(start(), 0);
	cr_expect_eq(r.id, 0x1234);
	cr_expect_eq(r.flags, DNS_FLAG_QR | DNS_FLAG_AA);
	for (unsigned i = 0; i < DNS_SECTIONS; i++)
		cr_expect_eq(r.counts[i], i + 1);
}

Test(reader, length_of_the_message)
{
	put_header(&b, 0, 0, 0, 0);
	for (b.len = 0; b.len < DNS_HEADER_LEN; b.len++)
		cr_expect_eq(start(), -EBADMSG, "%zu bytes", b.len);
	cr_assert_eq(start(), 0);
	cr_expect_eq(dns_reader_question(&r, &q), 0);
	cr_expect_eq(dns_reader_rr(&r, &rr), 0);
	b.len = DNS_MSG_MAX;
	cr_expect_eq(start(), 0);
	b.len = DNS_MSG_MAX + 1;
	cr_expect_eq(start(), -EBADMSG);
}

Test(reader, questions)
{
	put_header(&b, 2, 0, 0, 0);
	put_name(&b, "\4_IPP\4_tcp\5local");
	put16(&b, DNS_TYPE_PTR);
	put16(&b, DNS_CLASS_IN | DNS_QU_BIT);
	put_raw(&b, "\1x");
	put_pointer(&b, DNS_HEADER_LEN);
	put16(&b, DNS_TYPE_ANY);
	put16(&b, DNS_CLASS_ANY);
	cr_assert_eq(start(), 0);
	cr_assert_eq(dns_reader_question(&r, &q), 1);
	cr_expect_eq(q.qname_len, 17);
	cr_expect_eq(memcmp(q.qname, "\4_IPP\4_tcp\5local", 17), 0, "bytes are kept");
	cr_expect_eq(q.qtype, DNS_TYPE_PTR);
	cr_expect_eq(q.qclass, DNS_CLASS_IN);
	cr_expect(q.qu);
	cr_assert_eq(dns_reader_question(&r, &q), 1);
	cr_expect_eq(q.qname_len, 19);
	cr_expect_eq(memcmp(q.qname, "\1x\4_IPP\4_tcp\5local", 19), 0);
	cr_expect_eq(q.qclass, DNS_CLASS_ANY);
	cr_expect_not(q.qu);
	cr_expect_eq(dns_reader_question(&r, &q), 0);
	cr_expect_eq(dns_reader_rr(&r, &rr), 0);
}

Test(reader, sections_and_unread_questions)
{
	put_header(&b, 1, 1, 0, 1);
	put_name(&b, HOST);
	put16(&b, DNS_TYPE_A);
	put16(&b, DNS_CLASS_IN);
	put_pointer(&b, DNS_HEADER_LEN);
	put_fixed(&b, DNS_TYPE_A, 4);
	put32(&b, 0x0a000001);
	put_pointer(&b, DNS_HEADER_LEN);
	put_fixed(&b, DNS_TYPE_AAAA, 16);
	put_raw(&b, "0123456789abcdef");
	cr_assert_eq(start(), 0);
	cr_assert_eq(dns_reader_rr(&r, &rr), 1);
	cr_expect_eq(rr.section, DNS_SECTION_ANSWER);
	cr_expect_eq(rr.rrtype, DNS_TYPE_A);
	cr_expect_eq(rr.rrclass, DNS_CLASS_IN);
	cr_expect_eq(rr.ttl, 120);
	cr_expect_eq(rr.rdlen, 4);
	cr_expect_eq(rr.name_len, 12);
	cr_expect(dns_name_equal(rr.name, N(HOST)));
	cr_assert_eq(dns_reader_rr(&r, &rr), 1);
	cr_expect_eq(rr.section, DNS_SECTION_ADDITIONAL);
	cr_expect_eq(dns_reader_rr(&r, &rr), 0);
	cr_expect_eq(dns_reader_question(&r, &q), 0, "questions are over");
}

Test(reader, class_and_ttl)
{
	put_header(&b, 0, 1, 0, 0);
	put_name(&b, HOST);
	put16(&b, DNS_TYPE_A);
	put16(&b, DNS_CLASS_IN | DNS_CACHE_FLUSH_BIT);
	put32(&b, 0x80000001);
	put16(&b, 4);
	put32(&b, 1);
	cr_assert_eq(start(), 0);
	cr_assert_eq(dns_reader_rr(&r, &rr), 1);
	cr_expect(rr.cache_flush);
	cr_expect_eq(rr.rrclass, DNS_CLASS_IN);
	cr_expect_eq(rr.ttl, 0, "RFC 2181 §8");
	dns_store32(b.msg + b.len - 10, INT32_MAX);
	cr_assert_eq(start(), 0);
	cr_assert_eq(dns_reader_rr(&r, &rr), 1);
	cr_expect_eq(rr.ttl, INT32_MAX);
}

/* Apple's OPT: class 0x05a0 and "TTL" 0x1194 are neither a flush bit nor a lifetime. */
Test(reader, opt)
{
	put_header(&b, 0, 0, 0, 1);
	put8(&b, 0);
	put16(&b, DNS_TYPE_OPT);
	put16(&b, 0x85a0);
	put32(&b, 0x80001194);
	put16(&b, 12);
	put_raw(&b, "\0\4\0\x08\0\1\2\0\0\0\0\1");
	cr_assert_eq(start(), 0);
	cr_assert_eq(dns_reader_rr(&r, &rr), 1);
	cr_expect_eq(rr.rrtype, DNS_TYPE_OPT);
	cr_expect_eq(rr.rrclass, 0x85a0);
	cr_expect_not(rr.cache_flush);
	cr_expect_eq(rr.ttl, 0x80001194);
	cr_expect_eq(rr.section, DNS_SECTION_ADDITIONAL);

	b.msg[b.len - 9] = 9;
	cr_assert_eq(start(), 0);
	cr_expect_eq(dns_reader_rr(&r, &rr), -EINVAL, "an option that does not fit");
	b.msg[b.len - 9] = 8;
	dns_store16(b.msg + 6, 1);
	dns_store16(b.msg + 10, 0);
	cr_assert_eq(start(), 0);
	cr_expect_eq(dns_reader_rr(&r, &rr), -EINVAL, "out of its section");
}

Test(reader, opt_belongs_to_the_root)
{
	put_header(&b, 0, 0, 0, 1);
	put_name(&b, "\1x");
	put_fixed(&b, DNS_TYPE_OPT, 0);
	cr_assert_eq(start(), 0);
	cr_expect_eq(dns_reader_rr(&r, &rr), -EINVAL);
	cr_expect_eq(dns_reader_rr(&r, &rr), 0);
}

/* One bad record, of the given type and rdata, then a good one that must still be read. */
static void expect_spoiled(uint16_t rrtype, const void *rdata, size_t len, const char *why)
{
	put_header(&b, 0, 2, 0, 0);
	put_name(&b, HOST);
	put_fixed(&b, rrtype, (uint16_t)len);
	put_bytes(&b, rdata, len);
	put_pointer(&b, DNS_HEADER_LEN);
	put_fixed(&b, DNS_TYPE_A, 4);
	put32(&b, 1);
	cr_assert_eq(start(), 0);
	cr_expect_eq(dns_reader_rr(&r, &rr), -EINVAL, "%s", why);
	cr_expect(dns_name_equal(rr.name, N(HOST)), "%s: the name was good", why);
	cr_expect_eq(dns_reader_rr(&r, &rr), 1, "%s", why);
	cr_expect_eq(rr.rrtype, DNS_TYPE_A, "%s", why);
	cr_expect_eq(dns_reader_rr(&r, &rr), 0, "%s", why);
}

#define spoiled(rrtype, literal, why) expect_spoiled(rrtype, literal, sizeof(literal) - 1, why)

Test(reader, bad_rdata_spoils_only_its_record)
{
	spoiled(DNS_TYPE_A, "\1\2\3", "A of 3 bytes");
	spoiled(DNS_TYPE_A, "\1\2\3\4\5", "A of 5 bytes");
	spoiled(DNS_TYPE_A, "", "A of no bytes");
	spoiled(DNS_TYPE_AAAA, "\1\2\3\4", "AAAA of 4 bytes");
	spoiled(DNS_TYPE_SRV, "\0\0\0\0\2\x77", "SRV of 6 bytes");
	spoiled(DNS_TYPE_SRV, "\0\0\0\0\2\x77\0x", "SRV with a byte behind");
	spoiled(DNS_TYPE_SRV, "\0\0\0\0\2\x77\xc0", "SRV with half a pointer");
	spoiled(DNS_TYPE_PTR, "", "PTR of no bytes");
	spoiled(DNS_TYPE_PTR, "\4host", "a name that runs out of its rdata");
	spoiled(DNS_TYPE_PTR, "\77host", "a label that runs out of its rdata");
	spoiled(DNS_TYPE_PTR, "\xc0\x0c\0", "PTR with a byte behind");
	spoiled(DNS_TYPE_PTR, "\xc0\x22", "a pointer to itself");
	spoiled(DNS_TYPE_PTR, "\xc0\x23\0", "a pointer forward");
	spoiled(DNS_TYPE_PTR, "\xff\xff", "a pointer out of the message");
	spoiled(DNS_TYPE_PTR, "\xc0\x02", "a pointer into the header");
	spoiled(DNS_TYPE_PTR, "\x41x\0", "a reserved label type");
	spoiled(DNS_TYPE_PTR, "\x80x\0", "another");
	spoiled(DNS_TYPE_TXT, "\5abc", "a string that does not fit");
	spoiled(DNS_TYPE_HINFO, "\1a", "one string missing");
	spoiled(DNS_TYPE_MX, "\0", "half a preference");
	spoiled(DNS_TYPE_SOA, "\xc0\x0c\xc0\x0c\0\0\0\1", "SOA too short");
}

/* RFC 6762 §6.1: an NSEC that cannot be parsed must not cost the message. */
Test(reader, bad_nsec_spoils_only_itself)
{
	spoiled(DNS_TYPE_NSEC, "\xc0\x0c", "no bitmap");
	spoiled(DNS_TYPE_NSEC, "\xc0\x0c\0\0", "empty block");
	spoiled(DNS_TYPE_NSEC, "\xc0\x0c\1\1\x40", "block 1");
	spoiled(DNS_TYPE_NSEC, "\xc0\x0c\0\1\x40\1\1\x40", "two blocks");
	spoiled(DNS_TYPE_NSEC, "\xc0\x0c\0\4\x40", "cut off");
	spoiled(DNS_TYPE_NSEC, "\xc0\x0c\0\1\x40\0", "a byte behind");
	spoiled(DNS_TYPE_NSEC, "\xc0\xee\0\1\x40", "next name unreadable");
}

Test(reader, nsec_with_an_unexpected_next_name_is_good)
{
	uint8_t out[64];

	put_header(&b, 0, 1, 0, 0);
	put_name(&b, HOST);
	put_fixed(&b, DNS_TYPE_NSEC, 9);
	put_raw(&b, "\3abc");
	put_pointer(&b, DNS_HEADER_LEN + 5);
	put_raw(&b, "\0\1\x40");
	cr_assert_eq(start(), 0);
	cr_assert_eq(dns_reader_rr(&r, &rr), 1);
	cr_expect_eq(expand(out, sizeof(out)), 14);
	cr_expect_eq(memcmp(out, "\3abc\5local\0\0\1\x40", 14), 0);
}

/* RFC 6763 §6.1: a TXT of no bytes counts as one empty string. */
Test(reader, empty_txt_is_one_zero_byte)
{
	uint8_t out[1] = {0xee};

	put_header(&b, 0, 1, 0, 0);
	put_name(&b, HOST);
	put_fixed(&b, DNS_TYPE_TXT, 0);
	cr_assert_eq(start(), 0);
	cr_assert_eq(dns_reader_rr(&r, &rr), 1);
	cr_expect_eq(rr.rdlen, 0);
	cr_expect_eq(expand(out, 0), -ENOSPC);
	cr_expect_eq(expand(out, 1), 1);
	cr_expect_eq(out[0], 0);
}

Test(reader, bad_owner_name_spoils_only_its_record)
{
	put_header(&b, 0, 2, 0, 0);
	put_raw(&b, "\1a");
	put_pointer(&b, b.len - 2);
	put_fixed(&b, DNS_TYPE_A, 4);
	put32(&b, 1);
	put_name(&b, HOST);
	put_fixed(&b, DNS_TYPE_A, 4);
	put32(&b, 2);
	cr_assert_eq(start(), 0);
	cr_expect_eq(dns_reader_rr(&r, &rr), -EINVAL);
	cr_expect_eq(rr.name_len, 0);
	cr_expect_eq(dns_reader_rr(&r, &rr), 1);
	cr_expect(dns_name_equal(rr.name, N(HOST)));
	cr_expect_eq(dns_reader_rr(&r, &rr), 0);
}

Test(reader, what_has_no_end_loses_the_rest)
{
	put_header(&b, 0, 2, 0, 0);
	put_raw(&b, "\x40zz");
	put_fixed(&b, DNS_TYPE_A, 4);
	put32(&b, 1);
	cr_assert_eq(start(), 0);
	cr_expect_eq(dns_reader_rr(&r, &rr), -EBADMSG, "a reserved label type");
	cr_expect_eq(dns_reader_rr(&r, &rr), -EBADMSG, "and it stays so");

	put_header(&b, 0, 1, 0, 0);
	put_name(&b, HOST);
	put_fixed(&b, DNS_TYPE_A, 5);
	put32(&b, 1);
	cr_assert_eq(start(), 0);
	cr_expect_eq(dns_reader_rr(&r, &rr), -EBADMSG, "rdlength beyond the end");
	cr_expect_eq(dns_reader_rr(&r, &rr), -EBADMSG);

	put_header(&b, 1, 1, 0, 0);
	put_name(&b, HOST);
	put16(&b, DNS_TYPE_A);
	cr_assert_eq(start(), 0);
	cr_expect_eq(dns_reader_question(&r, &q), -EBADMSG, "no class");
	cr_expect_eq(dns_reader_question(&r, &q), -EBADMSG);
	cr_expect_eq(dns_reader_rr(&r, &rr), -EBADMSG);
}

/* Every cut of a good message ends in an error or cleanly, never beyond its bytes. */
Test(reader, every_truncation)
{
	struct build whole;

	put_header(&b, 1, 1, 0, 1);
	put_name(&b, HOST);
	put16(&b, DNS_TYPE_ANY);
	put16(&b, DNS_CLASS_IN);
	put_pointer(&b, DNS_HEADER_LEN);
	put_fixed(&b, DNS_TYPE_SRV, 8);
	put_raw(&b, "\0\0\0\0\2\x77");
	put_pointer(&b, DNS_HEADER_LEN);
	put_pointer(&b, DNS_HEADER_LEN);
	put_fixed(&b, DNS_TYPE_NSEC, 8);
	put_pointer(&b, DNS_HEADER_LEN);
	put_raw(&b, "\0\4\x40\0\0\x08");
	whole = b;
	for (b.len = DNS_HEADER_LEN; b.len < whole.len; b.len++) {
		int rc;

		cr_assert_eq(start(), 0);
		while ((rc = dns_reader_rr(&r, &rr)) == 1 || rc == -EINVAL)
			;
		cr_expect_eq(rc, -EBADMSG, "%zu bytes", b.len);
	}
	b = whole;
	cr_assert_eq(start(), 0);
	cr_expect_eq(dns_reader_rr(&r, &rr), 1);
	cr_expect_eq(dns_reader_rr(&r, &rr), 1);
	cr_expect_eq(dns_reader_rr(&r, &rr), 0);
}

/* A count claims what is not there: the number of reads follows the bytes, not the claim. */
Test(reader, claims_of_65535)
{
	unsigned reads = 0;
	int rc;

	put_header(&b, 65535, 65535, 65535, 65535);
	cr_assert_eq(start(), 0);
	cr_expect_eq(dns_reader_question(&r, &q), -EBADMSG);
	cr_expect_eq(dns_reader_rr(&r, &rr), -EBADMSG);

	put_header(&b, 0, 65535, 0, 0);
	while (b.len + DNS_RR_MIN <= DNS_MSG_MAX) {
		put8(&b, 0);
		put_fixed(&b, DNS_TYPE_NULL, 0);
	}
	cr_assert_eq(start(), 0);
	while ((rc = dns_reader_rr(&r, &rr)) == 1)
		reads++;
	cr_expect_eq(rc, -EBADMSG);
	cr_expect_eq(reads, (DNS_MSG_MAX - DNS_HEADER_LEN) / DNS_RR_MIN);
}

Test(reader, bytes_behind_the_last_record_are_ignored)
{
	put_header(&b, 0, 1, 0, 0);
	put_name(&b, HOST);
	put_fixed(&b, DNS_TYPE_A, 4);
	put32(&b, 1);
	put_raw(&b, "rubbish");
	cr_assert_eq(start(), 0);
	cr_expect_eq(dns_reader_rr(&r, &rr), 1);
	cr_expect_eq(dns_reader_rr(&r, &rr), 0);
	cr_expect_eq(dns_reader_rr(&r, &rr), 0);
}

static int name_at(size_t pos, size_t *next)
{
	uint8_t out[DNS_NAME_MAX + 1];

	return dns_reader_name(b.msg, b.len, pos, out, next);
}

Test(reader_name, next_is_behind_the_name_as_it_stands)
{
	size_t next = 0;

	put_header(&b, 0, 0, 0, 0);
	put_name(&b, HOST);
	put_raw(&b, "\1x");
	put_pointer(&b, DNS_HEADER_LEN + 5);
	cr_expect_eq(name_at(12, &next), 12);
	cr_expect_eq(next, 24);
	cr_expect_eq(name_at(24, &next), 9);
	cr_expect_eq(next, 28);
	cr_expect_eq(name_at(26, &next), 7);
	cr_expect_eq(next, 28);
	cr_expect_eq(name_at(28, &next), -EBADMSG, "at the end");
}

Test(reader_name, pointers_go_backwards_only)
{
	size_t next;

	put_header(&b, 0, 0, 0, 0);
	put_pointer(&b, 12);
	cr_expect_eq(name_at(12, &next), -EBADMSG, "to itself");
	b.len = 12;
	put_pointer(&b, 14);
	put_pointer(&b, 12);
	cr_expect_eq(name_at(12, &next), -EBADMSG, "forward");
	cr_expect_eq(name_at(14, &next), -EBADMSG, "a loop of two");
	b.len = 12;
	put_raw(&b, "\1a");
	put_pointer(&b, 12);
	cr_expect_eq(name_at(12, &next), -EBADMSG, "into its own labels");
	cr_expect_eq(name_at(14, &next), -EBADMSG, "a loop through labels");
	for (size_t off = 0; off < DNS_HEADER_LEN; off++) {
		b.len = 12;
		put_pointer(&b, off);
		cr_expect_eq(name_at(12, &next), -EBADMSG, "into the header at %zu", off);
	}
}

/* n pointers, each to the one before, the first to the root. */
static size_t chain(unsigned n)
{
	put_header(&b, 0, 0, 0, 0);
	put8(&b, 0);
	put_pointer(&b, 12);
	while (--n > 0)
		put_pointer(&b, b.len - 2);
	return b.len - 2;
}

Test(reader_name, chains_are_bounded)
{
	size_t next;

	cr_expect_eq(name_at(chain(1), &next), 1);
	cr_expect_eq(name_at(chain(DNS_LABELS_MAX), &next), 1);
	cr_expect_eq(name_at(chain(DNS_LABELS_MAX + 1), &next), -EBADMSG);
	cr_expect_eq(name_at(chain(4000), &next), -EBADMSG);
}

/* A label and a pointer each, up to n labels. */
static size_t ladder(unsigned n, size_t label_len)
{
	size_t at = 12;

	put_header(&b, 0, 0, 0, 0);
	put8(&b, 0);
	while (n-- > 0) {
		size_t before = at;

		at = b.len;
		put8(&b, (uint8_t)label_len);
		memset(b.msg + b.len, 'a', label_len);
		b.len += label_len;
		put_pointer(&b, before);
	}
	return at;
}

Test(reader_name, longest_names_through_pointers)
{
	size_t next;

	cr_expect_eq(name_at(ladder(127, 1), &next), 255, "127 labels");
	cr_expect_eq(name_at(ladder(128, 1), &next), -EBADMSG, "128 labels");
	cr_expect_eq(name_at(ladder(3, 63), &next), 193);
	cr_expect_eq(name_at(ladder(4, 63), &next), -EBADMSG, "257 bytes");
	cr_expect_eq(name_at(ladder(2, 126 / 2), &next), 129);
}

Test(reader_name, ends_at_the_message)
{
	struct build whole;
	size_t next;

	put_header(&b, 0, 0, 0, 0);
	put_name(&b, "\x1f"
		     "0123456789012345678901234567890\5local");
	put_raw(&b, "\1x");
	put_pointer(&b, DNS_HEADER_LEN);
	whole = b;
	for (b.len = 12; b.len < whole.len; b.len++) {
		uint8_t *msg = malloc(b.len), out[DNS_NAME_MAX + 1];
		int len;

		memcpy(msg, b.msg, b.len);
		len = dns_reader_name(msg, b.len, 12, out, &next);
		cr_expect_eq(len, b.len >= 12 + 39 ? 39 : -EBADMSG, "%zu bytes", b.len);
		len = dns_reader_name(msg, b.len, 12 + 39, out, &next);
		cr_expect_eq(len, -EBADMSG, "%zu bytes", b.len);
		free(msg);
	}
}

/* A pointer in rdata may lead to any earlier name, the record's own and earlier rdata's included.
 */
Test(rdata_expand, follows_pointers_and_minds_the_room)
{
	static const char want[] = "\1m\5local\0\1r\1m\5local\0"
				   "12345678901234567890";
	uint8_t out[64];
	size_t rdata;

	put_header(&b, 0, 1, 0, 0);
	put_name(&b, HOST);
	put_fixed(&b, DNS_TYPE_SOA, 0);
	rdata = b.len;
	put_raw(&b, "\1m");
	put_pointer(&b, DNS_HEADER_LEN + 5);
	put_raw(&b, "\1r");
	put_pointer(&b, rdata);
	put_raw(&b, "12345678901234567890");
	end_rdata(&b, rdata);
	cr_assert_eq(start(), 0);
	cr_assert_eq(dns_reader_rr(&r, &rr), 1);
	for (size_t cap = 0; cap < sizeof(want) - 1; cap++)
		cr_expect_eq(expand(out, cap), -ENOSPC, "%zu bytes", cap);
	cr_expect_eq(expand(out, sizeof(want) - 1), (int)sizeof(want) - 1);
	cr_expect_eq(memcmp(out, want, sizeof(want) - 1), 0);
}

/* RFC 6762 §18.14: compressed names of further known types are read too. */
Test(rdata_expand, types_beyond_the_list)
{
	uint8_t out[64];

	put_header(&b, 0, 2, 0, 0);
	put_name(&b, HOST);
	put_fixed(&b, DNS_TYPE_NAPTR, 10);
	put_raw(&b, "\0\1\0\2\1s\0\0");
	put_pointer(&b, DNS_HEADER_LEN);
	put_name(&b, HOST);
	put_fixed(&b, DNS_TYPE_RRSIG, 23);
	put_raw(&b, "123456789012345678");
	put_pointer(&b, DNS_HEADER_LEN + 5);
	put_raw(&b, "sig");
	cr_assert_eq(start(), 0);
	cr_assert_eq(dns_reader_rr(&r, &rr), 1);
	cr_expect_eq(expand(out, sizeof(out)), 8 + 12);
	cr_expect_eq(memcmp(out, "\0\1\0\2\1s\0\0" HOST, 20), 0);
	cr_assert_eq(dns_reader_rr(&r, &rr), 1);
	cr_expect_eq(expand(out, sizeof(out)), 18 + 7 + 3);
	cr_expect_eq(memcmp(out, "123456789012345678\5local\0sig", 28), 0);
}
