/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/packet/hostframe.h"

#include <stdio.h>
#include <string.h>

#include "dns/wire.h"

#define PROTO_IGMP 2
#define PROTO_ICMP6 58

static size_t fail(char *why, const char *what)
{
	snprintf(why, SCRIPT_WHY, "%s", what);
	return 0;
}

bool hostframe_is(const char *word)
{
	static const char *const kinds[] = {"arp", "ns", "na", "igmp", "mld"};

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(word, kinds[i]) == 0)
			return true;
	return false;
}

static struct ip_addr address(const char *text)
{
	struct ip_addr a = {0};

	ip_parse(text, &a);
	return a;
}

static void default_source(struct frame_spec *s, const struct station *from, unsigned family)
{
	const struct ip_addr *a = station_source(from, family);

	if (s->src.family == 0 && a != NULL)
		s->src = *a;
}

static void group_destination(struct frame_spec *s, const struct ip_addr *group)
{
	static const struct mac_addr none;

	if (s->dst.family == 0)
		s->dst = *group;
	if (mac_equal(&s->dmac, &none))
		s->dmac = frame_group_mac(group);
}

/* who-has: a request to all; is-at: a reply to all that claims the address. */
static size_t build_arp(struct frame_spec *s, const struct station *from, bool claim,
	const struct ip_addr *about, uint8_t *buf)
{
	uint8_t p[28] = {0, 1, 8, 0, 6, 4, 0, claim ? 2 : 1};

	default_source(s, from, 4);
	memcpy(p + 8, s->smac.b, 6);
	memcpy(p + 14, claim ? about->b : s->src.b, 4);
	if (claim)
		memset(p + 18, 0xff, 6);
	memcpy(p + 24, about->b, 4);
	if (mac_is_zero(&s->dmac))
		memset(s->dmac.b, 0xff, 6);
	return frame_ether(s, 0x0806, p, sizeof(p), buf);
}

/* To the one who asked for the station's address. */
static size_t build_arp_reply(
	struct frame_spec *s, const struct station *from, const struct ip_addr *asker, uint8_t *buf)
{
	uint8_t p[28] = {0, 1, 8, 0, 6, 4, 0, 2};

	default_source(s, from, 4);
	memcpy(p + 8, s->smac.b, 6);
	memcpy(p + 14, s->src.b, 4);
	memcpy(p + 24, asker->b, 4);
	memset(s->dmac.b, 0xff, 6);
	return frame_ether(s, 0x0806, p, sizeof(p), buf);
}

static size_t send_icmp6(struct frame_spec *s, uint8_t *p, size_t len, uint8_t *buf)
{
	uint16_t sum = frame_pseudo_sum(&s->src, &s->dst, PROTO_ICMP6, len);

	dns_store16(p + 2, (uint16_t)~frame_sum16(sum, p, len));
	if (s->udp_sum == FRAME_SUM_BAD)
		p[2] ^= 0x55;
	return frame_ip(s, PROTO_ICMP6, p, len, buf);
}

static size_t build_ns(struct frame_spec *s, const struct station *from,
	const struct ip_addr *about, bool dad, uint8_t *buf)
{
	uint8_t p[32] = {135};
	struct ip_addr group = address("ff02::1:ff00:0");

	memcpy(group.b + 13, about->b + 13, 3);
	group_destination(s, &group);
	if (dad)
		s->src = address("::");
	default_source(s, from, 6);
	if (s->ttl == 0)
		s->ttl = 255;
	memcpy(p + 8, about->b, 16);
	p[24] = 1; /* source link-layer address; none with an unspecified source */
	p[25] = 1;
	memcpy(p + 26, s->smac.b, 6);
	return send_icmp6(s, p, dad ? 24 : 32, buf);
}

static size_t build_na(
	struct frame_spec *s, const struct station *from, const struct ip_addr *about, uint8_t *buf)
{
	uint8_t p[32] = {136, [4] = 0x20};
	struct ip_addr all = address("ff02::1");

	p[4] |= s->dst.family == 6 ? 0x40 : 0; /* to one: solicited */
	group_destination(s, &all);
	default_source(s, from, 6);
	if (s->ttl == 0)
		s->ttl = 255;
	memcpy(p + 8, about->b, 16);
	p[24] = 2;
	p[25] = 1;
	memcpy(p + 26, s->smac.b, 6);
	return send_icmp6(s, p, 32, buf);
}

/* RFC 1112, RFC 2236 §2, RFC 3376 §4.1. */
static size_t build_igmp(struct frame_spec *s, const struct station *from, char version,
	const struct ip_addr *group, uint8_t *buf)
{
	uint8_t p[12] = {0x11, version == '1' ? 0 : 100};
	size_t len = version == '3' ? 12 : 8;
	struct ip_addr all = address("224.0.0.1");

	if (group->family == 4)
		memcpy(p + 4, group->b, 4);
	if (version == '3') {
		p[8] = 2;
		p[9] = 125;
	}
	group_destination(s, group->family == 4 ? group : &all);
	default_source(s, from, 4);
	if (s->ttl == 0)
		s->ttl = 1;
	s->ip_options = version != '1';
	dns_store16(p + 2, (uint16_t)~frame_sum16(0, p, len));
	if (s->udp_sum == FRAME_SUM_BAD)
		p[2] ^= 0x55;
	return frame_ip(s, PROTO_IGMP, p, len, buf);
}

/* RFC 2710 §3, RFC 3810 §5.1. */
static size_t build_mld(struct frame_spec *s, const struct station *from, char version,
	const struct ip_addr *group, uint8_t *buf)
{
	uint8_t p[28] = {130};
	struct ip_addr all = address("ff02::1");

	dns_store16(p + 4, 10000);
	if (group->family == 6)
		memcpy(p + 8, group->b, 16);
	p[24] = 2;
	p[25] = 125;
	group_destination(s, group->family == 6 ? group : &all);
	default_source(s, from, 6);
	if (s->ttl == 0)
		s->ttl = 1;
	s->ext[0] = 0;
	s->n_ext = 1;
	return send_icmp6(s, p, version == '2' ? 28 : 24, buf);
}

size_t hostframe_build(struct frame_spec *s, const struct station *from, char **word, unsigned n,
	uint8_t *buf, char why[SCRIPT_WHY])
{
	struct ip_addr about = {0};
	const char *last = n > 0 ? word[n - 1] : "";

	snprintf(why, SCRIPT_WHY, "the frame does not fit");
	if (strcmp(word[0], "arp") == 0) {
		about = address(last);
		if (n == 3 && about.family == 4 && strcmp(word[1], "reply-to") == 0)
			return build_arp_reply(s, from, &about, buf);
		if (n != 3 || about.family != 4)
			return fail(why, "expected: arp who-has|is-at|reply-to ADDRESS");
		return build_arp(s, from, strcmp(word[1], "is-at") == 0, &about, buf);
	}
	if (strcmp(word[0], "ns") == 0 || strcmp(word[0], "na") == 0) {
		bool dad = n == 3 && strcmp(last, "dad") == 0;

		if (n >= 2)
			about = address(word[1]);
		if ((n != 2 && !dad) || about.family != 6)
			return fail(why, "expected: ns ADDRESS [dad] or na ADDRESS");
		return word[0][1] == 's' ? build_ns(s, from, &about, dad, buf)
					 : build_na(s, from, &about, buf);
	}
	if (n < 2 || n > 3 || word[1][0] != 'v')
		return fail(why, "expected: igmp|mld vN [GROUP]");
	if (n == 3)
		about = address(last);
	if (strcmp(word[0], "igmp") == 0)
		return build_igmp(s, from, word[1][1], &about, buf);
	return build_mld(s, from, word[1][1], &about, buf);
}
