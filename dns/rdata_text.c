/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/rdata.h"

#include <arpa/inet.h>

#include "dns/name.h"
#include "dns/text.h"

static void space(struct dns_text *t)
{
	if (t->len > 0)
		dns_text_char(t, ' ');
}

/* RFC 3597 §5: \# length hex. */
static void put_opaque(struct dns_text *t, const uint8_t *p, size_t len)
{
	static const char hex[] = "0123456789abcdef";

	dns_text_str(t, "\\# ");
	dns_text_uint(t, (uint32_t)len);
	if (len > 0)
		space(t);
	for (size_t i = 0; i < len; i++) {
		dns_text_char(t, hex[p[i] >> 4]);
		dns_text_char(t, hex[p[i] & 0xf]);
	}
}

static void put_address(struct dns_text *t, int family, const uint8_t *addr)
{
	char text[INET6_ADDRSTRLEN];

	dns_text_str(t, inet_ntop(family, addr, text, sizeof(text)));
}

static const uint8_t *put_string(struct dns_text *t, const uint8_t *p)
{
	space(t);
	dns_text_char(t, '"');
	dns_text_escaped(t, p + 1, *p, "\"\\");
	dns_text_char(t, '"');
	return p + 1 + *p;
}

static void put_types(struct dns_text *t, const uint8_t *rdata, size_t rdlen)
{
	struct dns_type_set set;

	if (dns_nsec_types(rdata, rdlen, &set) < 0)
		return;
	for (uint16_t i = 0; i <= 255; i++) {
		if (!dns_type_set_has(&set, i))
			continue;
		space(t);
		dns_text_type(t, i);
	}
}

/* Types whose fixed bytes are numbers of 16 bits, and those behind the names of 32. */
static void put_fields(
	struct dns_text *t, const struct dns_rdata_layout *l, const uint8_t *rdata, size_t rdlen)
{
	const uint8_t *p = rdata, *end = rdata + rdlen;

	for (; p < rdata + l->fixed; p += 2) {
		space(t);
		dns_text_uint(t, dns_load16(p));
	}
	for (unsigned i = 0; i < l->strings; i++)
		p = put_string(t, p);
	for (unsigned i = 0; i < l->names; i++) {
		space(t);
		dns_text_name(t, p);
		p += dns_name_len(p);
	}
	for (unsigned i = 0; i < l->behind; i += 4, p += 4) {
		space(t);
		dns_text_uint(t, dns_load32(p));
	}
	if (l->tail == DNS_TAIL_STRINGS)
		while (p < end)
			p = put_string(t, p);
	if (l->tail == DNS_TAIL_BITMAP)
		put_types(t, rdata, rdlen);
}

int dns_rdata_to_text(uint16_t rrtype, const uint8_t *rdata, size_t rdlen, char *buf, size_t cap)
{
	const struct dns_rdata_layout *l = dns_rdata_layout(rrtype);
	struct dns_text t = {.buf = buf, .cap = cap};

	if (l->tail == DNS_TAIL_OPAQUE || l->tail == DNS_TAIL_OPTIONS ||
		!dns_rdata_check(rrtype, rdata, rdlen))
		put_opaque(&t, rdata, rdlen);
	else if (rrtype == DNS_TYPE_A)
		put_address(&t, AF_INET, rdata);
	else if (rrtype == DNS_TYPE_AAAA)
		put_address(&t, AF_INET6, rdata);
	else
		put_fields(&t, l, rdata, rdlen);
	return dns_text_end(&t);
}
