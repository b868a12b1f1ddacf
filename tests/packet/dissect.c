/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/packet/dissect.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "dns/name.h"
#include "dns/rdata.h"
#include "dns/reader.h"
#include "tests/packet/dissect_host.h"
#include "tests/packet/frame.h"

#define MDNS_PORT 5353

void dissect_problem(struct dissected *d, const char *fmt, ...)
{
	va_list ap;

	if (d->problem[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(d->problem, sizeof(d->problem), fmt, ap);
	va_end(ap);
}

/* --- DNS ---------------------------------------------------------------------------------------
 */

static struct dissect_rr *add_rr(struct dissected *d)
{
	if (d->n_rr % 64 == 0) {
		d->rr = realloc(d->rr, (d->n_rr + 64) * sizeof(*d->rr));
		if (d->rr == NULL)
			abort();
	}
	memset(&d->rr[d->n_rr], 0, sizeof(*d->rr));
	return &d->rr[d->n_rr++];
}

static void keep_question(struct dissected *d, const struct dns_question *q)
{
	struct dissect_rr *r = add_rr(d);

	r->section = DNS_SECTION_QUESTION;
	r->flush = q->qu;
	r->rrtype = q->qtype;
	r->rrclass = q->qclass;
	memcpy(r->name, q->qname, q->qname_len);
}

static void keep_record(
	struct dissected *d, const struct dns_reader *reader, const struct dns_rr *rr)
{
	struct dissect_rr *r = add_rr(d);
	static uint8_t rdata[DNS_RDATA_MAX];
	int len = dns_rdata_expand(reader, rr, rdata, sizeof(rdata));

	r->section = rr->section;
	r->flush = rr->cache_flush;
	r->rrtype = rr->rrtype;
	r->rrclass = rr->rrclass;
	r->ttl = rr->ttl;
	r->wire_rdlen = rr->rdlen;
	memcpy(r->name, rr->name, rr->name_len);
	if (len < 0) {
		dissect_problem(d, "a record's rdata cannot be expanded");
		return;
	}
	r->rdata = malloc((size_t)len + 1);
	if (r->rdata == NULL)
		abort();
	memcpy(r->rdata, rdata, (size_t)len);
	r->rdlen = (uint16_t)len;
}

static void dissect_dns(struct dissected *d, const uint8_t *msg, size_t len)
{
	struct dns_reader reader;
	struct dns_question q;
	struct dns_rr rr;
	int rc;

	if (dns_reader_init(&reader, msg, len) < 0) {
		dissect_problem(d, "no DNS header in %zu bytes", len);
		return;
	}
	d->id = reader.id;
	d->flags = reader.flags;
	d->kind = d->flags & DNS_FLAG_QR ? DISSECT_RESPONSE : DISSECT_QUERY;
	while ((rc = dns_reader_question(&reader, &q)) > 0)
		keep_question(d, &q);
	while (rc == 0 && (rc = dns_reader_rr(&reader, &rr)) != 0) {
		if (rc == -EINVAL)
			dissect_problem(d, "a spoiled record of type %u", rr.rrtype);
		if (rc < 0)
			break;
		keep_record(d, &reader, &rr);
		rc = 0;
	}
	if (rc < 0)
		dissect_problem(d, "the DNS message cannot be read");
	else if (reader.pos != reader.len)
		dissect_problem(d, "%u bytes behind the DNS message", reader.len - reader.pos);
}

/* --- headers -----------------------------------------------------------------------------------
 */

static void dissect_udp(struct dissected *d, const uint8_t *p, size_t len)
{
	uint16_t sum;

	if (len < 8) {
		dissect_problem(d, "UDP header cut");
		return;
	}
	d->sport = dns_load16(p);
	d->dport = dns_load16(p + 2);
	if (dns_load16(p + 4) != len)
		dissect_problem(d, "UDP length %u of %zu bytes", dns_load16(p + 4), len);
	sum = frame_pseudo_sum(&d->src, &d->dst, 17, len);
	if (dns_load16(p + 6) == 0 || frame_sum16(sum, p, len) != 0xffff)
		dissect_problem(d, "wrong UDP checksum 0x%04x", dns_load16(p + 6));
	if (d->sport != MDNS_PORT)
		dissect_problem(d, "source port %u", d->sport);
	dissect_dns(d, p + 8, len - 8);
}

static void dissect_ip4(struct dissected *d, const uint8_t *p, size_t len)
{
	size_t head;

	if (len < 20 || p[0] >> 4 != 4 || (head = (p[0] & 0xf) * 4u) < 20 || head > len) {
		dissect_problem(d, "broken IPv4 header");
		return;
	}
	d->ip_len = dns_load16(p + 2);
	d->ttl = p[8];
	d->src = ip_from_bytes(4, p + 12);
	d->dst = ip_from_bytes(4, p + 16);
	if (d->ip_len != len)
		dissect_problem(d, "IPv4 length %zu of %zu bytes", d->ip_len, len);
	if (frame_sum16(0, p, head) != 0xffff)
		dissect_problem(d, "wrong IPv4 header checksum");
	if ((dns_load16(p + 6) & 0x3fff) != 0)
		dissect_problem(d, "a fragment");
	if (p[9] == 17)
		dissect_udp(d, p + head, len - head);
	else if (p[9] == 2)
		dissect_igmp(d, p + 20, head - 20, p + head, len - head);
	else
		dissect_problem(d, "IP protocol %u", p[9]);
}

static void dissect_ip6(struct dissected *d, const uint8_t *p, size_t len)
{
	uint8_t proto;
	size_t at = 40;
	bool router_alert = false;

	if (len < 40 || p[0] >> 4 != 6) {
		dissect_problem(d, "broken IPv6 header");
		return;
	}
	d->ip_len = 40u + dns_load16(p + 4);
	d->ttl = p[7];
	d->src = ip_from_bytes(6, p + 8);
	d->dst = ip_from_bytes(6, p + 24);
	if (d->ip_len != len)
		dissect_problem(d, "IPv6 length %zu of %zu bytes", d->ip_len, len);
	proto = p[6];
	if (proto == 0 && len >= at + 8) {
		/* The one extension header the gateway may send: router alert (RFC 2711), for MLD.
		 */
		router_alert = memcmp(p + at + 2, "\x05\x02\0\0", 4) == 0;
		proto = p[at];
		at += 8u * (p[at + 1] + 1u);
	}
	if (at > len)
		dissect_problem(d, "IPv6 extension header cut");
	else if (proto == 17)
		dissect_udp(d, p + at, len - at);
	else if (proto == 58)
		dissect_icmp6(d, router_alert, p + at, len - at);
	else
		dissect_problem(d, "IPv6 next header %u", proto);
}

void dissect(struct dissected *d, const uint8_t *frame, size_t len)
{
	uint16_t type;
	size_t at = 14;

	d->kind = DISSECT_OTHER;
	if (len < 14) {
		dissect_problem(d, "a frame of %zu bytes", len);
		return;
	}
	memcpy(d->dmac.b, frame, 6);
	memcpy(d->smac.b, frame + 6, 6);
	type = dns_load16(frame + 12);
	while ((type == 0x8100 || type == 0x88a8) && len >= at + 4) {
		if (type != 0x8100)
			dissect_problem(d, "a tag of type 0x%04x", type);
		d->tci = dns_load16(frame + at);
		d->n_tags++;
		type = dns_load16(frame + at + 2);
		at += 4;
	}
	switch (type) {
	case 0x0800:
		dissect_ip4(d, frame + at, len - at);
		break;
	case 0x86dd:
		dissect_ip6(d, frame + at, len - at);
		break;
	case 0x0806:
		dissect_arp(d, frame + at, len - at);
		break;
	default:
		dissect_problem(d, "EtherType 0x%04x", type);
		break;
	}
}

void dissect_free(struct dissected *d)
{
	for (size_t i = 0; i < d->n_rr; i++)
		free(d->rr[i].rdata);
	free(d->rr);
	d->rr = NULL;
	d->n_rr = 0;
}

/* --- text --------------------------------------------------------------------------------------
 */

const char *dissect_rr_text(const struct dissect_rr *r, char *buf, size_t size)
{
	char name[DNS_NAME_TEXT_MAX], type[16], rdata[2048];

	dns_name_to_text(r->name, name, sizeof(name));
	dns_type_to_text(r->rrtype, type, sizeof(type));
	if (r->section == DNS_SECTION_QUESTION) {
		snprintf(buf, size, "? %s %s%s", name, type, r->flush ? " QU" : "");
		return buf;
	}
	if (dns_rdata_to_text(r->rrtype, r->rdata, r->rdlen, rdata, sizeof(rdata)) < 0)
		snprintf(rdata, sizeof(rdata), "(%u bytes)", r->rdlen);
	snprintf(buf, size, "%s %" PRIu32 "%s %s %s", name, r->ttl, r->flush ? " flush" : "", type,
		rdata);
	return buf;
}

void dissect_print(const struct dissected *d, const char *link, uint64_t origin_us, FILE *out)
{
	static const char *const sections[] = {"question", "answer", "authority", "additional"};
	char src[IP_TEXT_SIZE], dst[IP_TEXT_SIZE], dmac[MAC_TEXT_SIZE], line[8192];
	int64_t at = (int64_t)d->at_us - (int64_t)origin_us;
	unsigned section = DNS_SECTION_ANSWER;

	fprintf(out, "  %+" PRId64 ".%03" PRId64 "ms on %s", at / 1000, (at < 0 ? -at : at) % 1000,
		link);
	if (d->kind == DISSECT_HOST)
		fprintf(out, ": %s", d->text);
	else
		fprintf(out, ": %s:%u > %s:%u (%s) %s id=%u flags=0x%04x %zu bytes",
			ip_format(&d->src, src), d->sport, ip_format(&d->dst, dst), d->dport,
			mac_format(&d->dmac, dmac), d->kind == DISSECT_QUERY ? "query" : "response",
			d->id, d->flags, d->ip_len);
	fprintf(out, "%s%s\n", d->problem[0] != '\0' ? " PROBLEM: " : "", d->problem);
	for (size_t i = 0; i < d->n_rr; i++) {
		if (d->rr[i].section != DNS_SECTION_QUESTION && d->rr[i].section != section) {
			section = d->rr[i].section;
			fprintf(out, "      %s:\n", sections[section]);
		}
		fprintf(out, "      %s\n", dissect_rr_text(&d->rr[i], line, sizeof(line)));
	}
}
