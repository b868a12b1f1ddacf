/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/packet/frame.h"

#include <string.h>

#include "dns/wire.h"

uint16_t frame_sum16(uint32_t start, const uint8_t *data, size_t len)
{
	uint32_t sum = start;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += dns_load16(data + i);
	if (len % 2 != 0)
		sum += (uint32_t)data[len - 1] << 8;
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint16_t frame_pseudo_sum(
	const struct ip_addr *src, const struct ip_addr *dst, uint8_t proto, size_t len)
{
	size_t n = src->family == 4 ? 4 : 16;
	uint32_t sum = (uint32_t)len + proto;

	sum = frame_sum16(sum, src->b, n);
	return frame_sum16(sum, dst->b, n);
}

struct mac_addr frame_group_mac(const struct ip_addr *group)
{
	const uint8_t *b = group->b;

	if (group->family == 4)
		return (struct mac_addr){{0x01, 0x00, 0x5e, b[1] & 0x7f, b[2], b[3]}};
	return (struct mac_addr){{0x33, 0x33, b[12], b[13], b[14], b[15]}};
}

static uint16_t lie(const struct frame_lie *l, size_t truth)
{
	switch (l->how) {
	case FRAME_ADD:
		return (uint16_t)((int)truth + l->value);
	case FRAME_SET:
		return (uint16_t)l->value;
	default:
		return (uint16_t)truth;
	}
}

size_t frame_ether(
	const struct frame_spec *s, uint16_t type, const uint8_t *data, size_t len, uint8_t *buf)
{
	size_t n = 12;

	if (14 + 4 * s->n_tags + len + s->pad > FRAME_MAX)
		return 0;
	memcpy(buf, s->dmac.b, 6);
	memcpy(buf + 6, s->smac.b, 6);
	for (unsigned i = 0; i < s->n_tags; i++) {
		dns_store16(buf + n, s->tpid[i]);
		dns_store16(buf + n + 2, s->tci[i]);
		n += 4;
	}
	dns_store16(buf + n, type);
	n += 2;
	memcpy(buf + n, data, len);
	n += len;
	memset(buf + n, 0, s->pad);
	n += s->pad;
	if (s->cut_set && s->cut >= 0 && (size_t)s->cut < n)
		n = (size_t)s->cut;
	else if (s->cut_set && s->cut < 0 && (size_t)-s->cut <= n)
		n -= (size_t)-s->cut;
	return n;
}

static size_t ip4(
	const struct frame_spec *s, uint8_t proto, const uint8_t *data, size_t len, uint8_t *p)
{
	static const uint8_t router_alert[4] = {0x94, 0x04, 0, 0};
	size_t head = s->ip_options ? 24 : 20;
	uint16_t sum;

	memset(p, 0, head);
	p[0] = (uint8_t)((s->version != 0 ? s->version : 4) << 4 | head / 4);
	dns_store16(p + 2, lie(&s->ip_len, head + len));
	dns_store16(p + 4, (uint16_t)s->ip_id);
	dns_store16(p + 6, s->fragment);
	p[8] = s->ttl;
	p[9] = proto;
	memcpy(p + 12, s->src.b, 4);
	memcpy(p + 16, s->dst.b, 4);
	if (s->ip_options)
		memcpy(p + 20, router_alert, 4);
	sum = (uint16_t)~frame_sum16(0, p, head);
	dns_store16(p + 10, s->bad_ip_sum ? sum ^ 0x5555 : sum);
	memcpy(p + head, data, len);
	return head + len;
}

static size_t ip6(
	const struct frame_spec *s, uint8_t proto, const uint8_t *data, size_t len, uint8_t *p)
{
	uint8_t *next = p + 6;
	size_t n = 40;

	memset(p, 0, 40);
	p[0] = (uint8_t)((s->version != 0 ? s->version : 6) << 4);
	p[7] = s->ttl;
	memcpy(p + 8, s->src.b, 16);
	memcpy(p + 24, s->dst.b, 16);
	for (unsigned i = 0; i < s->n_ext; i++) {
		*next = s->ext[i];
		next = p + n;
		memset(p + n, 0, 8);
		/* Routers and listeners: a router alert option and its padding (RFC 2711), else
		 * PadN. */
		memcpy(p + n + 2, s->ext[i] == 0 ? "\x05\x02\0\0\x01\0" : "\x01\x04\0\0\0\0", 6);
		n += 8;
	}
	if (s->fragment_header) {
		*next = 44;
		next = p + n;
		memset(p + n, 0, 8);
		dns_store16(p + n + 2, s->fragment);
		dns_store32(p + n + 4, s->ip_id);
		n += 8;
	}
	*next = proto;
	memcpy(p + n, data, len);
	n += len;
	dns_store16(p + 4, lie(&s->ip_len, n - 40));
	return n;
}

size_t frame_ip(
	const struct frame_spec *s, uint8_t proto, const uint8_t *data, size_t len, uint8_t *buf)
{
	static uint8_t packet[FRAME_MAX + 128];
	bool four = s->src.family == 4;
	size_t n;

	if (len > FRAME_MAX)
		return 0;
	n = four ? ip4(s, proto, data, len, packet) : ip6(s, proto, data, len, packet);
	return frame_ether(s, four ? 0x0800 : 0x86dd, packet, n, buf);
}

size_t frame_datagram(const struct frame_spec *s, const uint8_t *data, size_t len, uint8_t *u)
{
	uint16_t sum;

	if (len > FRAME_MAX - 8)
		return 0;
	dns_store16(u, s->sport);
	dns_store16(u + 2, s->dport);
	dns_store16(u + 4, lie(&s->udp_len, 8 + len));
	dns_store16(u + 6, 0);
	memcpy(u + 8, data, len);
	sum = frame_pseudo_sum(&s->src, &s->dst, 17, 8 + len);
	if (s->udp_sum != FRAME_SUM_PARTIAL) {
		sum = (uint16_t)~frame_sum16(sum, u, 8 + len);
		if (sum == 0)
			sum = 0xffff;
	}
	if (s->udp_sum == FRAME_SUM_BAD)
		sum = sum == 0x5555 ? 0x5556 : sum ^ 0x5555;
	dns_store16(u + 6, s->udp_sum == FRAME_SUM_ZERO ? 0 : sum);
	return 8 + len;
}

size_t frame_udp(const struct frame_spec *s, const uint8_t *data, size_t len, uint8_t *buf)
{
	static uint8_t u[FRAME_MAX];
	size_t n = frame_datagram(s, data, len, u);

	return n > 0 ? frame_ip(s, 17, u, n, buf) : 0;
}
