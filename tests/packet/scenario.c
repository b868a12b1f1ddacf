/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/packet/scenario.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>

#include "base/clock.h"
#include "dns/name.h"
#include "tests/packet/frame.h"
#include "tests/packet/gather.h"
#include "tests/packet/invariant.h"

/* The clock starts here unless a scenario says otherwise. */
#define CLOCK_START_US (1000 * US_PER_SEC)
/* Reports and address detection of the start are over by then. */
#define WARM_UP_US (10 * US_PER_SEC)
/* All that waits for an answer has given up by then, and then every hint has aged out. */
#define DRAIN_US (30 * US_PER_SEC)
/* What goes to all after it went to one goes within the delay of shared answers and the second
 * between two multicasts. */
#define COPY_US (1200 * US_PER_MS)
#define FORGET_US (4 * UINT64_C(3600) * US_PER_SEC)

/* --- failures ----------------------------------------------------------------------------------
 */

static void __attribute__((format(printf, 2, 0)))
explain(struct scenario *s, const char *fmt, va_list ap)
{
	size_t n = strlen(s->why);

	vsnprintf(s->why + n, SCENARIO_WHY - n, fmt, ap);
}

int scenario_fail_at(struct scenario *s, const struct script_line *at, const char *fmt, ...)
{
	va_list ap;

	if (s->why[0] != '\0')
		return -1;
	if (at != NULL)
		snprintf(s->why, SCENARIO_WHY, "%s:%u: ", at->file, at->number);
	va_start(ap, fmt);
	explain(s, fmt, ap);
	va_end(ap);
	return -1;
}

int scenario_fail(struct scenario *s, const char *fmt, ...)
{
	const struct script_line *at = s->at < s->script.n ? &s->script.line[s->at] : NULL;
	va_list ap;

	if (s->why[0] != '\0')
		return -1;
	if (at != NULL)
		snprintf(s->why, SCENARIO_WHY, "%s:%u: ", at->file, at->number);
	else
		snprintf(s->why, SCENARIO_WHY, "%s: at the end: ", s->path);
	va_start(ap, fmt);
	explain(s, fmt, ap);
	va_end(ap);
	return -1;
}

void scenario_show(struct scenario *s, uint64_t from_us)
{
	size_t n = strlen(s->why);
	FILE *out = fmemopen(s->why + n, SCENARIO_WHY - n, "w");
	unsigned shown = 0;

	if (out == NULL)
		return;
	for (size_t i = 0; i < s->n_captures; i++) {
		const struct capture *c = &s->capture[i];

		if (c->taken || c->d.at_us < from_us || scenario_ignores(s, c))
			continue;
		dissect_print(&c->d, c->link->name, s->mark_us, out);
		shown++;
	}
	if (shown == 0)
		fprintf(out, "  (nothing)\n");
	fclose(out);
}

/* --- names -------------------------------------------------------------------------------------
 */

struct station *scenario_station(struct scenario *s, const char *name)
{
	for (unsigned i = 0; i < s->n_stations; i++)
		if (strcmp(s->station[i].name, name) == 0)
			return &s->station[i];
	scenario_fail(s, "no station %s", name);
	return NULL;
}

const struct dp_link *scenario_link(struct scenario *s, const char *name)
{
	for (unsigned i = s->n_links; i-- > 0;)
		if (strcmp(s->link[i].name, name) == 0)
			return &s->link[i];
	scenario_fail(s, "no link %s", name);
	return NULL;
}

/* Is it the same place on the wire? */
static bool same_link(const struct dp_link *a, const struct dp_link *b)
{
	return strcmp(a->name, b->name) == 0 && a->port == b->port && a->vlan == b->vlan &&
	       a->addr4 == b->addr4;
}

int scenario_learn_links(struct scenario *s)
{
	const struct dp_world *w = s->gateway.world;

	memset(s->gone, true, sizeof(s->gone));
	for (uint16_t id = 1; w != NULL && id < w->n_ids; id++) {
		const struct dp_link *l = dp_world_link(w, id);
		unsigned i = 0;

		if (l == NULL)
			continue;
		while (i < s->n_links && !same_link(&s->link[i], l))
			i++;
		if (i == SCENARIO_LINKS)
			return scenario_fail(s, "more than %d links", SCENARIO_LINKS);
		if (i == s->n_links) {
			s->ignore[i] = IGNORE_HOST | IGNORE_COPIES;
			s->n_links++;
		}
		s->link[i] = *l;
		s->gone[i] = false;
	}
	return 0;
}

int scenario_block(struct scenario *s, const struct script_line **first, size_t *n)
{
	size_t end = script_block_end(&s->script, s->at + 1);

	if (end == s->script.n)
		return scenario_fail(s, "the block is not closed");
	*first = &s->script.line[s->at + 1];
	*n = end - s->at - 1;
	s->at = end;
	return 0;
}

/* --- what the gateway sends --------------------------------------------------------------------
 */

/* Is it about the gateway itself? That belongs to its duties as a host. */
static bool is_about_us(const struct dissected *d)
{
	static const uint8_t type[] = "\x09_linkspan\x04_udp\x05local";

	return (d->kind == DISSECT_QUERY || d->kind == DISSECT_RESPONSE) && d->n_rr > 0 &&
	       memcmp(d->rr[0].name, type, sizeof(type)) == 0;
}

static bool has_answer(const struct dissected *d, const struct dissect_rr *r)
{
	for (size_t i = 0; i < d->n_rr; i++)
		if (d->rr[i].section == DNS_SECTION_ANSWER && d->rr[i].rrtype == r->rrtype &&
			d->rr[i].rdlen == r->rdlen && dns_name_equal(d->rr[i].name, r->name) &&
			memcmp(d->rr[i].rdata, r->rdata, r->rdlen) == 0)
			return true;
	return false;
}

/* Was the record sent to one station of the link a moment ago? */
static bool was_unicast(
	const struct scenario *s, const struct capture *c, const struct dissect_rr *r)
{
	for (const struct capture *o = c; o-- > s->capture;) {
		if (o->d.at_us + COPY_US < c->d.at_us)
			return false;
		if (o->link == c->link && o->d.kind == DISSECT_RESPONSE && !dissect_to_all(&o->d) &&
			has_answer(&o->d, r))
			return true;
	}
	return false;
}

static bool is_copy(const struct scenario *s, const struct capture *c)
{
	if (c->d.kind != DISSECT_RESPONSE || !dissect_to_all(&c->d))
		return false;
	for (size_t i = 0; i < c->d.n_rr; i++)
		if (c->d.rr[i].section == DNS_SECTION_ANSWER && !was_unicast(s, c, &c->d.rr[i]))
			return false;
	return true;
}

bool scenario_ignores(const struct scenario *s, const struct capture *c)
{
	unsigned what = s->ignore[c->link - s->link];

	if (is_about_us(&c->d) && (what & IGNORE_HOST))
		return true;
	if (c->copy && (what & IGNORE_COPIES))
		return true;

	switch (c->d.kind) {
	case DISSECT_HOST:
		return what & IGNORE_HOST;
	case DISSECT_QUERY:
		return what & IGNORE_QUERIES;
	case DISSECT_RESPONSE:
		return what & IGNORE_ANSWERS;
	default:
		return false;
	}
}

static const struct dp_link *link_of(const struct scenario *s, const struct dissected *d)
{
	uint16_t vlan = d->n_tags > 0 ? d->tci & 0xfff : 0;

	for (unsigned i = s->n_links; i-- > 0;)
		if (s->link[i].port == d->port && s->link[i].vlan == vlan)
			return &s->link[i];
	return NULL;
}

static void count_second(struct scenario *s)
{
	uint64_t second = s->gateway.now_us / 1000000;

	if (second != s->second)
		s->in_second = 0;
	s->second = second;
	if (++s->in_second > s->busiest)
		s->busiest = s->in_second;
}

static struct capture *add_capture(struct scenario *s)
{
	if (s->n_captures % 256 == 0) {
		s->capture = realloc(s->capture, (s->n_captures + 256) * sizeof(*s->capture));
		if (s->capture == NULL)
			abort();
	}
	memset(&s->capture[s->n_captures], 0, sizeof(*s->capture));
	return &s->capture[s->n_captures++];
}

/* Takes in everything the gateway has sent by now; none of it may be malformed. */
static int take_in(struct scenario *s)
{
	static uint8_t frame[FRAME_MAX + 256];
	uint16_t port;
	size_t len;

	while ((len = gateway_sent(&s->gateway, frame, sizeof(frame), &port)) > 0) {
		/* Not its own: nothing of what follows is for those. */
		if (cross_heard(s, port, frame, len))
			continue;
		struct capture *c;

		if (s->pcap != NULL)
			pcap_write(s->pcap, s->gateway.now_us, frame, len);
		count_second(s);
		if (gather_fragment(&s->gather, frame, &len, sizeof(frame)))
			continue;
		c = add_capture(s);
		c->d.at_us = s->gateway.now_us;
		c->d.port = port;
		dissect(&c->d, frame, len);
		gather_note(&s->gather, &c->d);
		c->link = link_of(s, &c->d);
		if (c->link == NULL) {
			c->link = &s->link[0];
			return scenario_fail(s, "a frame with tag 0x%04x on no link: %s", c->d.tci,
				c->d.problem);
		}
		c->copy = is_copy(s, c);
		repeat_heard(s, c->link, frame, len);
		invariants_check(s->invariants, s, c);
		if (c->d.problem[0] == '\0')
			continue;
		scenario_fail(s, "a frame that must not be sent: %s\n", c->d.problem);
		s->ignore[c->link - s->link] = 0;
		scenario_show(s, s->gateway.now_us);
		return -1;
	}
	return s->gather.parts > 0 ? scenario_fail(s, "fragments that make no packet") : 0;
}

int scenario_settle(struct scenario *s)
{
	char why[GATEWAY_WHY];
	uint64_t ended;
	int repeated;

	do {
		if (gateway_settle(&s->gateway, why) < 0)
			return scenario_fail(s, "%s", why);
		if (take_in(s) < 0)
			return -1;
		repeated = repeat_run(s);
	} while (repeated > 0);
	if (repeated < 0)
		return -1;
	for (unsigned w = 0; w < s->gateway.n_workers; w++)
		if (s->gateway.worker_stalls[w])
			return 0;
	if (s->accounted == s->gateway.received)
		return 0;
	ended = gateway_outcomes(&s->gateway);
	if (ended != s->gateway.received)
		return scenario_fail(s,
			"%" PRIu64 " frames received, %" PRIu64 " ended in an outcome",
			s->gateway.received, ended);
	s->accounted = ended;
	return 0;
}

int scenario_step(struct scenario *s, uint64_t until_us)
{
	uint64_t next;

	if (!gateway_next(&s->gateway, &next) || next > until_us)
		next = until_us;
	s->gateway.now_us = next;
	return scenario_settle(s);
}

int scenario_advance(struct scenario *s, uint64_t until_us)
{
	while (s->gateway.now_us < until_us)
		if (scenario_step(s, until_us) < 0)
			return -1;
	return 0;
}

int scenario_no_leftovers(struct scenario *s)
{
	for (size_t i = 0; i < s->n_captures; i++) {
		const struct capture *c = &s->capture[i];

		if (c->taken || scenario_ignores(s, c))
			continue;
		scenario_fail(s, "sent, and nobody expected it:\n");
		scenario_show(s, 0);
		return -1;
	}
	return 0;
}

static void forget_captures(struct scenario *s)
{
	for (size_t i = 0; i < s->n_captures; i++)
		dissect_free(&s->capture[i].d);
	free(s->capture);
	cross_fini(&s->crossing);
	s->capture = NULL;
	s->n_captures = 0;
}

/* --- the run -----------------------------------------------------------------------------------
 */

int scenario_start(struct scenario *s)
{
	struct gateway_start how = {.name = s->name,
		.yaml = s->yaml,
		.workers = s->workers,
		.render = s->render,
		.fast = s->fast,
		.queues = s->queues,
		.seed = s->seed,
		.now_us = s->start_us,
		.soft_checksum = s->soft_checksum};
	char why[GATEWAY_WHY] = "";

	if (s->started)
		return 0;
	if (s->yaml == NULL)
		return scenario_fail(s, "there is no config before this");
	s->started = true;
	if (gateway_start(&s->gateway, &how, why) < 0)
		return scenario_fail(s, "the gateway does not start: %s", why);
	if (scenario_learn_links(s) < 0)
		return -1;
	for (unsigned i = 0; s->cold && i < s->n_links; i++)
		s->ignore[i] = 0;
	s->mark_us = s->gateway.now_us;
	if (scenario_settle(s) < 0)
		return -1;
	if (!s->cold && scenario_advance(s, s->gateway.now_us + WARM_UP_US) < 0)
		return -1;
	s->mark_us = s->gateway.now_us;
	return s->cold ? 0 : scenario_no_leftovers(s);
}

/* Lets everything end: nothing waits, no record is held, the links are left. */
static int drain(struct scenario *s)
{
	char why[GATEWAY_WHY];
	const char *leak;

	for (unsigned i = 0; i < s->n_links; i++)
		s->ignore[i] = IGNORE_HOST | IGNORE_QUERIES | IGNORE_ANSWERS;
	memset(&s->repeater, 0, sizeof(s->repeater));
	if (scenario_advance(s, s->gateway.now_us + DRAIN_US) < 0)
		return -1;
	if (gateway_flush(&s->gateway, 0, why) < 0 || scenario_settle(s) < 0)
		return scenario_fail(s, "flush: %s", why);
	if (scenario_advance(s, s->gateway.now_us + FORGET_US) < 0)
		return -1;
	leak = gateway_leak(&s->gateway, why);
	if (leak != NULL)
		return scenario_fail(s, "leaked: %s", leak);
	if (gateway_leave(&s->gateway, why) < 0)
		return scenario_fail(s, "leave: %s", why);
	if (scenario_advance(s, s->gateway.now_us + DRAIN_US) < 0)
		return -1;
	leak = gateway_leak(&s->gateway, why);
	return leak != NULL ? scenario_fail(s, "leaked after leaving: %s", leak) : 0;
}

/* Bytes in use in EAL's heap. */
static size_t heap(void)
{
	struct rte_malloc_socket_stats stats;

	return rte_malloc_get_socket_stats(0, &stats) == 0 ? stats.heap_allocsz_bytes : 0;
}

static int run_script(struct scenario *s)
{
	for (s->at = 0; s->at < s->script.n; s->at++)
		if (statement_run(s) < 0)
			return -1;
	if (!s->started)
		return scenario_fail(s, "nothing happens in this scenario");
	return scenario_no_leftovers(s);
}

static bool is_capture(const char *path)
{
	size_t len = strlen(path);

	return len > 5 && strcmp(path + len - 5, ".pcap") == 0;
}

int scenario_run(struct scenario *s, const char *path, const struct scenario_options *o)
{
	char why[SCRIPT_WHY];
	size_t before = heap(), after;
	int rc;

	memset(s, 0, sizeof(*s));
	s->path = path;
	s->workers = o->workers;
	s->render = !o->plain;
	s->fast = o->fast;
	s->seed = o->seed;
	s->pcap = o->pcap;
	s->start_us = CLOCK_START_US;
	s->why = calloc(1, SCENARIO_WHY);
	s->invariants = invariants_create();
	if (s->why == NULL)
		abort();
	if (!is_capture(path) && script_load(&s->script, path, why) < 0) {
		snprintf(s->why, SCENARIO_WHY, "%s", why);
		return -1;
	}
	rc = is_capture(path) ? replay_run(s) : run_script(s);
	if (rc == 0)
		rc = drain(s);
	gateway_stop(&s->gateway);
	after = heap();
	if (rc == 0 && after != before)
		rc = scenario_fail(s, "leaked: %zd bytes of EAL's heap", (ssize_t)(after - before));
	return rc;
}

void scenario_free(struct scenario *s)
{
	forget_captures(s);
	invariants_free(s->invariants);
	script_free(&s->script);
	free(s->yaml);
	free(s->why);
	memset(s, 0, sizeof(*s));
}
