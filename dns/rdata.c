/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/rdata.h"

#include <errno.h>

#include "dns/edns.h"
#include "dns/name.h"

/*
 * "compress" marks exactly the list of RFC 6762 §18.14. Names of the other types (RFC 1035 §3.3,
 * RFC 2535, RFC 3403, RFC 4034) are expanded if they come compressed, as §18.14 asks for, but
 * never sent so.
 */
static const struct dns_rdata_layout layouts[] = {
	[DNS_TYPE_A] = {.fixed = 4},
	[DNS_TYPE_NS] = {.names = 1, .compress = true},
	[DNS_TYPE_MD] = {.names = 1},
	[DNS_TYPE_MF] = {.names = 1},
	[DNS_TYPE_CNAME] = {.names = 1, .compress = true},
	[DNS_TYPE_SOA] = {.names = 2, .behind = 20, .compress = true},
	[DNS_TYPE_MB] = {.names = 1},
	[DNS_TYPE_MG] = {.names = 1},
	[DNS_TYPE_MR] = {.names = 1},
	[DNS_TYPE_PTR] = {.names = 1, .compress = true},
	[DNS_TYPE_HINFO] = {.strings = 2},
	[DNS_TYPE_MINFO] = {.names = 2},
	[DNS_TYPE_MX] = {.fixed = 2, .names = 1, .compress = true},
	[DNS_TYPE_TXT] = {.tail = DNS_TAIL_STRINGS},
	[DNS_TYPE_RP] = {.names = 2, .compress = true},
	[DNS_TYPE_AFSDB] = {.fixed = 2, .names = 1, .compress = true},
	[DNS_TYPE_RT] = {.fixed = 2, .names = 1, .compress = true},
	[DNS_TYPE_SIG] = {.fixed = 18, .names = 1, .tail = DNS_TAIL_OPAQUE},
	[DNS_TYPE_PX] = {.fixed = 2, .names = 2, .compress = true},
	[DNS_TYPE_AAAA] = {.fixed = 16},
	[DNS_TYPE_NXT] = {.names = 1, .tail = DNS_TAIL_OPAQUE},
	[DNS_TYPE_SRV] = {.fixed = 6, .names = 1, .compress = true},
	[DNS_TYPE_NAPTR] = {.fixed = 4, .strings = 3, .names = 1},
	[DNS_TYPE_KX] = {.fixed = 2, .names = 1, .compress = true},
	[DNS_TYPE_DNAME] = {.names = 1, .compress = true},
	[DNS_TYPE_OPT] = {.tail = DNS_TAIL_OPTIONS},
	[DNS_TYPE_RRSIG] = {.fixed = 18, .names = 1, .tail = DNS_TAIL_OPAQUE},
	[DNS_TYPE_NSEC] = {.names = 1, .tail = DNS_TAIL_BITMAP, .compress = true},
};

static const struct dns_rdata_layout opaque = {.tail = DNS_TAIL_OPAQUE};

const struct dns_rdata_layout *dns_rdata_layout(uint16_t rrtype)
{
	const struct dns_rdata_layout *l;

	if (rrtype >= sizeof(layouts) / sizeof(layouts[0]))
		return &opaque;
	l = &layouts[rrtype];
	/* a row left out above is all zero */
	return l->fixed | l->strings | l->names | l->tail ? l : &opaque;
}

int dns_rdata_front(const struct dns_rdata_layout *l, const uint8_t *rdata, size_t rdlen)
{
	size_t n = l->fixed;

	for (unsigned i = 0; i < l->strings; i++) {
		if (n >= rdlen)
			return -EINVAL;
		n += 1u + rdata[n];
	}
	return n <= rdlen ? (int)n : -EINVAL;
}

static bool strings_ok(const uint8_t *p, size_t len)
{
	size_t n = 0;

	while (n < len)
		n += 1u + p[n];
	return n == len && len > 0;
}

static bool options_ok(const uint8_t *p, size_t len)
{
	struct dns_opt opt;
	size_t pos = 0;
	int rc;

	do
		rc = dns_opt_next(p, len, &pos, &opt);
	while (rc > 0);
	return rc == 0;
}

bool dns_rdata_rest_ok(const struct dns_rdata_layout *l, const uint8_t *rest, size_t len)
{
	if (len < l->behind)
		return false;
	rest += l->behind;
	len -= l->behind;
	switch ((enum dns_rdata_tail)l->tail) {
	case DNS_TAIL_NONE:
		return len == 0;
	case DNS_TAIL_OPAQUE:
		return true;
	case DNS_TAIL_STRINGS:
		return strings_ok(rest, len);
	case DNS_TAIL_BITMAP:
		return dns_nsec_bitmap_ok(rest, len);
	case DNS_TAIL_OPTIONS:
		return options_ok(rest, len);
	}
	return false;
}

bool dns_rdata_check(uint16_t rrtype, const uint8_t *rdata, size_t rdlen)
{
	const struct dns_rdata_layout *l = dns_rdata_layout(rrtype);
	int n = dns_rdata_front(l, rdata, rdlen);

	for (unsigned i = 0; n >= 0; i++) {
		rdata += n;
		rdlen -= (size_t)n;
		if (i == l->names)
			return dns_rdata_rest_ok(l, rdata, rdlen);
		n = dns_name_check(rdata, rdlen);
	}
	return false;
}

/*
 * Checked rdata is three parts: bytes, names in a row, bytes. The names can be folded and compared
 * as one run, since a length byte is never a letter.
 */
struct parts {
	size_t front;
	size_t names;
};

static struct parts split(uint16_t rrtype, const uint8_t *rdata, size_t rdlen)
{
	const struct dns_rdata_layout *l = dns_rdata_layout(rrtype);
	struct parts p = {.front = rdlen};

	if (l->names == 0)
		return p;
	p.front = (size_t)dns_rdata_front(l, rdata, rdlen);
	for (unsigned i = 0; i < l->names; i++)
		p.names += dns_name_len(rdata + p.front + p.names);
	return p;
}

int dns_rdata_compare(uint16_t rrtype, const uint8_t *a, size_t alen, const uint8_t *b, size_t blen)
{
	size_t common = alen < blen ? alen : blen;
	int order = common > 0 ? memcmp(a, b, common) : 0;

	(void)rrtype;
	return order != 0 ? order : (alen > blen) - (alen < blen);
}

bool dns_rdata_equal(uint16_t rrtype, const uint8_t *a, size_t alen, const uint8_t *b, size_t blen)
{
	struct parts p;
	size_t rest;

	if (alen != blen)
		return false;
	if (alen == 0 || memcmp(a, b, alen) == 0)
		return true;
	p = split(rrtype, a, alen);
	rest = p.front + p.names;
	return memcmp(a, b, p.front) == 0 &&
	       dns_name_equal_len(a + p.front, b + p.front, p.names) &&
	       memcmp(a + rest, b + rest, alen - rest) == 0;
}

size_t dns_rdata_canon(uint16_t rrtype, uint8_t *dst, const uint8_t *rdata, size_t rdlen)
{
	struct parts p = split(rrtype, rdata, rdlen);
	size_t rest = p.front + p.names;

	memmove(dst, rdata, p.front);
	dns_name_canon(dst + p.front, rdata + p.front, p.names);
	memmove(dst + rest, rdata + rest, rdlen - rest);
	return rdlen;
}

const uint8_t *dns_rdata_name(uint16_t rrtype, const uint8_t *rdata)
{
	const struct dns_rdata_layout *l = dns_rdata_layout(rrtype);

	return l->names > 0 ? rdata + dns_rdata_front(l, rdata, SIZE_MAX) : NULL;
}
