/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/reader.h"

#include <errno.h>

#include "dns/rdata.h"

/* The two top bits of a length byte (RFC 1035 §4.1.4); 01 and 10 are reserved. */
#define LABEL_TYPE_MASK 0xc0
#define LABEL_POINTER 0xc0
#define POINTER_MASK 0x3fff
/* Most labels are shorter than this, and a copy of fixed size needs no call. */
#define SHORT_COPY 16
/* Type, class, TTL and rdata length behind a record's name; type and class behind a question's. */
#define RR_FIXED 10
#define QUESTION_FIXED 4

int dns_reader_init(struct dns_reader *r, const uint8_t *msg, size_t len)
{
	if (len < DNS_HEADER_LEN || len > DNS_MSG_MAX)
		return -EBADMSG;
	r->msg = msg;
	r->len = (uint16_t)len;
	r->pos = DNS_HEADER_LEN;
	r->id = dns_load16(msg);
	r->flags = dns_load16(msg + 2);
	for (unsigned i = 0; i < DNS_SECTIONS; i++)
		r->counts[i] = dns_load16(msg + 4 + 2 * i);
	r->section = DNS_SECTION_QUESTION;
	r->left = r->counts[DNS_SECTION_QUESTION];
	return 0;
}

/*
 * Every jump lands before all that was read so far, so a chain ends; the bound on jumps keeps a
 * message full of chained pointers from costing the square of its length.
 */
int dns_reader_name(
	const uint8_t *msg, size_t len, size_t pos, uint8_t out[DNS_NAME_MAX + 1], size_t *next)
{
	size_t n = 0, before = pos, behind = 0;
	unsigned jumps = 0;

	while (pos < len) {
		uint8_t c = msg[pos];

		if (c <= DNS_LABEL_MAX) {
			size_t label = 1u + c;

			if (label > len - pos || n + label > DNS_NAME_MAX)
				return -EBADMSG;
			if (label <= SHORT_COPY && pos + SHORT_COPY <= len &&
				n + SHORT_COPY <= DNS_NAME_MAX + 1)
				memcpy(out + n, msg + pos, SHORT_COPY);
			else
				memcpy(out + n, msg + pos, label);
			n += label;
			pos += label;
			if (c > 0)
				continue;
			*next = behind > 0 ? behind : pos;
			return (int)n;
		}
		if ((c & LABEL_TYPE_MASK) != LABEL_POINTER || len - pos < 2)
			return -EBADMSG;
		if (jumps++ == DNS_LABELS_MAX)
			return -EBADMSG;
		if (behind == 0)
			behind = pos + 2;
		pos = dns_load16(msg + pos) & POINTER_MASK;
		if (pos < DNS_HEADER_LEN || pos >= before)
			return -EBADMSG;
		before = pos;
	}
	return -EBADMSG;
}

/* Offset behind the name at pos without following its pointer; 0 if that cannot be told. */
static size_t name_end(const uint8_t *msg, size_t len, size_t pos)
{
	while (pos < len) {
		uint8_t c = msg[pos];

		if (c == 0)
			return pos + 1;
		if ((c & LABEL_TYPE_MASK) == LABEL_POINTER)
			return len - pos >= 2 ? pos + 2 : 0;
		if (c > DNS_LABEL_MAX)
			return 0;
		pos += 1u + c;
	}
	return 0;
}

/* Nothing more can be read: with entries left and no bytes, every later read fails as well. */
static int lost(struct dns_reader *r)
{
	r->pos = r->len;
	return -EBADMSG;
}

int dns_reader_question(struct dns_reader *r, struct dns_question *q)
{
	size_t pos;
	uint16_t qclass;
	int name_len;

	if (r->section != DNS_SECTION_QUESTION || r->left == 0)
		return 0;
	name_len = dns_reader_name(r->msg, r->len, r->pos, q->qname, &pos);
	if (name_len < 0 || r->len - pos < QUESTION_FIXED)
		return lost(r);
	q->qname_len = (uint8_t)name_len;
	q->qtype = dns_load16(r->msg + pos);
	qclass = dns_load16(r->msg + pos + 2);
	q->qclass = qclass & DNS_CLASS_MASK;
	q->qu = (qclass & DNS_QU_BIT) != 0;
	r->pos = (uint16_t)(pos + QUESTION_FIXED);
	r->left--;
	return 1;
}

static int skip_questions(struct dns_reader *r)
{
	while (r->section == DNS_SECTION_QUESTION && r->left > 0) {
		size_t pos = name_end(r->msg, r->len, r->pos);

		if (pos == 0 || r->len - pos < QUESTION_FIXED)
			return lost(r);
		r->pos = (uint16_t)(pos + QUESTION_FIXED);
		r->left--;
	}
	return 0;
}

/*
 * Is the rdata of rr of its type's form? Names in it may not reach beyond it, and what they point
 * to lies before it.
 */
static bool rdata_ok(const struct dns_reader *r, const struct dns_rr *rr)
{
	const struct dns_rdata_layout *l = dns_rdata_layout(rr->rrtype);
	size_t pos = rr->rdata_off, end = pos + rr->rdlen;
	int front = dns_rdata_front(l, r->msg + pos, rr->rdlen);
	uint8_t name[DNS_NAME_MAX + 1];

	if (rr->rdlen == 0 && rr->rrtype == DNS_TYPE_TXT)
		return true;
	if (front < 0)
		return false;
	pos += (size_t)front;
	for (unsigned i = 0; i < l->names; i++)
		if (dns_reader_name(r->msg, end, pos, name, &pos) < 0)
			return false;
	return dns_rdata_rest_ok(l, r->msg + pos, end - pos);
}

/* Splits class and TTL as RFC 6762 §10.2 and RFC 6891 §6.1.3 read them. */
static void read_class_and_ttl(struct dns_rr *rr, uint16_t rrclass, uint32_t ttl)
{
	bool opt = rr->rrtype == DNS_TYPE_OPT;

	rr->cache_flush = !opt && (rrclass & DNS_CACHE_FLUSH_BIT) != 0;
	rr->rrclass = opt ? rrclass : rrclass & DNS_CLASS_MASK;
	/* RFC 2181 §8: the top bit set means zero */
	rr->ttl = opt || ttl <= INT32_MAX ? ttl : 0;
}

int dns_reader_rr(struct dns_reader *r, struct dns_rr *rr)
{
	const uint8_t *fixed;
	size_t pos;
	int name_len;

	if (skip_questions(r) < 0)
		return -EBADMSG;
	while (r->left == 0) {
		if (r->section == DNS_SECTION_ADDITIONAL)
			return 0;
		r->left = r->counts[++r->section];
	}
	rr->section = r->section;
	name_len = dns_reader_name(r->msg, r->len, r->pos, rr->name, &pos);
	if (name_len < 0)
		pos = name_end(r->msg, r->len, r->pos);
	if (pos == 0 || r->len - pos < RR_FIXED)
		return lost(r);
	fixed = r->msg + pos;
	rr->name_len = (uint8_t)(name_len > 0 ? name_len : 0);
	rr->rrtype = dns_load16(fixed);
	read_class_and_ttl(rr, dns_load16(fixed + 2), dns_load32(fixed + 4));
	rr->rdlen = dns_load16(fixed + 8);
	pos += RR_FIXED;
	if (r->len - pos < rr->rdlen)
		return lost(r);
	rr->rdata_off = (uint16_t)pos;
	r->pos = (uint16_t)(pos + rr->rdlen);
	r->left--;

	if (name_len < 0 || !rdata_ok(r, rr))
		return -EINVAL;
	/* RFC 6891 §6.1.1, §6.1.2: an OPT has its place and the root's name */
	if (rr->rrtype == DNS_TYPE_OPT &&
		(rr->section != DNS_SECTION_ADDITIONAL || rr->name_len != 1))
		return -EINVAL;
	return 1;
}

static int put(uint8_t *out, size_t cap, size_t *n, const uint8_t *bytes, size_t len)
{
	if (len > cap - *n)
		return -ENOSPC;
	memcpy(out + *n, bytes, len);
	*n += len;
	return 0;
}

int dns_rdata_expand(const struct dns_reader *r, const struct dns_rr *rr, uint8_t *out, size_t cap)
{
	const struct dns_rdata_layout *l = dns_rdata_layout(rr->rrtype);
	size_t pos = rr->rdata_off, end = pos + rr->rdlen, n = 0;
	uint8_t name[DNS_NAME_MAX + 1] = {0};
	int rc, front = 0;

	if (rr->rdlen == 0 && rr->rrtype == DNS_TYPE_TXT) {
		rc = put(out, cap, &n, name, 1);
		return rc < 0 ? rc : (int)n;
	}
	if (l->names > 0)
		front = dns_rdata_front(l, r->msg + pos, rr->rdlen);
	if (front < 0)
		return -EBADMSG;
	rc = put(out, cap, &n, r->msg + pos, (size_t)front);
	pos += (size_t)front;
	for (unsigned i = 0; i < l->names && rc == 0; i++) {
		rc = dns_reader_name(r->msg, end, pos, name, &pos);
		if (rc > 0)
			rc = put(out, cap, &n, name, (size_t)rc);
	}
	if (rc == 0)
		rc = put(out, cap, &n, r->msg + pos, end - pos);
	return rc < 0 ? rc : (int)n;
}
