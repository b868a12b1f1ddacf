/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "build.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "dns/reader.h"
#include "dns/writer.h"

/*
 * Every type with names in its rdata, through messages laid out differently: nothing in front, the
 * names' suffixes in front at odd places, names uncompressed, names compressed by the writer. A
 * pointer that survived from one layout to the next would show (a reflected NSEC once did).
 */

#define OWNER "\5Front\4_ipp\4_tcp\5local"
#define HOST "\4host\5local"
#define ROW(t, literal)                                                                            \
	{                                                                                          \
		t, N(literal), sizeof(literal) - 1                                                 \
	}

static const struct {
	uint16_t rrtype;
	const uint8_t *rdata;
	size_t len;
} rows[] = {
	ROW(DNS_TYPE_NS, HOST "\0"),
	ROW(DNS_TYPE_CNAME, "\5other\5local\0"),
	ROW(DNS_TYPE_PTR, "\5Front\4_ipp\4_tcp\5local\0"),
	ROW(DNS_TYPE_DNAME, "\3sub\5local\0"),
	ROW(DNS_TYPE_SOA, HOST "\0\5admin\4host\5local\0"
			       "\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5"),
	ROW(DNS_TYPE_MX, "\0\x0a\4mail\5local\0"),
	ROW(DNS_TYPE_AFSDB, "\0\1\3afs\5local\0"),
	ROW(DNS_TYPE_RT, "\0\2" HOST "\0"),
	ROW(DNS_TYPE_KX, "\0\3" HOST "\0"),
	ROW(DNS_TYPE_RP, "\5admin\5local\0\4text\5local\0"),
	ROW(DNS_TYPE_PX, "\0\1\4mapd\4_tcp\5local\0\4x400\4mapd\4_tcp\5local\0"),
	ROW(DNS_TYPE_SRV, "\0\1\0\2\2\x77" HOST "\0"),
	ROW(DNS_TYPE_NSEC, OWNER "\0\0\5\0\0\x80\0\x40"),
	/* names that must stay as they are, and rdata that only looks like a pointer */
	ROW(DNS_TYPE_NAPTR, "\0\1\0\2\1s\3SIP\0" HOST "\0"),
	ROW(DNS_TYPE_MINFO, HOST "\0" HOST "\0"),
	ROW(DNS_TYPE_RRSIG, "123456789012345678\5local\0signature"),
	ROW(DNS_TYPE_TXT, "\5a=b\xc0\x0c\0"),
	ROW(DNS_TYPE_A, "\xc0\x0c\xc0\x0c"),
	ROW(65280, "\xc0\x0c\4host\xc0\x0c"),
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* What stands in front of the record in each layout. */
static const uint8_t *const prefixes[] = {
	NULL, N("\5local"), N(OWNER), N("\1x\4host\5local"), N("\4text\5LOCAL"), N("")};

#define PREFIXES (sizeof(prefixes) / sizeof(prefixes[0]))

static uint8_t first[DNS_MSG_MAX], second[DNS_MSG_MAX];
static struct dns_writer w;

/* Writes row i behind prefix p and returns the message's length. */
static size_t write_row(uint8_t *buf, size_t p, const uint8_t *name, uint16_t rrtype,
	const uint8_t *rdata, size_t len)
{
	dns_writer_init(&w, buf, DNS_MSG_MAX, 0, DNS_FLAG_QR | DNS_FLAG_AA);
	if (prefixes[p])
		cr_assert_eq(dns_write_question(&w, prefixes[p], DNS_TYPE_ANY, DNS_CLASS_IN), 0);
	cr_assert_eq(dns_write_rr(&w, DNS_SECTION_ANSWER, name, rrtype, DNS_CLASS_IN, 120, rdata,
			     len, 0),
		0);
	return dns_writer_finish(&w);
}

/* Reads the only record of a message and expands its rdata; its length. */
static size_t read_back(
	const uint8_t *msg, size_t msg_len, struct dns_rr *rr, uint8_t *out, size_t cap)
{
	struct dns_reader r;
	int len;

	cr_assert_eq(dns_reader_init(&r, msg, msg_len), 0);
	cr_assert_eq(dns_reader_rr(&r, rr), 1);
	len = dns_rdata_expand(&r, rr, out, cap);
	cr_assert_geq(len, 0);
	cr_assert_eq(dns_reader_rr(&r, rr), 0);
	return (size_t)len;
}

Test(round_trip, every_type_through_every_pair_of_layouts)
{
	for (size_t i = 0; i < ROWS; i++)
		for (size_t p = 0; p < PREFIXES; p++)
			for (size_t s = 0; s < PREFIXES; s++) {
				uint8_t rdata[512], again[512];
				struct dns_rr rr;
				size_t len, msg_len;

				msg_len = write_row(first, p, N(OWNER), rows[i].rrtype,
					rows[i].rdata, rows[i].len);
				len = read_back(first, msg_len, &rr, rdata, sizeof(rdata));
				cr_assert_eq(len, rows[i].len, "type %u", rows[i].rrtype);
				cr_assert_eq(memcmp(rdata, rows[i].rdata, len), 0, "type %u",
					rows[i].rrtype);
				msg_len = write_row(second, s, rr.name, rr.rrtype, rdata, len);
				len = read_back(second, msg_len, &rr, again, sizeof(again));
				cr_assert_eq(len, rows[i].len);
				cr_assert_eq(memcmp(again, rows[i].rdata, len), 0, "type %u",
					rows[i].rrtype);
				cr_assert_eq(memcmp(rr.name, OWNER, sizeof(OWNER)), 0);
			}
}

/* The same rdata, its names uncompressed on the wire. */
Test(round_trip, uncompressed_names_are_read_as_well)
{
	for (size_t i = 0; i < ROWS; i++) {
		struct build b;
		struct dns_rr rr;
		uint8_t rdata[512];
		size_t len;

		put_header(&b, 0, 1, 0, 0);
		put_name(&b, OWNER);
		put_fixed(&b, rows[i].rrtype, (uint16_t)rows[i].len);
		put_bytes(&b, rows[i].rdata, rows[i].len);
		len = read_back(b.msg, b.len, &rr, rdata, sizeof(rdata));
		cr_assert_eq(len, rows[i].len, "type %u", rows[i].rrtype);
		cr_expect_eq(memcmp(rdata, rows[i].rdata, len), 0, "type %u", rows[i].rrtype);
	}
}

/* Behind its own owner, what is compressible is shorter and what is not is as long as it was. */
Test(round_trip, only_the_listed_types_shrink)
{
	for (size_t i = 0; i < ROWS; i++) {
		size_t plain = 12 + sizeof(OWNER) + 10 + rows[i].len;
		size_t len =
			write_row(first, 0, N(OWNER), rows[i].rrtype, rows[i].rdata, rows[i].len);

		if (dns_rdata_layout(rows[i].rrtype)->compress)
			cr_expect_lt(len, plain, "type %u", rows[i].rrtype);
		else
			cr_expect_eq(len, plain, "type %u", rows[i].rrtype);
	}
}

/* All rows in one message, then cut from it and written in reverse order. */
Test(round_trip, many_records_in_one_message)
{
	struct dns_reader r;
	struct dns_rr rr;
	size_t len;

	dns_writer_init(&w, first, sizeof(first), 0, 0);
	for (size_t i = 0; i < ROWS; i++)
		cr_assert_eq(
			dns_write_rr(&w, DNS_SECTION_ANSWER, i % 2 ? N(HOST) : N(OWNER),
				rows[i].rrtype, DNS_CLASS_IN, 120, rows[i].rdata, rows[i].len, 0),
			0);
	len = dns_writer_finish(&w);
	cr_assert_eq(dns_reader_init(&r, first, len), 0);
	for (size_t i = 0; i < ROWS; i++) {
		uint8_t rdata[512];

		cr_assert_eq(dns_reader_rr(&r, &rr), 1, "type %u", rows[i].rrtype);
		cr_expect_eq(rr.rrtype, rows[i].rrtype);
		cr_expect(dns_name_equal(rr.name, i % 2 ? N(HOST) : N(OWNER)));
		cr_expect_eq(dns_rdata_expand(&r, &rr, rdata, sizeof(rdata)), (int)rows[i].len);
		cr_expect_eq(memcmp(rdata, rows[i].rdata, rows[i].len), 0);
	}
	cr_expect_eq(dns_reader_rr(&r, &rr), 0);
}
