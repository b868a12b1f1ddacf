/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/packet/gather.h"

#include <string.h>

#include "dns/wire.h"
#include "tests/packet/dissect_host.h"
#include "tests/packet/frame.h"

/* One fragment, as its headers say. */
struct part {
	size_t l3;   /* offset of the IP header */
	size_t data; /* ... of the data */
	size_t off;  /* bytes of the packet before it */
	bool more;
	uint32_t id;
	unsigned family;
};

static bool read_part(const uint8_t *frame, size_t len, struct part *p, const char **problem)
{
	const uint8_t *ip;
	uint16_t field;

	memset(p, 0, sizeof(*p));
	p->l3 = len > 18 && dns_load16(frame + 12) == 0x8100 ? 18 : 14;
	if (len < p->l3 + 48)
		return false;
	ip = frame + p->l3;
	if (ip[0] == 0x45) {
		field = dns_load16(ip + 6);
		if ((field & 0x3fff) == 0)
			return false;
		p->family = 4;
		p->off = (field & 0x1fff) * 8u;
		p->more = (field & 0x2000) != 0;
		p->id = dns_load16(ip + 4);
		p->data = p->l3 + 20;
		if (field & 0xc000)
			*problem = "a fragment that must not be fragmented";
		if (frame_sum16(0, ip, 20) != 0xffff)
			*problem = "wrong IPv4 header checksum of a fragment";
		if (dns_load16(ip + 2) != len - p->l3)
			*problem = "wrong IPv4 length of a fragment";
		if (ip[8] != 255)
			*problem = "a fragment's TTL is not 255";
		return true;
	}
	if (ip[0] >> 4 != 6 || ip[6] != 44)
		return false;
	field = dns_load16(ip + 42);
	p->family = 6;
	p->off = field & 0xfff8;
	p->more = field & 1;
	p->id = dns_load32(ip + 44);
	p->data = p->l3 + 48;
	if (dns_load16(ip + 4) != len - p->l3 - 40)
		*problem = "wrong IPv6 length of a fragment";
	if (ip[40] != 17 || (field & 6) != 0 || ip[7] != 255)
		*problem = "a wrong IPv6 fragment header or hop limit";
	return true;
}

/* All of it is there: the headers of the first fragment become those of a whole packet. */
static size_t finish(struct gather *g, const struct part *p, uint8_t *out)
{
	size_t data = g->len - g->headers, n = g->headers;
	uint8_t *ip = out + p->l3;

	memcpy(out, g->frame, n);
	if (p->family == 4) {
		dns_store16(ip + 2, (uint16_t)(20 + data));
		dns_store16(ip + 6, 0);
		dns_store16(ip + 10, 0);
		dns_store16(ip + 10, (uint16_t)~frame_sum16(0, ip, 20));
	} else {
		n -= 8;
		ip[6] = 17;
		dns_store16(ip + 4, (uint16_t)data);
	}
	memcpy(out + n, g->frame + g->headers, data);
	return n + data;
}

bool gather_fragment(struct gather *g, uint8_t *frame, size_t *len, size_t cap)
{
	const char *problem = NULL;
	struct part p;
	size_t data;

	g->made_of = 0;
	g->problem = NULL;
	if (!read_part(frame, *len, &p, &problem))
		return false;
	data = *len - p.data;
	if (g->parts == 0) {
		g->headers = p.data;
		g->len = p.data;
		g->largest = 0;
		g->id = p.id;
		memcpy(g->frame, frame, p.data);
	}
	if (g->id != p.id || p.off != g->len - g->headers)
		problem = "a fragment out of order";
	if (p.more && data % 8 != 0)
		problem = "a fragment of no multiple of 8 bytes";
	if (g->len + data > sizeof(g->frame) || g->len + data > cap)
		problem = "fragments of more than 9000 bytes";
	if (problem != NULL) {
		g->problem = problem;
		g->parts = 0;
		return false;
	}
	memcpy(g->frame + g->len, frame + p.data, data);
	g->len += data;
	g->parts++;
	if (*len - p.l3 > g->largest)
		g->largest = *len - p.l3;
	if (p.more)
		return true;
	g->made_of = g->parts;
	g->made_largest = g->largest;
	g->parts = 0;
	*len = finish(g, &p, frame);
	return false;
}

void gather_note(struct gather *g, struct dissected *d)
{
	if (g->problem != NULL)
		dissect_problem(d, "%s", g->problem);
	if (g->made_of == 0)
		return;
	d->fragments = g->made_of;
	d->whole_len = d->ip_len;
	d->ip_len = g->made_largest;
}
