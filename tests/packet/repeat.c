/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/packet/repeat.h"

#include <string.h>

#include "dns/wire.h"
#include "tests/packet/frame.h"
#include "tests/packet/scenario.h"

#define REPEAT_QUEUE 256  /* copies that wait to be sent */
#define REPEAT_INSTANT 64 /* copies in one instant: more is a loop that does not settle */

/* A copy that waits: the DNS message, and whose foot puts it where. */
struct copy {
	const struct station *from;
	unsigned family;
	struct mac_addr smac;
	struct ip_addr src;
	size_t len;
	uint8_t dns[FRAME_MAX];
};

static struct copy queue[REPEAT_QUEUE];
static unsigned n_queue;
static unsigned n_instant;
static uint64_t instant_us;

int statement_repeater(struct scenario *s, struct script_words *w)
{
	struct repeater *r = &s->repeater;

	if (w->n < 3 || r->foot[0] != NULL)
		return scenario_fail(s, "expected: repeater STATION STATION ..., once");
	for (unsigned i = 0; i < 2; i++) {
		r->foot[i] = scenario_station(s, w->word[1 + i]);
		if (r->foot[i] == NULL)
			return -1;
	}
	for (unsigned i = 3; i < w->n; i++) {
		if (strcmp(w->word[i], "as-is") == 0)
			r->as_is = true;
		else if (strcmp(w->word[i], "one-way") == 0)
			r->one_way = true;
		else
			return scenario_fail(s, "expected: as-is or one-way");
	}
	n_queue = 0;
	n_instant = 0;
	return 0;
}

/* The mDNS message of a frame to the group; false: it is none. */
static bool read_frame(const uint8_t *f, size_t len, struct copy *c)
{
	size_t off = 12;
	uint16_t type;

	while (off + 4 < len && (dns_load16(f + off) == 0x8100 || dns_load16(f + off) == 0x88a8))
		off += 4;
	type = dns_load16(f + off);
	off += 2;
	if (type == 0x0800 && off + 28 < len && f[off] == 0x45 && f[off + 9] == 17 &&
		f[off + 16] == 224) {
		c->family = 4;
		c->src = ip_from_bytes(4, f + off + 12);
		off += 20;
	} else if (type == 0x86dd && off + 48 < len && f[off + 6] == 17 && f[off + 24] == 0xff) {
		c->family = 6;
		c->src = ip_from_bytes(6, f + off + 8);
		off += 40;
	} else {
		return false;
	}
	if (dns_load16(f + off) != 5353 || dns_load16(f + off + 2) != 5353)
		return false;
	c->len = (size_t)dns_load16(f + off + 4) - 8;
	off += 8;
	if (c->len > len - off)
		return false;
	memcpy(c->smac.b, f + 6, 6);
	memcpy(c->dns, f + off, c->len);
	return true;
}

void repeat_heard(struct scenario *s, const struct dp_link *l, const uint8_t *frame, size_t len)
{
	const struct repeater *r = &s->repeater;
	struct copy *c = &queue[n_queue];

	for (unsigned i = 0; r->foot[0] != NULL && i < (r->one_way ? 1 : 2); i++) {
		if (strcmp(r->foot[i]->link, l->name) != 0 || n_queue == REPEAT_QUEUE ||
			!read_frame(frame, len, c) || mac_equal(&c->smac, &r->foot[i]->mac))
			continue;
		c->from = r->foot[!i];
		n_queue++;
		return;
	}
}

static int send_copy(struct scenario *s, const struct copy *c)
{
	static const uint8_t group4[] = {224, 0, 0, 251};
	static const uint8_t group6[16] = {0xff, 2, [15] = 0xfb};
	const struct dp_link *l = scenario_link(s, c->from->link);
	const struct ip_addr *own = station_source(c->from, c->family);
	struct frame_spec spec = {.smac = s->repeater.as_is ? c->smac : c->from->mac,
		.sport = 5353,
		.dport = 5353,
		.ttl = 255};
	static uint8_t frame[FRAME_MAX];
	struct gateway_frame out = {.data = frame, .queue = c->from->index};

	if (l == NULL || own == NULL)
		return scenario_fail(s, "the repeater cannot send");
	spec.src = s->repeater.as_is ? c->src : *own;
	spec.dst = ip_from_bytes(c->family, c->family == 4 ? group4 : group6);
	spec.dmac = frame_group_mac(&spec.dst);
	if (l->vlan != 0) {
		spec.n_tags = 1;
		spec.tpid[0] = 0x8100;
		spec.tci[0] = l->vlan;
	}
	out.port = l->port;
	out.len = frame_udp(&spec, c->dns, c->len, frame);
	s->repeater.copies++;
	if (out.len == 0 || gateway_receive(&s->gateway, &out) < 0)
		return scenario_fail(s, "no room for a repeater's copy");
	return 0;
}

int repeat_run(struct scenario *s)
{
	unsigned n = n_queue;
	static struct copy now[REPEAT_QUEUE];

	if (s->repeater.foot[0] == NULL || n == 0)
		return 0;
	if (s->gateway.now_us != instant_us) {
		instant_us = s->gateway.now_us;
		n_instant = 0;
	}
	n_instant += n;
	if (n_instant > REPEAT_INSTANT)
		return scenario_fail(s, "the gateway and the repeater feed each other without end");
	memcpy(now, queue, n * sizeof(now[0]));
	n_queue = 0;
	for (unsigned i = 0; i < n; i++)
		if (send_copy(s, &now[i]) < 0)
			return -1;
	return 1;
}
