/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz.h"

#include <stdbool.h>
#include <string.h>

#include <rte_eal.h>

#include "base/clock.h"
#include "base/log.h"
#include "dataplane/fast.h"
#include "dns/reader.h"
#include "dns/rdata.h"
#include "tests/fuzz/steps.h"
#include "tests/packet/frame.h"
#include "tests/packet/gateway.h"
#include "tests/packet/poison.h"

/*
 * A whole gateway, all threads in one on a virtual clock: an input is a series of steps (steps.h)
 * by which stations of three links send messages, frames and fragments and time passes. Whatever is
 * sent: each frame received ends in exactly one outcome; what the gateway sends is a whole frame
 * with a message that can be read to its last byte; and in the end, when all TTLs are over, nothing
 * is held any more.
 */

#define STEPS_MAX 48
#define LEAK_US (90 * 60 * (uint64_t)US_PER_SEC) /* open browsers are kept for 75 min */
#define PASSES_MAX 200000

static const char yaml[] =
	"gateway: {id: fuzz, workers: 2, limits: {records: 400, stations: 40, rendered: 1MiB}}\n"
	"ports: [{name: p, device: \"net_ring\"}]\n"
	"links:\n"
	"  - {name: a, port: p, vlan: 10, addresses: [10.10.0.2/24, \"fd00:10::2/64\"], policy: "
	"{in: learn, out: show}}\n"
	"  - {name: b, port: p, vlan: 20, addresses: [10.20.0.2/24, \"fd00:20::2/64\"], type: "
	"wireless, bridged: false, policy: {in: learn, out: mine}}\n"
	"  - {name: c, port: p, vlan: 30, addresses: [10.30.0.2/24, \"fd00:30::2/64\"], announce: "
	"true, require: [on-link-address], policy: {in: learn, out: show}}\n"
	"policies:\n"
	"  learn: [{deny: sleep-proxy}, {permit: any}]\n"
	"  show: [{permit: any, instance: \"?*\"}]\n"
	"  mine: [{permit: airprint, nearest: 3}, {permit: any, when: {same: user}}, {permit: any, "
	"txt: \"a=*\"}]\n"
	"stations: [{mac: \"02:00:00:00:14:01\", user: ann}, {mac: \"02:00:00:00:0a:01\", user: "
	"ann}]\n"
	"pinned: [airplay]\n"
	"admission: {station: {queries: 40/s, advertisements: 40/s, burst: 60}}\n";

static struct gateway gateway;
static char why[GATEWAY_WHY];
static uint8_t frame[FRAME_MAX];

#define MUST(call)                                                                                 \
	do {                                                                                       \
		if (!(call)) {                                                                     \
			fprintf(stderr, "%s\n", why);                                              \
			FUZZ_CHECK(call);                                                          \
		}                                                                                  \
	} while (0)

static void start_eal(void)
{
	static char args[][24] = {"fuzz", "--no-huge", "-m", "256", "--no-shconf", "--no-pci",
		"--no-telemetry", "--log-level=*:error", "--lcores=0@0"};
	enum { ARGC = sizeof(args) / sizeof(args[0]) };
	char *argv[ARGC + 1] = {NULL};
	static bool up;

	if (up)
		return;
	up = true;
	log_set_level("err");
	for (int i = 0; i < ARGC; i++)
		argv[i] = args[i];
	FUZZ_CHECK(rte_eal_init(ARGC, argv) >= 0);
	FUZZ_CHECK(gateway_prepare() == 0);
}

/* --- what the gateway sends ------------------------------------------------------------------ */

static void check_message(const uint8_t *dns, size_t len)
{
	static uint8_t rdata[DNS_RDATA_MAX];
	static struct dns_question q;
	static struct dns_rr rr;
	struct dns_reader r;
	int rc;

	FUZZ_CHECK(dns_reader_init(&r, dns, len) == 0);
	while ((rc = dns_reader_question(&r, &q)) == 1)
		;
	FUZZ_CHECK(rc == 0);
	while ((rc = dns_reader_rr(&r, &rr)) == 1) {
		int n = dns_rdata_expand(&r, &rr, rdata, sizeof(rdata));

		FUZZ_CHECK(n >= 0 && dns_rdata_check(rr.rrtype, rdata, (size_t)n));
		FUZZ_CHECK(rr.rrtype != DNS_TYPE_OPT);
	}
	FUZZ_CHECK(rc == 0);
	FUZZ_CHECK(r.pos == len);
}

static void check_frame(const uint8_t *p, size_t len)
{
	size_t at = 18, ip;
	uint16_t type, vlan;

	FUZZ_CHECK(len >= 18 + 20 && p[12] == 0x81 && p[13] == 0);
	vlan = (uint16_t)(p[14] << 8 | p[15]);
	FUZZ_CHECK(vlan == 10 || vlan == 20 || vlan == 30);
	type = (uint16_t)(p[16] << 8 | p[17]);
	FUZZ_CHECK(type == 0x0800 || type == 0x86dd || type == 0x0806);
	if (type == 0x0806)
		return;
	if (type == 0x0800) {
		ip = (size_t)(p[at + 2] << 8 | p[at + 3]);
		FUZZ_CHECK(ip <= 1500 && at + ip <= len);
		if (p[at + 9] != 17 || (p[at + 6] & 0x3f) != 0 || p[at + 7] != 0)
			return;
		at += (p[at] & 0xfu) * 4u;
	} else {
		ip = 40 + (size_t)(p[at + 4] << 8 | p[at + 5]);
		FUZZ_CHECK(ip <= 1500 && at + ip <= len);
		if (p[at + 6] != 17)
			return;
		at += 40;
	}
	FUZZ_CHECK((size_t)(p[at + 4] << 8 | p[at + 5]) + at == 18 + ip);
	check_message(p + at + 8, 18 + ip - at - 8);
}

static void settle(void)
{
	static uint8_t sent[FRAME_MAX];
	uint16_t port;
	size_t len;

	MUST(gateway_settle(&gateway, why) == 0);
	while ((len = gateway_sent(&gateway, sent, sizeof(sent), &port)) > 0)
		check_frame(sent, len);
}

/* Timer by timer, as time would. */
static void pass(uint64_t us)
{
	uint64_t until = gateway.now_us + us, at;
	unsigned n = 0;

	while (gateway_next(&gateway, &at) && at < until) {
		FUZZ_CHECK(n++ < PASSES_MAX);
		gateway.now_us = at > gateway.now_us ? at : gateway.now_us + US_PER_MS;
		settle();
	}
	if (gateway.now_us < until)
		gateway.now_us = until;
	settle();
}

/* --- what stations send ---------------------------------------------------------------------- */

static void receive(const uint8_t *data, size_t len, unsigned queue)
{
	const struct gateway_frame f = {
		.data = data, .len = len, .port = gateway.ports[0].id, .queue = queue % 2};

	if (len > 0 && gateway_receive(&gateway, &f) < 0) {
		settle();
		gateway_receive(&gateway, &f);
	}
}

/* Station 1..7 of a link. */
static void spec_of(const struct step *s, struct frame_spec *out)
{
	static const uint16_t vlans[] = {10, 20, 30};
	static const struct ip_addr group4 = {4, {224, 0, 0, 251}};
	static const struct ip_addr group6 = {6, {0xff, 2, [15] = 0xfb}};
	uint8_t vlan = (uint8_t)vlans[s->link % 3], host = (uint8_t)(1 + s->station % 7);

	*out = (struct frame_spec){.sport = s->flags & STEP_LEGACY ? 40000 : 5353,
		.dport = 5353,
		.ttl = 255,
		.tpid = {0x8100},
		.tci = {vlan},
		.n_tags = 1};
	out->smac = (struct mac_addr){{2, 0, 0, 0, vlan, host}};
	if (s->flags & STEP_IPV6) {
		out->src = (struct ip_addr){6, {0xfd, 0, 0,
						       vlan == 10   ? 0x10
						       : vlan == 20 ? 0x20
								    : 0x30,
						       [15] = (uint8_t)(host + 16)}};
		out->dst = group6;
	} else {
		out->src = (struct ip_addr){4, {10, vlan, 0, (uint8_t)(host + 16)}};
		out->dst = group4;
	}
	out->dmac = frame_group_mac(&out->dst);
	if (s->flags & STEP_DIRECT) { /* to the gateway itself */
		const struct dp_link *l = gateway_link(&gateway, vlan == 10   ? "a"
								 : vlan == 20 ? "b"
									      : "c");

		if (l == NULL)
			return;
		out->dmac = l->mac;
		if (out->src.family == 4)
			out->dst = ip_from_bytes(4, (const uint8_t *)&l->addr4);
		else
			out->dst = ip_from_bytes(6, l->addr6[0]);
	}
}

static void send_fragments(const struct step *s, struct frame_spec *spec)
{
	static uint8_t datagram[FRAME_MAX];
	size_t len = frame_datagram(spec, s->data, s->len, datagram);
	size_t size = 8u * (1u + s->size % 128u);
	unsigned n = 0;

	spec->fragment_header = true;
	spec->ip_id = 1 + s->size;
	for (size_t at = 0; at < len && n < 300; at += size, n++) {
		size_t piece = len - at < size ? len - at : size;
		bool more = at + piece < len;

		spec->fragment = spec->src.family == 4 ? (uint16_t)(at / 8 | (more ? 0x2000u : 0))
						       : (uint16_t)(at | more);
		receive(frame, frame_ip(spec, 17, datagram + at, piece, frame), s->station);
		if (n % 32 == 31)
			settle();
	}
}

static void run(const struct step *s)
{
	static const uint64_t ms[] = {1, 25, 120, 300, 1000, 1500, 6000, 30000, 120000, 4600000};
	struct frame_spec spec;

	switch (s->kind) {
	case STEP_MESSAGE:
		spec_of(s, &spec);
		receive(frame, frame_udp(&spec, s->data, s->len, frame), s->station);
		break;
	case STEP_FRAGMENTS:
		spec_of(s, &spec);
		send_fragments(s, &spec);
		break;
	case STEP_FRAME:
		receive(s->data, s->len < FRAME_MAX ? s->len : FRAME_MAX, s->station);
		break;
	case STEP_PASS:
		pass(ms[s->size % (sizeof(ms) / sizeof(ms[0]))] * US_PER_MS);
		break;
	case STEP_PORT:
		gateway_port_state(&gateway, gateway.ports[0].id, s->size & 1, why);
		break;
	default:
		break;
	}
	if ((s->flags & STEP_BURST) == 0)
		settle();
}

/* --- one input after the other --------------------------------------------------------------- */

/* A start takes longer than most inputs, so one gateway has many. What it had is written to
 * HISTORY if one fails: an input that does the same alone. */
#define INPUTS_MAX 200
#define HISTORY_MAX (1u << 20)
#define HISTORY "fuzz-gateway-history"

static struct {
	uint8_t bytes[HISTORY_MAX];
	size_t len;
	unsigned inputs;
} history;

#ifdef POISON_ON
static void write_history(void)
{
	FILE *f = fopen(HISTORY, "wb");

	if (f == NULL)
		return;
	fwrite(history.bytes, 1, history.len, f);
	fclose(f);
	fprintf(stderr, "all that this gateway had: %s, %zu bytes\n", HISTORY, history.len);
}

void __sanitizer_set_death_callback(void (*callback)(void));
#endif

static void remember(const uint8_t *data, size_t size)
{
	static const uint8_t end[STEP_HEAD] = {STEP_END};

	memcpy(history.bytes + history.len, data, size);
	memcpy(history.bytes + history.len + size, end, sizeof(end));
	history.len += size + sizeof(end);
	history.inputs++;
}

/* Nothing of what came before is held any more. */
static void end(void)
{
	settle();
	FUZZ_CHECK(gateway_port_state(&gateway, gateway.ports[0].id, true, why) == 0);
	FUZZ_CHECK(gateway_flush(&gateway, 0, why) >= 0);
	pass(LEAK_US);
	FUZZ_CHECK(gateway_outcomes(&gateway) == gateway.received);
	MUST(gateway_leak(&gateway, why) == NULL);
}

static void start(void)
{
	const struct gateway_start how = {.name = "fuzz",
		.yaml = yaml,
		.render = true,
		.fast = dp_fast_choose(NULL),
		.now_us = 3600 * (uint64_t)US_PER_SEC,
		.seed = 1};

	start_eal();
#ifdef POISON_ON
	__sanitizer_set_death_callback(write_history);
#endif
	if (history.inputs > 0)
		gateway_stop(&gateway);
	history.inputs = 0;
	history.len = 0;
	MUST(gateway_start(&gateway, &how, why) == 0);
	settle();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t pos = 0;
	struct step s;
	unsigned n = 0;

	if (size > HISTORY_MAX / 2)
		return 0;
	if (history.inputs == 0 || history.inputs == INPUTS_MAX ||
		history.len + size + STEP_HEAD > HISTORY_MAX)
		start();
	remember(data, size);
	while (step_next(data, size, &pos, &s)) {
		if (s.kind == STEP_END)
			end();
		n = s.kind == STEP_END ? 0 : n + 1;
		if (n <= STEPS_MAX)
			run(&s);
	}
	end();
	return 0;
}
