/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/rng.h"
#include "dns/wire.h"
#include "tests/packet/frame.h"
#include "tests/packet/hostframe.h"
#include "tests/packet/invariant.h"
#include "tests/packet/message.h"

/*
 * send STATION [v4|v6] [OPTION...] query|probe|response|dns|raw { ... }
 * send STATION [OPTION...] arp|ns|na|igmp|mld ...
 *
 * README.md lists the options.
 */

#define ORDER_MAX 32

struct sending {
	struct scenario *s;
	const struct station *from;
	const struct dp_link *link;
	struct frame_spec spec;
	struct gateway_frame out;
	unsigned family; /* 0: not said */
	bool to_gateway;
	bool tags_set;
	bool strip;
	bool set_flags;
	uint16_t flags;
	uint16_t id;
	bool uncompressed;
	bool set_counts;
	uint16_t counts[4];
	uint64_t times;
	uint64_t mutate;    /* seed: each copy gets a few random bytes; 0: none does */
	unsigned fragments; /* bytes of the datagram in each; 0: it goes in one */
	unsigned overlap;   /* bytes each but the last holds of the next one */
	unsigned n_order;   /* 0: all, in order */
	uint16_t order[ORDER_MAX];
	size_t dns_len;
	uint8_t dns[FRAME_MAX];
	uint8_t frame[FRAME_MAX];
};

/* --- values of options ---------------------------------------------------------------------------
 */

static int want_number(struct sending *x, const char *word, uint64_t max, uint64_t *out)
{
	if (word == NULL || script_number(word, max, out) < 0)
		return scenario_fail(x->s, "expected a number up to %llu, got %s",
			(unsigned long long)max, word != NULL ? word : "nothing");
	return 0;
}

static int want_lie(struct sending *x, const char *word, struct frame_lie *l)
{
	char *end;

	if (word == NULL)
		return scenario_fail(x->s, "expected a length, +N or -N");
	l->how = word[0] == '+' || word[0] == '-' ? FRAME_ADD : FRAME_SET;
	l->value = (int)strtol(word, &end, 0);
	return *end != '\0' ? scenario_fail(x->s, "not a length: %s", word) : 0;
}

static int want_address(struct sending *x, const char *word, struct ip_addr *out)
{
	if (word == NULL || ip_parse(word, out) < 0)
		return scenario_fail(x->s, "not an address: %s", word != NULL ? word : "nothing");
	x->family = out->family;
	return 0;
}

static int want_mac(struct sending *x, const char *word, struct mac_addr *out)
{
	if (word == NULL || mac_parse(word, out) < 0)
		return scenario_fail(x->s, "not a MAC: %s", word != NULL ? word : "nothing");
	return 0;
}

/* "none", or tags from the outside in, "10", "0,10" or "88a8:5,10". */
static int want_tags(struct sending *x, char *word)
{
	x->tags_set = true;
	x->spec.n_tags = 0;
	if (word == NULL)
		return scenario_fail(x->s, "expected tags");
	if (strcmp(word, "none") == 0)
		return 0;
	for (char *save, *t = strtok_r(word, ",", &save); t != NULL;
		t = strtok_r(NULL, ",", &save)) {
		char *colon = strchr(t, ':');
		uint64_t tci;

		if (x->spec.n_tags == FRAME_TAGS)
			return scenario_fail(x->s, "too many tags");
		if (want_number(x, colon != NULL ? colon + 1 : t, 0xffff, &tci) < 0)
			return -1;
		x->spec.tpid[x->spec.n_tags] =
			colon != NULL ? (uint16_t)strtoul(t, NULL, 16) : 0x8100;
		x->spec.tci[x->spec.n_tags++] = (uint16_t)tci;
	}
	return 0;
}

static int want_list(struct sending *x, char *word, unsigned n, uint16_t *out)
{
	unsigned i = 0;

	if (word == NULL)
		return scenario_fail(x->s, "expected a list of %u numbers", n);
	for (char *save, *t = strtok_r(word, ",", &save); t != NULL;
		t = strtok_r(NULL, ",", &save)) {
		uint64_t v;

		if (i == n || want_number(x, t, 0xffff, &v) < 0)
			return scenario_fail(x->s, "expected %u numbers", n);
		out[i++] = (uint16_t)v;
	}
	return i == n ? 0 : scenario_fail(x->s, "expected %u numbers", n);
}

/* Which fragments are sent, in which order; again, if they stand there again. */
static int want_order(struct sending *x, char *word)
{
	if (word == NULL)
		return scenario_fail(x->s, "expected numbers of fragments");
	for (char *save, *t = strtok_r(word, ",", &save); t != NULL;
		t = strtok_r(NULL, ",", &save)) {
		uint64_t v;

		if (x->n_order == ORDER_MAX || want_number(x, t, FRAME_MAX / 8, &v) < 0)
			return scenario_fail(x->s, "expected up to %d fragments", ORDER_MAX);
		x->order[x->n_order++] = (uint16_t)v;
	}
	return 0;
}

static int want_exts(struct sending *x, char *word)
{
	if (word == NULL)
		return scenario_fail(x->s, "expected header numbers");
	for (char *save, *t = strtok_r(word, ",", &save); t != NULL;
		t = strtok_r(NULL, ",", &save)) {
		uint64_t v;

		if (x->spec.n_ext == FRAME_EXTS || want_number(x, t, 255, &v) < 0)
			return scenario_fail(x->s, "expected up to %d headers", FRAME_EXTS);
		x->spec.ext[x->spec.n_ext++] = (uint8_t)v;
	}
	return 0;
}

/* --- options -------------------------------------------------------------------------------------
 */

/* Words that stand alone. 1: it was one. */
static int flag_option(struct sending *x, const char *word)
{
	static const struct {
		const char *word;
		enum frame_sum sum;
	} sums[] = {{"bad-checksum", FRAME_SUM_BAD}, {"no-checksum", FRAME_SUM_ZERO},
		{"partial-checksum", FRAME_SUM_PARTIAL}};

	for (unsigned i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
		if (strcmp(word, sums[i].word) != 0)
			continue;
		x->spec.udp_sum = sums[i].sum;
		return 1;
	}
	if (strcmp(word, "v4") == 0 || strcmp(word, "v6") == 0)
		x->family = word[1] == '4' ? 4 : 6;
	else if (strcmp(word, "bad-ip-checksum") == 0)
		x->spec.bad_ip_sum = true;
	else if (strcmp(word, "ip-options") == 0)
		x->spec.ip_options = true;
	else if (strcmp(word, "strip") == 0)
		x->strip = true;
	else if (strcmp(word, "rx-vlan") == 0)
		x->out.rx_vlan = true;
	else if (strcmp(word, "uncompressed") == 0)
		x->uncompressed = true;
	else
		return 0;
	return 1;
}

/* Numbers: where they go and how large they may be. */
static int number_option(struct sending *x, const char *word, const char *value)
{
	uint64_t v = 0;
	const struct {
		const char *word;
		uint64_t max;
		void *to;
		unsigned width;
	} numbers[] = {{"sport", 0xffff, &x->spec.sport, 2}, {"dport", 0xffff, &x->spec.dport, 2},
		{"id", 0xffff, &x->id, 2}, {"flags", 0xffff, &x->flags, 2},
		{"ttl", 255, &x->spec.ttl, 1}, {"queue", GATEWAY_WORKERS_MAX, &x->out.queue, 4},
		{"x", 100000, &x->times, 8}, {"ip-version", 15, &x->spec.version, 1},
		{"fragment", 0xffff, &x->spec.fragment, 2}, {"pad", 2000, &x->spec.pad, 4},
		{"mutate", UINT64_MAX, &x->mutate, 8}, {"ip-id", UINT32_MAX, &x->spec.ip_id, 4},
		{"fragments", FRAME_MAX, &x->fragments, 4}, {"overlap", FRAME_MAX, &x->overlap, 4},
		{"segments", FRAME_MAX, &x->out.segment, sizeof(x->out.segment)}};

	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (strcmp(word, numbers[i].word) != 0)
			continue;
		if (want_number(x, value, numbers[i].max, &v) < 0)
			return -1;
		memcpy(numbers[i].to, &v, numbers[i].width); /* little-endian */
		if (strcmp(word, "flags") == 0)
			x->set_flags = true;
		if (strcmp(word, "fragment") == 0)
			x->spec.fragment_header = true;
		return 1;
	}
	return 0;
}

static int other_option(struct sending *x, const char *word, char *value)
{
	struct frame_lie cut;

	if (strcmp(word, "from") == 0)
		return want_address(x, value, &x->spec.src) < 0 ? -1 : 1;
	if (strcmp(word, "to") == 0 && value != NULL && strcmp(value, "gateway") == 0) {
		x->to_gateway = true;
		return 1;
	}
	if (strcmp(word, "to") == 0)
		return want_address(x, value, &x->spec.dst) < 0 ? -1 : 1;
	if (strcmp(word, "smac") == 0)
		return want_mac(x, value, &x->spec.smac) < 0 ? -1 : 1;
	if (strcmp(word, "dmac") == 0)
		return want_mac(x, value, &x->spec.dmac) < 0 ? -1 : 1;
	if (strcmp(word, "tags") == 0)
		return want_tags(x, value) < 0 ? -1 : 1;
	if (strcmp(word, "order") == 0)
		return want_order(x, value) < 0 ? -1 : 1;
	if (strcmp(word, "ext") == 0)
		return want_exts(x, value) < 0 ? -1 : 1;
	if (strcmp(word, "counts") == 0) {
		x->set_counts = true;
		return want_list(x, value, 4, x->counts) < 0 ? -1 : 1;
	}
	if (strcmp(word, "ip-length") == 0)
		return want_lie(x, value, &x->spec.ip_len) < 0 ? -1 : 1;
	if (strcmp(word, "udp-length") == 0)
		return want_lie(x, value, &x->spec.udp_len) < 0 ? -1 : 1;
	if (strcmp(word, "cut") == 0) {
		x->spec.cut_set = true;
		if (want_lie(x, value, &cut) < 0)
			return -1;
		x->spec.cut = cut.value;
		return 1;
	}
	if (strcmp(word, "on") == 0) {
		x->link = value != NULL ? scenario_link(x->s, value) : NULL;
		return x->link == NULL ? -1 : 1;
	}
	return 0;
}

/* Reads options from word[*i] on; stops at the first word that is none. */
static int read_options(struct sending *x, struct script_words *w, unsigned *i)
{
	for (; *i < w->n; (*i)++) {
		char *value = *i + 1 < w->n ? w->word[*i + 1] : NULL;
		int rc = flag_option(x, w->word[*i]);

		if (rc == 1)
			continue;
		rc = number_option(x, w->word[*i], value);
		if (rc == 0)
			rc = other_option(x, w->word[*i], value);
		if (rc < 0)
			return -1;
		if (rc == 0)
			return 0;
		(*i)++;
	}
	return 0;
}

/* --- addresses -----------------------------------------------------------------------------------
 */

static void default_tags(struct sending *x)
{
	struct frame_spec *f = &x->spec;

	if (!x->tags_set && x->link->vlan != 0) {
		f->n_tags = 1;
		f->tpid[0] = 0x8100;
		f->tci[0] = x->link->vlan;
	}
	if (f->n_tags > 0)
		x->out.tci = f->tci[0];
	if (!x->strip || f->n_tags == 0)
		return;
	x->out.stripped = true;
	f->n_tags--;
	memmove(f->tci, f->tci + 1, f->n_tags * sizeof(f->tci[0]));
	memmove(f->tpid, f->tpid + 1, f->n_tags * sizeof(f->tpid[0]));
}

/* The gateway's address that is near to the source. */
static struct ip_addr gateway_address(const struct sending *x)
{
	const struct dp_link *l = x->link;
	bool global = !ip_is_link_local(&x->spec.src) && l->n_addr6 > 1;

	if (x->family == 4)
		return ip_from_bytes(4, (const uint8_t *)&l->addr4);
	return ip_from_bytes(6, l->addr6[global ? 1 : 0]);
}

/* What the line left open of an mDNS packet's addresses: from the station to the group. */
static int default_addresses(struct sending *x)
{
	static const uint8_t group4[] = {224, 0, 0, 251};
	static const uint8_t group6[16] = {0xff, 2, [15] = 0xfb};
	struct frame_spec *f = &x->spec;
	const struct ip_addr *src;

	if (x->family == 0)
		return scenario_fail(x->s, "v4 or v6?");
	src = station_source(x->from, x->family);
	if (f->src.family == 0 && src == NULL)
		return scenario_fail(x->s, "%s has no IPv%u address", x->from->name, x->family);
	if (f->src.family == 0)
		f->src = *src;
	if (x->to_gateway)
		f->dst = gateway_address(x);
	else if (f->dst.family == 0)
		f->dst = ip_from_bytes((uint8_t)x->family, x->family == 4 ? group4 : group6);
	if (f->src.family != f->dst.family)
		return scenario_fail(x->s, "source and destination are of two families");
	if (mac_is_zero(&f->dmac))
		f->dmac = ip_is_multicast(&f->dst) ? frame_group_mac(&f->dst) : x->link->mac;
	return 0;
}

/* --- payloads ------------------------------------------------------------------------------------
 */

static int read_hex(
	struct sending *x, const struct script_line *line, size_t n, uint8_t *out, size_t *len)
{
	*len = 0;
	for (size_t i = 0; i < n; i++) {
		struct script_words w;

		if (script_split(line[i].text, &w) < 0)
			return scenario_fail_at(x->s, &line[i], "cannot read this line");
		for (unsigned k = 0; k < w.n; k++) {
			for (const char *c = w.word[k]; *c != '\0'; c += 2) {
				unsigned byte;

				if (sscanf(c, "%2x", &byte) != 1 || c[1] == '\0' ||
					*len == FRAME_MAX)
					return scenario_fail_at(x->s, &line[i], "not hex: %s", c);
				out[(*len)++] = (uint8_t)byte;
			}
		}
	}
	return 0;
}

/* The DNS message of the block. */
static int read_message(
	struct sending *x, const char *kind, const struct script_line *line, size_t n, size_t *len)
{
	bool response = strcmp(kind, "response") == 0;
	uint16_t flags = response ? DNS_FLAG_QR | DNS_FLAG_AA : 0;
	struct message m;
	char why[SCRIPT_WHY];
	int rc = message_parse(&m, line, n, why);

	if (rc < 0) {
		message_free(&m);
		scenario_fail_at(x->s, NULL, "%s", why);
		return -1;
	}
	rc = message_encode(&m, x->id, x->set_flags ? x->flags : flags, !x->uncompressed,
		x->set_counts ? x->counts : NULL, x->dns, sizeof(x->dns));
	message_free(&m);
	if (rc < 0)
		return scenario_fail(x->s, "the message is too large");
	*len = (size_t)rc;
	return 0;
}

static int build_mdns(struct sending *x, const char *kind)
{
	const struct script_line *line;
	size_t n, len;
	int rc;

	if (scenario_block(x->s, &line, &n) < 0)
		return -1;
	if (strcmp(kind, "raw") == 0)
		return read_hex(x, line, n, x->frame, &x->out.len);
	if (default_addresses(x) < 0)
		return -1;
	if (x->spec.ttl == 0)
		x->spec.ttl = 255;
	rc = strcmp(kind, "dns") == 0 ? read_hex(x, line, n, x->dns, &len)
				      : read_message(x, kind, line, n, &len);
	if (rc < 0)
		return -1;
	if (strcmp(kind, "response") == 0)
		invariants_advertised(x->s->invariants, x->link, x->dns, len);
	x->dns_len = len;
	x->out.len = frame_udp(&x->spec, x->dns, len, x->frame);
	return x->out.len > 0 ? 0 : scenario_fail(x->s, "the frame is too large");
}

static int build(struct sending *x, struct script_words *w, unsigned i)
{
	static const char *const kinds[] = {"query", "probe", "response", "dns", "raw"};
	char why[SCRIPT_WHY];

	if (i == w->n)
		return scenario_fail(x->s, "send what?");
	for (unsigned k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		if (strcmp(w->word[i], kinds[k]) != 0)
			continue;
		if (i + 2 != w->n || strcmp(w->word[i + 1], "{") != 0)
			return scenario_fail(x->s, "expected %s {", kinds[k]);
		return build_mdns(x, kinds[k]);
	}
	if (!hostframe_is(w->word[i]))
		return scenario_fail(x->s, "neither an option nor a kind of frame: %s", w->word[i]);
	x->out.len = hostframe_build(&x->spec, x->from, w->word + i, w->n - i, x->frame, why);
	return x->out.len > 0 ? 0 : scenario_fail(x->s, "%s", why);
}

/* Copy n of the message with one to four random bytes in it; its checksums are right. */
static void mutate(struct sending *x, uint64_t n)
{
	static uint8_t dns[FRAME_MAX];
	struct rng rng;

	rng_seed(&rng, x->mutate * 1000003 + n);
	memcpy(dns, x->dns, x->dns_len);
	for (uint32_t i = rng_range(&rng, 1, 4); i > 0 && x->dns_len > 0; i--)
		dns[rng_range(&rng, 0, (uint32_t)x->dns_len - 1)] = (uint8_t)rng_u32(&rng);
	invariants_advertised(x->s->invariants, x->link, dns, x->dns_len);
	x->out.len = frame_udp(&x->spec, dns, x->dns_len, x->frame);
}

static int receive(struct sending *x)
{
	repeat_heard(x->s, x->link, x->frame, x->out.len);
	cross_sent(x->s, &x->out);
	return gateway_receive(&x->s->gateway, &x->out) < 0
		       ? scenario_fail(x->s, "no room in the RX ring, or too long for an mbuf")
		       : 0;
}

/* The datagram in fragments. */
static int send_fragments(struct sending *x)
{
	static uint8_t u[FRAME_MAX];
	size_t len = frame_datagram(&x->spec, x->dns, x->dns_len, u);
	unsigned all = (unsigned)((len + x->fragments - 1) / x->fragments);

	x->spec.fragment_header = true;
	for (unsigned i = 0; i < (x->n_order > 0 ? x->n_order : all); i++) {
		size_t off = (size_t)x->fragments * (x->n_order > 0 ? x->order[i] : i);
		size_t part = x->fragments + x->overlap;
		bool more;

		if (off >= len)
			return scenario_fail(x->s, "there are %u fragments only", all);
		if (part > len - off)
			part = len - off;
		more = off + x->fragments < len;
		x->spec.fragment =
			(uint16_t)(x->spec.src.family == 4 ? off / 8 | (more ? 0x2000 : 0)
							   : off | more);
		x->out.len = frame_ip(&x->spec, 17, u + off, part, x->frame);
		if (receive(x) < 0)
			return -1;
	}
	return 0;
}

int statement_send(struct scenario *s, struct script_words *w)
{
	static struct sending x;
	unsigned i = 2;

	memset(&x, 0, sizeof(x));
	x.s = s;
	if (w->n < 3)
		return scenario_fail(s, "expected: send STATION ...");
	x.from = scenario_station(s, w->word[1]);
	if (x.from == NULL || scenario_start(s) < 0)
		return -1;
	x.link = scenario_link(s, x.from->link);
	if (x.link == NULL)
		return -1;
	x.spec.smac = x.from->mac;
	x.spec.sport = 5353;
	x.spec.dport = 5353;
	x.out.queue = x.from->index;
	x.times = 1;
	if (read_options(&x, w, &i) < 0)
		return -1;
	default_tags(&x);
	if (build(&x, w, i) < 0)
		return -1;
	x.out.data = x.frame;
	x.out.port = x.link->port;
	s->mark_us = s->gateway.now_us;
	gateway_outcome_sums(&s->gateway, s->sums);
	s->log_lines = log_lines();
	cross_reset(&s->crossing);
	for (uint64_t n = 0; n < x.times; n++) {
		if (x.mutate != 0)
			mutate(&x, n);
		if ((x.fragments > 0 ? send_fragments(&x) : receive(&x)) < 0)
			return -1;
		x.spec.ip_id += x.fragments > 0;
	}
	return scenario_settle(s);
}
