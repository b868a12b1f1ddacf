/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/packet/dissect_host.h"

#include <stdarg.h>
#include <string.h>

#include "tests/packet/frame.h"

/* Appends to the line of text. */
static void __attribute__((format(printf, 2, 3))) say(struct dissected *d, const char *fmt, ...)
{
	size_t n = strlen(d->text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->text + n, sizeof(d->text) - n, fmt, ap);
	va_end(ap);
}

static const char *ip_at(uint8_t family, const uint8_t *p, char *buf)
{
	struct ip_addr a = ip_from_bytes(family, p);

	return ip_format(&a, buf);
}

void dissect_arp(struct dissected *d, const uint8_t *p, size_t len)
{
	static const uint8_t ethernet_ip[6] = {0, 1, 8, 0, 6, 4};
	struct mac_addr sender, target;
	char sip[IP_TEXT_SIZE], tip[IP_TEXT_SIZE], mac[MAC_TEXT_SIZE];

	d->kind = DISSECT_HOST;
	if (len < 28 || memcmp(p, ethernet_ip, 6) != 0) {
		dissect_problem(d, "broken ARP packet");
		return;
	}
	memcpy(sender.b, p + 8, 6);
	memcpy(target.b, p + 18, 6);
	d->src = ip_from_bytes(4, p + 14);
	d->dst = ip_from_bytes(4, p + 24);
	if (!mac_equal(&sender, &d->smac))
		dissect_problem(d, "ARP sender is not the frame's source");
	if (dns_load16(p + 6) == 1)
		say(d, "arp who-has %s tell %s", ip_at(4, p + 24, tip), ip_at(4, p + 14, sip));
	else
		say(d, "arp is-at %s to %s", ip_at(4, p + 14, sip), mac_format(&target, mac));
}

/* One record of a v3 or v2 report: mode and group. */
static void say_record(struct dissected *d, uint8_t mode, uint8_t family, const uint8_t *group)
{
	static const char *const modes[] = {
		"?", "include", "exclude", "to-include", "to-exclude", "allow", "block"};
	char text[IP_TEXT_SIZE];

	say(d, " %s %s", ip_at(family, group, text), mode < 7 ? modes[mode] : "?");
}

static void say_records(
	struct dissected *d, uint8_t family, const uint8_t *p, size_t len, unsigned n)
{
	size_t size = family == 4 ? 4 : 16;

	for (unsigned i = 0; i < n; i++) {
		size_t need = 4 + size;

		if (len >= need)
			need += dns_load16(p + 2) * size + p[1] * 4u;
		if (len < need) {
			dissect_problem(d, "a group record is cut");
			return;
		}
		say_record(d, p[0], family, p + 4);
		p += need;
		len -= need;
	}
	if (len != 0)
		dissect_problem(d, "%zu bytes behind the group records", len);
}

void dissect_igmp(
	struct dissected *d, const uint8_t *options, size_t n_options, const uint8_t *p, size_t len)
{
	char group[IP_TEXT_SIZE];

	d->kind = DISSECT_HOST;
	if (len < 8) {
		dissect_problem(d, "IGMP message cut");
		return;
	}
	if (frame_sum16(0, p, len) != 0xffff)
		dissect_problem(d, "wrong IGMP checksum");
	if (d->ttl != 1)
		dissect_problem(d, "IGMP with TTL %u", d->ttl);
	if (n_options < 4 || memcmp(options, "\x94\x04\0\0", 4) != 0)
		dissect_problem(d, "IGMP without router alert");
	switch (p[0]) {
	case 0x16:
	case 0x12:
		say(d, "igmp v%d-report %s", p[0] == 0x16 ? 2 : 1, ip_at(4, p + 4, group));
		break;
	case 0x17:
		say(d, "igmp leave %s", ip_at(4, p + 4, group));
		break;
	case 0x22:
		say(d, "igmp v3-report");
		say_records(d, 4, p + 8, len - 8, dns_load16(p + 6));
		break;
	default:
		dissect_problem(d, "IGMP type 0x%02x", p[0]);
		break;
	}
}

static void dissect_nd(struct dissected *d, const uint8_t *p, size_t len)
{
	char about[IP_TEXT_SIZE], to[IP_TEXT_SIZE];

	if (len < 24 || d->ttl != 255) {
		dissect_problem(d, "broken neighbour discovery, hop limit %u", d->ttl);
		return;
	}
	ip_at(6, p + 8, about);
	if (p[0] == 135) {
		say(d, "nd ns %s%s", about, ip_is_unspecified(&d->src) ? " dad" : "");
		return;
	}
	say(d, "nd na %s to %s%s%s", about, ip_format(&d->dst, to), p[4] & 0x40 ? " solicited" : "",
		p[4] & 0x20 ? " override" : "");
	if (len < 32 || p[24] != 2 || p[25] != 1 || memcmp(p + 26, d->smac.b, 6) != 0)
		dissect_problem(d, "advertisement without our link-layer address");
}

static void dissect_mld(struct dissected *d, bool router_alert, const uint8_t *p, size_t len)
{
	char group[IP_TEXT_SIZE];

	if (d->ttl != 1 || !router_alert)
		dissect_problem(d, "MLD with hop limit %u%s", d->ttl,
			router_alert ? "" : ", without router alert");
	if (!ip_is_link_local(&d->src) && !ip_is_unspecified(&d->src))
		dissect_problem(d, "MLD from a source that is not link-local");
	if (p[0] == 143) {
		say(d, "mld v2-report");
		say_records(d, 6, p + 8, len - 8, dns_load16(p + 6));
		return;
	}
	if (len < 24) {
		dissect_problem(d, "MLD message cut");
		return;
	}
	say(d, "mld %s %s", p[0] == 131 ? "v1-report" : "done", ip_at(6, p + 8, group));
}

void dissect_icmp6(struct dissected *d, bool router_alert, const uint8_t *p, size_t len)
{
	uint16_t sum = frame_pseudo_sum(&d->src, &d->dst, 58, len);

	d->kind = DISSECT_HOST;
	if (len < 8) {
		dissect_problem(d, "ICMPv6 message cut");
		return;
	}
	if (frame_sum16(sum, p, len) != 0xffff)
		dissect_problem(d, "wrong ICMPv6 checksum");
	switch (p[0]) {
	case 131:
	case 132:
	case 143:
		dissect_mld(d, router_alert, p, len);
		break;
	case 135:
	case 136:
		dissect_nd(d, p, len);
		break;
	default:
		dissect_problem(d, "ICMPv6 type %u", p[0]);
		break;
	}
}
