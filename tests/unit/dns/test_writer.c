/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>

#include "build.h"
#include "dns/name.h"
#include "dns/reader.h"
#include "dns/writer.h"

#define HOST "\4host\5local"
#define IPP "\4_ipp\4_tcp\5local"
#define FRONT "\5Front\4_ipp\4_tcp\5local"
#define R(literal) N(literal), sizeof(literal) - 1

static uint8_t buf[DNS_MSG_MAX];
static struct dns_writer w;

static int put_rr(const uint8_t *name, uint16_t rrtype, const uint8_t *rdata, size_t len)
{
	return dns_write_rr(&w, DNS_SECTION_ANSWER, name, rrtype,
		DNS_CLASS_IN | DNS_CACHE_FLUSH_BIT, 120, rdata, len, 0);
}

Test(writer, an_empty_message_is_a_header)
{
	dns_writer_init(&w, buf, sizeof(buf), 0x1234, DNS_FLAG_QR | DNS_FLAG_AA);
	cr_expect(dns_writer_empty(&w));
	cr_expect_eq(dns_writer_finish(&w), DNS_HEADER_LEN);
	cr_expect_eq(memcmp(buf, "\x12\x34\x84\0\0\0\0\0\0\0\0\0", 12), 0);
}

Test(writer, no_room_for_a_header)
{
	dns_writer_init(&w, buf, DNS_HEADER_LEN - 1, 0, 0);
	cr_expect_eq(dns_write_question(&w, N(""), DNS_TYPE_A, DNS_CLASS_IN), -ENOSPC);
	cr_expect_eq(put_rr(N(""), DNS_TYPE_A, R("\1\2\3\4")), -ENOSPC);
	cr_expect(dns_writer_empty(&w));
	cr_expect_eq(dns_writer_finish(&w), 0);
}

/* The very bytes of a browse answer, every suffix used again. */
Test(writer, compresses_to_the_byte)
{
	struct build b;

	dns_writer_init(&w, buf, sizeof(buf), 0, DNS_FLAG_QR | DNS_FLAG_AA);
	cr_assert_eq(dns_write_rr(&w, DNS_SECTION_ANSWER, N(IPP), DNS_TYPE_PTR, DNS_CLASS_IN, 4500,
			     R(FRONT "\0"), 0),
		0);
	cr_expect_eq(w.last_ttl_off, 12 + 17 + 4);
	cr_assert_eq(
		dns_write_rr(&w, DNS_SECTION_ADDITIONAL, N(FRONT), DNS_TYPE_SRV,
			DNS_CLASS_IN | DNS_CACHE_FLUSH_BIT, 120, R("\0\0\0\0\2\x77" HOST "\0"), 0),
		0);
	cr_expect_eq(w.last_ttl_off, 47 + 2 + 4);
	cr_assert_eq(dns_write_rr(&w, DNS_SECTION_ADDITIONAL, N(HOST), DNS_TYPE_NSEC,
			     DNS_CLASS_IN | DNS_CACHE_FLUSH_BIT, 120, R(HOST "\0\0\1\x40"), 0),
		0);

	put_header(&b, 0, 1, 0, 2);
	put_name(&b, IPP);
	put16(&b, DNS_TYPE_PTR);
	put16(&b, DNS_CLASS_IN);
	put32(&b, 4500);
	put16(&b, 8);
	put_raw(&b, "\5Front");
	put_pointer(&b, 12);
	put_pointer(&b, 39);
	put_fixed(&b, DNS_TYPE_SRV, 13);
	dns_store16(b.msg + b.len - 8, DNS_CLASS_IN | DNS_CACHE_FLUSH_BIT);
	put_raw(&b, "\0\0\0\0\2\x77\4host");
	put_pointer(&b, 22);
	put_pointer(&b, 65);
	put_fixed(&b, DNS_TYPE_NSEC, 5);
	dns_store16(b.msg + b.len - 8, DNS_CLASS_IN | DNS_CACHE_FLUSH_BIT);
	put_pointer(&b, 65);
	put_raw(&b, "\0\1\x40");

	cr_assert_eq(dns_writer_finish(&w), b.len);
	cr_expect_eq(memcmp(buf, b.msg, b.len), 0);
}

/* RFC 6762 §18.14: in legacy unicast responses the SRV target is not compressed; its owner is. */
Test(writer, srv_targets_of_legacy_responses)
{
	size_t before;

	dns_writer_init(&w, buf, sizeof(buf), 7, DNS_FLAG_QR | DNS_FLAG_AA);
	cr_assert_eq(dns_write_question(&w, N(FRONT), DNS_TYPE_SRV, DNS_CLASS_IN), 0);
	before = w.len;
	cr_assert_eq(dns_write_rr(&w, DNS_SECTION_ANSWER, N(FRONT), DNS_TYPE_SRV, DNS_CLASS_IN, 10,
			     R("\0\0\0\0\2\x77" HOST "\0"), DNS_W_NO_SRV_COMPRESS),
		0);
	cr_expect_eq(w.len - before, 2 + 10 + 6 + 12);
	cr_expect_eq(memcmp(buf + w.len - 12, HOST, 12), 0);
}

Test(writer, other_types_are_never_compressed)
{
	size_t before;

	dns_writer_init(&w, buf, sizeof(buf), 0, 0);
	cr_assert_eq(put_rr(N(HOST), DNS_TYPE_MINFO, R(HOST "\0" HOST "\0")), 0);
	before = w.len;
	cr_assert_eq(put_rr(N(HOST), DNS_TYPE_NAPTR, R("\0\1\0\2\1s\0\0" HOST "\0")), 0);
	cr_expect_eq(w.len - before, 2 + 10 + 8 + 12);
}

/* Names keep the case they were given, so suffixes are shared byte by byte only. */
Test(writer, case_is_kept)
{
	struct dns_reader r;
	struct dns_rr rr;

	dns_writer_init(&w, buf, sizeof(buf), 0, 0);
	cr_assert_eq(put_rr(N("\4host\5local"), DNS_TYPE_A, R("\1\2\3\4")), 0);
	cr_assert_eq(put_rr(N("\4HOST\5local"), DNS_TYPE_A, R("\1\2\3\4")), 0);
	cr_assert_eq(dns_reader_init(&r, buf, dns_writer_finish(&w)), 0);
	cr_assert_eq(dns_reader_rr(&r, &rr), 1);
	cr_expect_eq(memcmp(rr.name, "\4host\5local", 12), 0);
	cr_assert_eq(dns_reader_rr(&r, &rr), 1);
	cr_expect_eq(memcmp(rr.name, "\4HOST\5local", 12), 0);
	cr_expect_eq(r.len, 12 + 12 + 14 + 7 + 14);
}

Test(writer, empty_txt_is_sent_as_one_zero_byte)
{
	dns_writer_init(&w, buf, sizeof(buf), 0, 0);
	cr_assert_eq(put_rr(N(""), DNS_TYPE_TXT, N(""), 0), 0);
	cr_expect_eq(w.len, 12 + 11 + 1);
	cr_expect_eq(memcmp(buf + w.len - 3, "\0\1\0", 3), 0);
}

Test(writer, sections_come_in_order)
{
	dns_writer_init(&w, buf, sizeof(buf), 0, 0);
	cr_assert_eq(dns_write_question(&w, N(HOST), DNS_TYPE_A, DNS_CLASS_IN | DNS_QU_BIT), 0);
	cr_assert_eq(dns_write_rr(&w, DNS_SECTION_AUTHORITY, N(HOST), DNS_TYPE_A, 1, 1,
			     R("\1\2\3\4"), 0),
		0);
	cr_expect_eq(dns_write_question(&w, N(HOST), DNS_TYPE_A, DNS_CLASS_IN), -EINVAL);
	cr_expect_eq(put_rr(N(HOST), DNS_TYPE_A, R("\1\2\3\4")), -EINVAL);
	cr_expect_eq(
		dns_write_rr(&w, DNS_SECTION_QUESTION, N(HOST), DNS_TYPE_A, 1, 1, R("\1\2\3\4"), 0),
		-EINVAL);
	cr_expect_eq(dns_write_rr(&w, DNS_SECTIONS, N(HOST), DNS_TYPE_A, 1, 1, R("\1\2\3\4"), 0),
		-EINVAL);
	cr_expect_eq(w.counts[0], 1);
	cr_expect_eq(w.counts[2], 1);
	cr_expect_not(dns_writer_empty(&w));
}

Test(writer, rdata_that_does_not_fit_its_type_changes_nothing)
{
	struct dns_writer before;

	dns_writer_init(&w, buf, sizeof(buf), 0, 0);
	before = w;
	cr_expect_eq(put_rr(N(HOST), DNS_TYPE_A, R("\1\2\3")), -EINVAL);
	cr_expect_eq(put_rr(N(HOST), DNS_TYPE_PTR, R("\xc0\x0c")), -EINVAL);
	cr_expect_eq(put_rr(N(HOST), DNS_TYPE_SRV, R("\0\0\0\0\0\0")), -EINVAL);
	cr_expect_eq(w.len, before.len);
	cr_expect_eq(w.nodes, before.nodes);
	cr_expect_eq(w.last_ttl_off, before.last_ttl_off);
	cr_expect_eq(memcmp(w.bucket, before.bucket, sizeof(w.bucket)), 0);
	cr_expect(dns_writer_empty(&w));
}

/*
 * Whatever the room, what did not fit left no trace: what is written after it is the same as if it
 * had never been tried. The answer's PTR shares suffixes with what failed.
 */
Test(writer, no_room_changes_nothing)
{
	static uint8_t other[DNS_MSG_MAX];
	static struct dns_writer clean;
	static const char small[] = "\1s\4_tcp\5local\0";

	for (size_t room = 0; room < 60; room++) {
		size_t cap = DNS_HEADER_LEN + 17 + 4 + room;
		int rc;

		dns_writer_init(&w, buf, cap, 0, 0);
		cr_assert_eq(dns_write_question(&w, N(IPP), DNS_TYPE_PTR, DNS_CLASS_IN), 0);
		clean = w;
		clean.buf = other;
		memcpy(other, buf, w.len);
		rc = put_rr(N("\3new" HOST), DNS_TYPE_PTR, R("\3abc" FRONT "\0"));
		if (rc == 0) {
			cr_expect_geq(room, 9 + 2 + 10 + 10 + 2);
			continue;
		}
		cr_assert_eq(rc, -ENOSPC);
		w.buf = clean.buf;
		cr_expect_eq(w.len, clean.len);
		cr_expect_eq(w.nodes, clean.nodes);
		cr_expect_eq(w.section, clean.section);
		cr_expect_eq(memcmp(w.counts, clean.counts, sizeof(w.counts)), 0);
		cr_expect_eq(memcmp(w.bucket, clean.bucket, sizeof(w.bucket)), 0);
		cr_expect_eq(memcmp(buf + DNS_HEADER_LEN, other + DNS_HEADER_LEN,
				     clean.len - DNS_HEADER_LEN),
			0);
		w.buf = buf;
		rc = put_rr(N(HOST), DNS_TYPE_PTR, R(small));
		cr_expect_eq(dns_write_rr(&clean, DNS_SECTION_ANSWER, N(HOST), DNS_TYPE_PTR,
				     DNS_CLASS_IN | DNS_CACHE_FLUSH_BIT, 120, R(small), 0),
			rc);
		cr_expect_eq(w.len, clean.len);
		cr_expect_eq(memcmp(buf + DNS_HEADER_LEN, other + DNS_HEADER_LEN,
				     clean.len - DNS_HEADER_LEN),
			0, "room %zu", room);
	}
}

/* SRV, TXT and A go together or not at all. */
Test(writer, undo_to_a_mark)
{
	struct dns_writer_mark mark;
	size_t len;

	dns_writer_init(&w, buf, sizeof(buf), 0, 0);
	cr_assert_eq(put_rr(N(IPP), DNS_TYPE_PTR, R(FRONT "\0")), 0);
	len = w.len;
	dns_writer_mark(&w, &mark);
	cr_assert_eq(put_rr(N(FRONT), DNS_TYPE_SRV, R("\0\0\0\0\2\x77" HOST "\0")), 0);
	cr_assert_eq(dns_write_rr(&w, DNS_SECTION_ADDITIONAL, N(HOST), DNS_TYPE_A, 1, 1,
			     R("\1\2\3\4"), 0),
		0);
	dns_writer_undo(&w, &mark);
	cr_expect_eq(w.len, len);
	cr_expect_eq(w.counts[1], 1);
	cr_expect_eq(w.counts[3], 0);
	cr_assert_eq(put_rr(N(HOST), DNS_TYPE_A, R("\1\2\3\4")), 0, "answers may go on");
	cr_expect_eq(w.len - len, 5 + 2 + 14, "host is no longer in the message, local is");
}

/* More names than the table holds: the message stays good, only longer. */
Test(writer, more_suffixes_than_nodes)
{
	struct dns_reader r;
	struct dns_rr rr;
	unsigned written = 0, read = 0;

	dns_writer_init(&w, buf, sizeof(buf), 0, 0);
	for (;;) {
		uint8_t name[DNS_NAME_MAX];
		char text[32];

		snprintf(text, sizeof(text), "%u.local", written);
		cr_assert_gt(dns_name_from_text(text, name), 0);
		if (put_rr(name, 9999, N(""), 0) < 0)
			break;
		written++;
	}
	cr_expect_eq(w.nodes, DNS_WRITER_NODES);
	cr_expect_gt(written, DNS_WRITER_NODES);
	cr_assert_eq(dns_reader_init(&r, buf, dns_writer_finish(&w)), 0);
	while (dns_reader_rr(&r, &rr) == 1) {
		char text[DNS_NAME_TEXT_MAX], want[32];

		dns_name_to_text(rr.name, text, sizeof(text));
		snprintf(want, sizeof(want), "%u.local", read++);
		cr_assert_str_eq(text, want);
	}
	cr_expect_eq(read, written);
}

Test(writer, never_beyond_the_room_or_9000_bytes)
{
	static uint8_t big[DNS_MSG_MAX + 1000];
	int rc;

	memset(big, 0xee, sizeof(big));
	dns_writer_init(&w, big, sizeof(big), 0, 0);
	do
		rc = put_rr(N(HOST), DNS_TYPE_A, R("\1\2\3\4"));
	while (rc == 0);
	cr_expect_eq(rc, -ENOSPC);
	cr_expect_leq(dns_writer_finish(&w), DNS_MSG_MAX);
	for (size_t i = DNS_MSG_MAX; i < sizeof(big); i++)
		cr_assert_eq(big[i], 0xee);
}

Test(writer, longest_names)
{
	struct dns_reader r;
	struct dns_rr rr;
	uint8_t name[DNS_NAME_MAX];
	int len = 0;

	for (size_t i = 0; i < 127; i++) {
		name[2 * i] = 1;
		name[2 * i + 1] = (uint8_t)i;
	}
	name[254] = 0;
	dns_writer_init(&w, buf, sizeof(buf), 0, 0);
	cr_assert_eq(put_rr(name, DNS_TYPE_PTR, name, sizeof(name)), 0);
	cr_assert_eq(put_rr(name + 100, DNS_TYPE_PTR, name + 200, 55), 0);
	cr_expect_eq(w.len, 12 + 255 + 10 + 2 + 2 + 10 + 2);
	cr_assert_eq(dns_reader_init(&r, buf, dns_writer_finish(&w)), 0);
	cr_assert_eq(dns_reader_rr(&r, &rr), 1);
	cr_expect_eq(memcmp(rr.name, name, sizeof(name)), 0);
	len = dns_rdata_expand(&r, &rr, name, sizeof(name));
	cr_expect_eq(len, 255);
	cr_assert_eq(dns_reader_rr(&r, &rr), 1);
	cr_expect_eq(rr.name_len, 155);
}
