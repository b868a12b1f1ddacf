/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "dns/edns.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "dns/reader.h"
#include "dns/service.h"
#include "dns/writer.h"

/*
 * Reads a message whole, takes everything in it apart, writes what was good anew, and reads that
 * again beside the first: it must be the same, entry by entry and byte by byte.
 */

static uint8_t rewritten[DNS_MSG_MAX];
static struct dns_writer writer;

static void check_name(const uint8_t *name, size_t len)
{
	struct dns_service_name s;
	uint8_t canon[DNS_NAME_MAX], addr[16];
	int addr_len;

	FUZZ_CHECK(dns_name_check(name, len) == (int)len);
	FUZZ_CHECK(dns_name_len(name) == len);
	dns_name_canon(canon, name, len);
	FUZZ_CHECK(dns_name_equal(canon, name) && dns_name_is_under(name, canon));
	dns_service_parse(name, &s);
	FUZZ_CHECK(s.domain_off < len);
	FUZZ_CHECK(dns_name_is_under(name, name + s.domain_off));
	FUZZ_CHECK(s.type_len == 0 || s.type_off + s.type_len == s.domain_off);
	addr_len = dns_reverse_addr(name, addr);
	if (addr_len > 0) {
		FUZZ_CHECK(dns_reverse_name(addr, (size_t)addr_len, canon) == (int)len);
		FUZZ_CHECK(dns_name_equal(canon, name));
	}
}

static void check_options(const uint8_t *rdata, size_t len)
{
	struct dns_opt opt;
	struct dns_opt_owner owner;
	struct dns_opt_tsr tsr;
	size_t pos = 0;
	int rc;

	while ((rc = dns_opt_next(rdata, len, &pos, &opt)) > 0) {
		FUZZ_CHECK(opt.data + opt.len == rdata + pos);
		dns_opt_owner(&opt, &owner);
		dns_opt_tsr(&opt, &tsr);
	}
	FUZZ_CHECK(rc == 0);
}

static void check_rdata(uint16_t rrtype, const uint8_t *rdata, size_t len)
{
	static uint8_t canon[DNS_RDATA_MAX];
	static char text[5 * DNS_RDATA_MAX];
	struct dns_type_set set;

	FUZZ_CHECK(dns_rdata_check(rrtype, rdata, len));
	FUZZ_CHECK(dns_rdata_canon(rrtype, canon, rdata, len) == len);
	FUZZ_CHECK(dns_rdata_equal(rrtype, canon, len, rdata, len));
	FUZZ_CHECK(dns_rdata_compare(rrtype, rdata, len, rdata, len) == 0);
	FUZZ_CHECK(dns_rdata_to_text(rrtype, rdata, len, text, sizeof(text)) > 0);
	if (rrtype == DNS_TYPE_NSEC)
		FUZZ_CHECK(dns_nsec_types(rdata, len, &set) == 0);
	if (rrtype == DNS_TYPE_OPT)
		check_options(rdata, len);
	if (dns_rdata_name(rrtype, rdata))
		check_name(
			dns_rdata_name(rrtype, rdata), dns_name_len(dns_rdata_name(rrtype, rdata)));
}

/* Expands the rdata of rr into out; its length. */
static size_t expand(const struct dns_reader *r, const struct dns_rr *rr, uint8_t *out)
{
	int len = dns_rdata_expand(r, rr, out, DNS_RDATA_MAX);

	FUZZ_CHECK(len >= 0);
	if (len > 0)
		FUZZ_CHECK(dns_rdata_expand(r, rr, out, (size_t)len - 1) == -ENOSPC);
	FUZZ_CHECK(dns_rdata_expand(r, rr, out, (size_t)len) == len);
	return (size_t)len;
}

/* The next record that is not spoiled: 1, 0 or -EBADMSG. */
static int next_good(struct dns_reader *r, struct dns_rr *rr)
{
	int rc;

	do
		rc = dns_reader_rr(r, rr);
	while (rc == -EINVAL);
	return rc;
}

static uint16_t class_bits(const struct dns_rr *rr)
{
	return rr->rrclass | (rr->cache_flush ? DNS_CACHE_FLUSH_BIT : 0);
}

/* Writes what is good in the message to the writer, until it is full. */
static void rewrite(struct dns_reader r)
{
	static uint8_t rdata[DNS_RDATA_MAX];
	struct dns_question q;
	struct dns_rr rr;

	while (dns_reader_question(&r, &q) == 1) {
		check_name(q.qname, q.qname_len);
		if (dns_write_question(
			    &writer, q.qname, q.qtype, q.qclass | (q.qu ? DNS_QU_BIT : 0)) < 0)
			return;
	}
	while (next_good(&r, &rr) == 1) {
		size_t len = expand(&r, &rr, rdata);
		int rc;

		check_name(rr.name, rr.name_len);
		check_rdata(rr.rrtype, rdata, len);
		rc = dns_write_rr(&writer, rr.section, rr.name, rr.rrtype, class_bits(&rr), rr.ttl,
			rdata, len, r.id & 1 ? DNS_W_NO_SRV_COMPRESS : 0);
		FUZZ_CHECK(rc == 0 || rc == -ENOSPC);
		if (rc < 0)
			return;
		FUZZ_CHECK(dns_load32(rewritten + writer.last_ttl_off) == rr.ttl);
	}
}

static void compare_questions(struct dns_reader *was, struct dns_reader *is)
{
	struct dns_question a, b;
	int rc;

	while ((rc = dns_reader_question(is, &b)) == 1) {
		FUZZ_CHECK(dns_reader_question(was, &a) == 1);
		FUZZ_CHECK(a.qname_len == b.qname_len);
		FUZZ_CHECK(memcmp(a.qname, b.qname, a.qname_len) == 0);
		FUZZ_CHECK(a.qtype == b.qtype && a.qclass == b.qclass && a.qu == b.qu);
	}
	FUZZ_CHECK(rc == 0);
}

static void compare_records(struct dns_reader *was, struct dns_reader *is)
{
	static uint8_t a_rdata[DNS_RDATA_MAX], b_rdata[DNS_RDATA_MAX];
	struct dns_rr a, b;
	int rc;

	while ((rc = dns_reader_rr(is, &b)) == 1) {
		size_t len;

		FUZZ_CHECK(next_good(was, &a) == 1);
		FUZZ_CHECK(a.section == b.section && a.name_len == b.name_len);
		FUZZ_CHECK(memcmp(a.name, b.name, a.name_len) == 0);
		FUZZ_CHECK(a.rrtype == b.rrtype && class_bits(&a) == class_bits(&b));
		FUZZ_CHECK(a.ttl == b.ttl);
		len = expand(was, &a, a_rdata);
		FUZZ_CHECK(expand(is, &b, b_rdata) == len);
		FUZZ_CHECK(memcmp(a_rdata, b_rdata, len) == 0);
	}
	FUZZ_CHECK(rc == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_reader was, is;
	size_t len;

	if (dns_reader_init(&was, data, size) < 0) {
		FUZZ_CHECK(size < DNS_HEADER_LEN || size > DNS_MSG_MAX);
		return 0;
	}
	dns_writer_init(&writer, rewritten, sizeof(rewritten), was.id, was.flags);
	rewrite(was);
	len = dns_writer_finish(&writer);
	FUZZ_CHECK(dns_reader_init(&is, rewritten, len) == 0);
	FUZZ_CHECK(is.id == was.id && is.flags == was.flags);
	compare_questions(&was, &is);
	compare_records(&was, &is);
	FUZZ_CHECK(is.pos == len);
	return 0;
}
