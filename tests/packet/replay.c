/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "dns/name.h"
#include "dns/reader.h"
#include "tests/packet/frame.h"
#include "tests/packet/invariant.h"

/*
 * Real traffic: a capture is played into the gateway at its own pace, each frame on the link of its
 * VLAN. Then a station on one more link asks everything that was asked and everything that was told
 * in it, so that what was learned has to be answered. Nothing particular is expected; what holds of
 * every scenario has to hold: one outcome a frame, the invariants of what is sent, no leak.
 */

#define VLANS_MAX 4
#define ACROSS_VLAN 4000
#define ACROSS_ADDR "172.30.0.7"
#define ACROSS_MAC "02:00:00:00:ac:07"
#define MDNS_PORT 5353
#define LEGACY_PORT 40001
#define ASK_EVERY_US (150 * US_PER_MS)
#define QUESTIONS_MAX 16

/* One link: the VLAN, and an IPv4 prefix that its first sender is in. */
struct lan {
	uint16_t vlan;
	uint8_t net[2]; /* of a /16 */
	bool has_net;
};

struct replay {
	struct scenario *s;
	FILE *f;
	struct lan lan[VLANS_MAX];
	unsigned n_lans;
	uint64_t frames;
	struct pcap_frame frame;
};

/* A frame of the capture, as far as a replay needs it. */
struct located {
	uint16_t vlan;
	struct mac_addr smac;
	struct ip_addr src; /* family 0: no IP */
	const uint8_t *dns; /* NULL: not UDP to port 5353 in one piece */
	size_t dns_len;
};

/* --- taking frames apart ------------------------------------------------------------------------
 */

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void locate_udp(struct located *l, const uint8_t *udp, size_t len)
{
	size_t claimed = len >= 8 ? be16(udp + 4) : 0;

	if (claimed < 8 || claimed > len || be16(udp + 2) != MDNS_PORT)
		return;
	l->dns = udp + 8;
	l->dns_len = claimed - 8;
}

static void locate(struct located *l, const struct pcap_frame *f)
{
	const uint8_t *p = f->data;
	size_t at = 14;
	uint16_t type;

	memset(l, 0, sizeof(*l));
	if (f->len < 18)
		return;
	memcpy(l->smac.b, p + 6, 6);
	type = be16(p + 12);
	if (type == 0x8100) {
		l->vlan = be16(p + 14) & 0xfff;
		type = be16(p + 16);
		at = 18;
	}
	if (type == 0x0800 && f->len >= at + 20) {
		size_t head = (p[at] & 0xfu) * 4u;

		l->src = ip_from_bytes(4, p + at + 12);
		if (p[at + 9] == 17 && (be16(p + at + 6) & 0x3fff) == 0 && f->len >= at + head)
			locate_udp(l, p + at + head, f->len - at - head);
	} else if (type == 0x86dd && f->len >= at + 40) {
		l->src = ip_from_bytes(6, p + at + 8);
		if (p[at + 6] == 17)
			locate_udp(l, p + at + 40, f->len - at - 40);
	}
}

static int next_frame(struct replay *r, struct located *l)
{
	int rc = pcap_read(r->f, &r->frame);

	if (rc < 0)
		return scenario_fail(r->s, "frame %" PRIu64 " cannot be read", r->frames + 1);
	if (rc > 0)
		locate(l, &r->frame);
	return rc;
}

static int reopen(struct replay *r)
{
	if (r->f != NULL)
		fclose(r->f);
	r->frames = 0;
	r->f = pcap_read_open(r->s->path);
	return r->f != NULL ? 0 : scenario_fail(r->s, "no capture of Ethernet frames");
}

/* --- the network of a capture --------------------------------------------------------------------
 */

static struct lan *lan_of(struct replay *r, uint16_t vlan)
{
	for (unsigned i = 0; i < r->n_lans; i++)
		if (r->lan[i].vlan == vlan)
			return &r->lan[i];
	if (r->n_lans == VLANS_MAX)
		return NULL;
	r->lan[r->n_lans] = (struct lan){.vlan = vlan, .net = {10, (uint8_t)(200 + r->n_lans)}};
	return &r->lan[r->n_lans++];
}

/* A sender is a station, with every address it is seen with: answers to it are no strangers'. */
static int meet(struct scenario *s, const char *link, const struct located *l)
{
	struct station *st = NULL;

	for (unsigned i = 0; i < s->n_stations && st == NULL; i++)
		if (mac_equal(&s->station[i].mac, &l->smac))
			st = &s->station[i];
	if (st == NULL && s->n_stations == STATIONS_MAX)
		return scenario_fail(s, "more than %d stations", STATIONS_MAX);
	if (st == NULL) {
		st = &s->station[s->n_stations];
		*st = (struct station){.index = s->n_stations, .mac = l->smac};
		snprintf(st->name, sizeof(st->name), "s%u", s->n_stations++);
		snprintf(st->link, sizeof(st->link), "%s", link);
	}
	if (l->src.family == 0 || station_has(st, &l->src))
		return 0;
	if (st->n_addr == STATION_ADDRS)
		return scenario_fail(s, "a station with more than %d addresses", STATION_ADDRS);
	st->addr[st->n_addr++] = l->src;
	return 0;
}

/* Which VLANs and prefixes there are. */
static int survey(struct replay *r)
{
	struct located l;
	int rc;

	if (reopen(r) < 0)
		return -1;
	while ((rc = next_frame(r, &l)) > 0) {
		struct lan *lan = lan_of(r, l.vlan);

		if (lan == NULL)
			return scenario_fail(r->s, "more than %d VLANs", VLANS_MAX);
		if (lan->has_net || l.src.family != 4 || ip_is_unspecified(&l.src) ||
			ip_is_link_local(&l.src))
			continue;
		memcpy(lan->net, l.src.b, 2);
		lan->has_net = true;
	}
	return rc;
}

static int configure(struct replay *r)
{
	struct scenario *s = r->s;
	size_t size;
	FILE *out = open_memstream(&s->yaml, &size);

	if (out == NULL)
		abort();
	fprintf(out,
		"gateway: {id: packet-test}\n"
		"ports:\n  - {name: trunk0, device: net_ring0}\nlinks:\n"
		"  - {name: across, port: trunk0, vlan: %d, addresses: [172.30.0.2/24, "
		"\"fd00:acc::2/64\"], policy: {in: all, out: all}}\n",
		ACROSS_VLAN);
	for (unsigned i = 0; i < r->n_lans; i++) {
		fprintf(out,
			"  - {name: vlan%u, port: trunk0, addresses: [%u.%u.255.253/16, "
			"\"fd00:%x::fffd/64\"], policy: {in: all, out: all}",
			r->lan[i].vlan, r->lan[i].net[0], r->lan[i].net[1], i + 1);
		if (r->lan[i].vlan != 0)
			fprintf(out, ", vlan: %u", r->lan[i].vlan);
		fprintf(out, "}\n");
	}
	fprintf(out, "policies:\n  all:\n    - {permit: any}\n");
	fclose(out);
	s->name = s->path;
	/* Recorded on veth, where sums are left unfinished. */
	s->soft_checksum = true;
	return scenario_start(s);
}

/* --- playing ------------------------------------------------------------------------------------
 */

static int receive(struct replay *r, const uint8_t *data, size_t len)
{
	struct scenario *s = r->s;
	struct gateway_frame f = {.data = data, .len = len, .port = s->link[0].port};

	/* Frames of one sender stay in order, so they arrive on one queue. */
	f.queue = data[11];
	if (gateway_receive(&s->gateway, &f) < 0)
		return scenario_fail(s, "frame %" PRIu64 ": no room for it", r->frames);
	return scenario_settle(s);
}

static int play(struct replay *r)
{
	struct scenario *s = r->s;
	uint64_t origin = s->gateway.now_us, first = 0;
	struct located l;
	char name[16];
	int rc;

	if (reopen(r) < 0)
		return -1;
	while ((rc = next_frame(r, &l)) > 0) {
		const struct dp_link *link;

		if (r->frames++ == 0)
			first = r->frame.at_us;
		if (r->frame.at_us > first &&
			scenario_advance(s, origin + r->frame.at_us - first) < 0)
			return -1;
		snprintf(name, sizeof(name), "vlan%u", l.vlan);
		link = scenario_link(s, name);
		if (link == NULL || meet(s, name, &l) < 0)
			return -1;
		if (l.dns_len > 2 && (l.dns[2] & 0x80) != 0)
			invariants_advertised(s->invariants, link, l.dns, l.dns_len);
		if (receive(r, r->frame.data, r->frame.len) < 0)
			return -1;
	}
	return rc;
}

/* --- asking -------------------------------------------------------------------------------------
 */

/* The station across asks; legacy: from another port than 5353 (RFC 6762 §6.7). */
static int ask(struct replay *r, const uint8_t *dns, size_t len, bool legacy)
{
	static uint8_t frame[FRAME_MAX];
	struct frame_spec spec = {
		.sport = legacy ? LEGACY_PORT : MDNS_PORT, .dport = MDNS_PORT, .ttl = 255};

	mac_parse(ACROSS_MAC, &spec.smac);
	ip_parse(ACROSS_ADDR, &spec.src);
	ip_parse("224.0.0.251", &spec.dst);
	spec.dmac = frame_group_mac(&spec.dst);
	spec.tpid[0] = 0x8100;
	spec.tci[0] = ACROSS_VLAN;
	spec.n_tags = 1;
	len = frame_udp(&spec, dns, len, frame);
	if (len == 0)
		return 0;
	r->s->mark_us = r->s->gateway.now_us;
	if (receive(r, frame, len) < 0)
		return -1;
	return scenario_advance(r->s, r->s->gateway.now_us + ASK_EVERY_US);
}

/* Asks for the names and types that a response told of. */
static int ask_told(struct replay *r, const struct located *l)
{
	static uint8_t query[12 + QUESTIONS_MAX * (DNS_NAME_MAX + 4)];
	struct dns_reader reader;
	struct dns_rr rr;
	size_t len = 12;
	int rc;

	memset(query, 0, 12);
	if (dns_reader_init(&reader, l->dns, l->dns_len) < 0)
		return 0;
	while ((rc = dns_reader_rr(&reader, &rr)) > 0 && query[5] < QUESTIONS_MAX) {
		const uint8_t tail[4] = {
			(uint8_t)(rr.rrtype >> 8), (uint8_t)rr.rrtype, 0x80, DNS_CLASS_IN};

		if (rr.rrtype == DNS_TYPE_OPT)
			continue;
		memcpy(query + len, rr.name, rr.name_len);
		len += rr.name_len;
		memcpy(query + len, tail, sizeof(tail));
		len += sizeof(tail);
		query[5]++;
	}
	return query[5] > 0 ? ask(r, query, len, false) : 0;
}

static int ask_all(struct replay *r)
{
	static const struct located asker = {.src = {.family = 4, .b = {172, 30, 0, 7}}};
	struct located l = asker;
	int rc;

	mac_parse(ACROSS_MAC, &l.smac);
	if (meet(r->s, "across", &l) < 0 || reopen(r) < 0)
		return -1;
	/* Probes are asked again as well, for names that have owners. */
	invariants_defending(r->s->invariants);
	while ((rc = next_frame(r, &l)) > 0) {
		r->frames++;
		if (l.dns_len < 12 || l.dns_len > 8000)
			continue;
		if (l.dns[2] & 0x80)
			rc = ask_told(r, &l);
		else if ((rc = ask(r, l.dns, l.dns_len, false)) == 0)
			rc = ask(r, l.dns, l.dns_len, true);
		if (rc < 0)
			return -1;
	}
	return rc;
}

/* What the frames of the capture came to, in a few words. */
static void note_outcomes(struct replay *r)
{
	struct scenario *s = r->s;
	uint64_t sums[DP_N_OUTCOMES], answers = 0;
	size_t n;

	for (size_t i = 0; i < s->n_captures; i++)
		answers += s->capture[i].d.kind == DISSECT_RESPONSE;
	gateway_outcome_sums(&s->gateway, sums);
	n = (size_t)snprintf(s->note, sizeof(s->note),
		"  %" PRIu64 " frames, %" PRIu64 " sent:", s->gateway.received, answers);
	for (unsigned o = 0; o < DP_N_OUTCOMES && n < sizeof(s->note); o++)
		if (sums[o] > 0)
			n += (size_t)snprintf(s->note + n, sizeof(s->note) - n, " %s %" PRIu64,
				dp_outcome_name(o), sums[o]);
}

int replay_run(struct scenario *s)
{
	static struct replay r;
	int rc = -1;

	memset(&r, 0, sizeof(r));
	r.s = s;
	if (survey(&r) < 0 || configure(&r) < 0 || play(&r) < 0 || ask_all(&r) < 0)
		goto out;
	note_outcomes(&r);
	rc = 0;
out:
	if (r.f != NULL)
		fclose(r.f);
	return rc;
}
