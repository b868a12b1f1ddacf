/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/packet/scenario.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cache/cache.h"
#include "tests/packet/invariant.h"

/* The statements that are neither `send` nor `expect`. README.md lists them. */

typedef int (*statement_fn)(struct scenario *s, struct script_words *w);

/* --- configuration
 * -------------------------------------------------------------------------------- */

/* The block's lines as one text. */
static int read_yaml(struct scenario *s, char **out)
{
	const struct script_line *line;
	size_t n, size = 1;
	char *text;

	if (scenario_block(s, &line, &n) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		size += strlen(line[i].text) + 1;
	text = malloc(size);
	if (text == NULL)
		abort();
	text[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		strcat(text, line[i].text);
		strcat(text, "\n");
	}
	*out = text;
	return 0;
}

static int do_config(struct scenario *s, struct script_words *w)
{
	if (s->started || w->n != 2)
		return scenario_fail(s, "expected: config { before the gateway starts");
	free(s->yaml);
	s->yaml = NULL;
	s->name = s->script.line[s->at].file;
	return read_yaml(s, &s->yaml);
}

/* \n and \" of a quoted word. */
static void unescape(char *word)
{
	char *to = word;

	for (; *word != '\0'; word++) {
		if (word[0] == '\\' && (word[1] == 'n' || word[1] == '"'))
			*to++ = *++word == 'n' ? '\n' : '"';
		else
			*to++ = *word;
	}
	*to = '\0';
}

/* The text with the one place that says `old` saying `new`; NULL: there is not one. */
static char *replaced(const char *text, char *old, char *new)
{
	const char *at;
	char *out;

	unescape(old);
	unescape(new);
	at = strstr(text, old);

	if (at == NULL || strstr(at + 1, old) != NULL)
		return NULL;
	if (asprintf(&out, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old)) < 0)
		abort();
	return out;
}

/* "set "OLD" "NEW"": in the configuration before the start. */
static int do_set(struct scenario *s, struct script_words *w)
{
	char *text;

	if (w->n != 3 || s->started || s->yaml == NULL)
		return scenario_fail(s, "expected: set OLD NEW, between config and the start");
	text = replaced(s->yaml, w->word[1], w->word[2]);
	if (text == NULL)
		return scenario_fail(s, "the configuration does not say that once: %s", w->word[1]);
	free(s->yaml);
	s->yaml = text;
	return 0;
}

/* "reload {" a whole configuration, or "reload OLD NEW". */
static int do_reload(struct scenario *s, struct script_words *w)
{
	char why[GATEWAY_WHY] = "", *text = NULL;

	if (scenario_start(s) < 0)
		return -1;
	if (w->n == 2 && strcmp(w->word[1], "{") == 0) {
		if (read_yaml(s, &text) < 0)
			return -1;
	} else if (w->n == 3) {
		text = replaced(s->yaml, w->word[1], w->word[2]);
		if (text == NULL)
			return scenario_fail(
				s, "the configuration does not say that once: %s", w->word[1]);
	} else {
		return scenario_fail(s, "expected: reload { or reload OLD NEW");
	}
	free(s->yaml);
	s->yaml = text;
	s->mark_us = s->gateway.now_us;
	if (gateway_reload(&s->gateway, s->name, s->yaml, why) < 0)
		return scenario_fail(s, "reload: %s", why);
	return scenario_learn_links(s) < 0 ? -1 : scenario_settle(s);
}

/* "reload-fails OLD NEW": refused, and what is in force stays. */
static int do_reload_fails(struct scenario *s, struct script_words *w)
{
	char why[GATEWAY_WHY] = "", *text;
	int rc;

	if (w->n != 3 || scenario_start(s) < 0)
		return scenario_fail(s, "expected: reload-fails OLD NEW");
	text = replaced(s->yaml, w->word[1], w->word[2]);
	if (text == NULL)
		return scenario_fail(s, "the configuration does not say that once: %s", w->word[1]);
	rc = gateway_reload(&s->gateway, s->name, text, why);
	free(text);
	return rc == 0 ? scenario_fail(s, "the reload was not refused") : scenario_settle(s);
}

static int before_start(struct scenario *s, const char *what)
{
	return s->started ? scenario_fail(s, "%s has to stand before the start", what) : 0;
}

static int do_workers(struct scenario *s, struct script_words *w)
{
	uint64_t n;

	if (w->n != 2 || script_number(w->word[1], GATEWAY_WORKERS_MAX, &n) < 0 || n == 0)
		return scenario_fail(s, "expected: workers 1..%d", GATEWAY_WORKERS_MAX);
	s->workers = (unsigned)n;
	return before_start(s, "workers");
}

/* "queues N": of each port, fewer or more than workers. */
static int do_queues(struct scenario *s, struct script_words *w)
{
	uint64_t n;

	if (w->n != 2 || script_number(w->word[1], GATEWAY_WORKERS_MAX, &n) < 0 || n == 0)
		return scenario_fail(s, "expected: queues 1..%d", GATEWAY_WORKERS_MAX);
	s->queues = (unsigned)n;
	return before_start(s, "queues");
}

/* "clock 4294960s": where the clock starts, to pass where milliseconds wrap. */
static int do_clock(struct scenario *s, struct script_words *w)
{
	if (w->n != 2 || script_duration(w->word[1], &s->start_us) < 0)
		return scenario_fail(s, "expected: clock TIME");
	return before_start(s, "clock");
}

static int do_soft_checksum(struct scenario *s, struct script_words *w)
{
	(void)w;
	s->soft_checksum = true;
	return before_start(s, "soft-checksum");
}

static int do_cold(struct scenario *s, struct script_words *w)
{
	(void)w;
	s->cold = true;
	return before_start(s, "cold");
}

/* --- stations
 * ------------------------------------------------------------------------------------- */

/* "station NAME link LINK mac MAC ip ADDRESS..." */
static int do_station(struct scenario *s, struct script_words *w)
{
	struct station *st = &s->station[s->n_stations];

	if (s->n_stations == STATIONS_MAX || w->n < 6 || strcmp(w->word[2], "link") != 0 ||
		strcmp(w->word[4], "mac") != 0 || w->n - 6 > STATION_ADDRS)
		return scenario_fail(s, "expected: station NAME link LINK mac MAC ip ADDRESS...");
	memset(st, 0, sizeof(*st));
	snprintf(st->name, sizeof(st->name), "%s", w->word[1]);
	snprintf(st->link, sizeof(st->link), "%s", w->word[3]);
	if (mac_parse(w->word[5], &st->mac) < 0)
		return scenario_fail(s, "not a MAC: %s", w->word[5]);
	for (unsigned i = 7; i < w->n; i++)
		if (ip_parse(w->word[i], &st->addr[st->n_addr++]) < 0)
			return scenario_fail(s, "not an address: %s", w->word[i]);
	st->addr[st->n_addr++] = ip_link_local_from_mac(&st->mac);
	st->index = s->n_stations++;
	return 0;
}

/* --- time
 * ----------------------------------------------------------------------------------------- */

static int do_elapse(struct scenario *s, struct script_words *w)
{
	uint64_t us;

	if (w->n != 2 || script_duration(w->word[1], &us) < 0)
		return scenario_fail(s, "expected: elapse DURATION");
	if (scenario_start(s) < 0 || scenario_advance(s, s->gateway.now_us + us) < 0)
		return -1;
	if (scenario_no_leftovers(s) < 0)
		return -1;
	s->mark_us = s->gateway.now_us;
	return 0;
}

/* --- what is let pass
 * ------------------------------------------------------------------------------- */

static int set_ignore(struct scenario *s, struct script_words *w, bool on)
{
	const struct dp_link *only = NULL;
	unsigned what = 0;

	if (scenario_start(s) < 0)
		return -1;
	if (w->n >= 2 && strcmp(w->word[1], "host") == 0)
		what = IGNORE_HOST;
	else if (w->n >= 2 && strcmp(w->word[1], "queries") == 0)
		what = IGNORE_QUERIES;
	else if (w->n >= 2 && strcmp(w->word[1], "answers") == 0)
		what = IGNORE_ANSWERS;
	else if (w->n >= 2 && strcmp(w->word[1], "copies") == 0)
		what = IGNORE_COPIES;
	if (what == 0 || (w->n != 2 && (w->n != 4 || strcmp(w->word[2], "on") != 0)))
		return scenario_fail(s, "expected: host|queries|answers|copies [on LINK]");
	if (w->n == 4) {
		only = scenario_link(s, w->word[3]);
		if (only == NULL)
			return -1;
	}
	for (unsigned i = 0; i < s->n_links; i++) {
		if (only != NULL && only != &s->link[i])
			continue;
		s->ignore[i] = on ? s->ignore[i] | what : s->ignore[i] & ~what;
	}
	/* What was sent while nobody looked is not news. */
	for (size_t i = 0; i < s->n_captures && !on; i++)
		s->capture[i].taken = true;
	return 0;
}

static int do_ignore(struct scenario *s, struct script_words *w)
{
	return set_ignore(s, w, true);
}

static int do_watch(struct scenario *s, struct script_words *w)
{
	return set_ignore(s, w, false);
}

static int do_defending(struct scenario *s, struct script_words *w)
{
	(void)w;
	invariants_defending(s->invariants);
	return 0;
}

static int do_allow_echo(struct scenario *s, struct script_words *w)
{
	(void)w;
	invariants_allow_echo(s->invariants);
	return 0;
}

/* --- counts
 * --------------------------------------------------------------------------------------- */

static int check_count(struct scenario *s, const char *what, int64_t got, const char *want)
{
	const char *dots = strstr(want, "..");
	uint64_t lo, hi;
	char first[24];

	snprintf(first, sizeof(first), "%.*s", dots != NULL ? (int)(dots - want) : 23, want);
	if (script_number(first, INT64_MAX, &lo) < 0 ||
		(dots != NULL && script_number(dots + 2, INT64_MAX, &hi) < 0))
		return scenario_fail(s, "not a count: %s", want);
	if (dots == NULL)
		hi = lo;
	if (got < (int64_t)lo || got > (int64_t)hi)
		return scenario_fail(s, "%s is %" PRId64 ", not %s", what, got, want);
	return 0;
}

/* "counter LINK|none NAME N" since the start. */
static int do_counter(struct scenario *s, struct script_words *w)
{
	const struct dp_link *l;
	int64_t got;
	uint16_t id = 0;

	if (w->n != 4 || scenario_start(s) < 0)
		return scenario_fail(s, "expected: counter LINK|none NAME N");
	if (strcmp(w->word[1], "none") != 0) {
		l = scenario_link(s, w->word[1]);
		if (l == NULL)
			return -1;
		id = l->id;
	}
	got = gateway_counter(&s->gateway, id, w->word[2]);
	if (got < 0)
		return scenario_fail(s, "no outcome or event %s", w->word[2]);
	/* packet_runner -p: there is no short way. */
	for (unsigned i = DP_EV_rendered; !s->render && i <= DP_EV_heard_again; i++)
		if (strcmp(w->word[2], dp_event_name(i)) == 0)
			return check_count(s, w->word[2], got, "0");
	return check_count(s, w->word[2], got, w->word[3]);
}

/* "control NAME N" since the start. */
static int do_control(struct scenario *s, struct script_words *w)
{
	unsigned i = 0;

	if (w->n != 3 || scenario_start(s) < 0)
		return scenario_fail(s, "expected: control NAME N");
	while (i < CTL_N_COUNTERS && strcmp(ctl_counter_name(i), w->word[1]) != 0)
		i++;
	if (i == CTL_N_COUNTERS)
		return scenario_fail(s, "control counts no %s", w->word[1]);
	return check_count(s, w->word[1], (int64_t)ctl_counter(s->gateway.ctl, i), w->word[2]);
}

/* NAME [N], or NAME N NAME N... */
static int read_outcomes(struct scenario *s, struct script_words *w, uint64_t *want)
{
	for (unsigned i = 1; i < w->n; i += 2) {
		unsigned o = 0;

		while (o < DP_N_OUTCOMES && strcmp(dp_outcome_name(o), w->word[i]) != 0)
			o++;
		if (o == DP_N_OUTCOMES)
			return scenario_fail(s, "no outcome %s", w->word[i]);
		want[o] = 1;
		if (w->n != 2 &&
			(i + 1 == w->n || script_number(w->word[i + 1], UINT32_MAX, &want[o]) < 0))
			return scenario_fail(s, "expected: outcome NAME N...");
	}
	return 0;
}

/* Frames that all were bad, or for somebody else, are counted and not a word is logged of them. */
static bool must_be_silent(const uint64_t *want)
{
	bool silent = true;

	for (enum dp_outcome o = 0; o < DP_N_OUTCOMES; o++) {
		const char *name = dp_outcome_name(o);

		silent &= want[o] == 0 || strncmp(name, "bad_", 4) == 0 ||
			  strcmp(name, "truncated") == 0 || strcmp(name, "not_ours") == 0;
	}
	return silent;
}

/* "outcome NAME [N]...": how the frames of the last send ended, all of them. */
static int do_outcome(struct scenario *s, struct script_words *w)
{
	uint64_t sums[DP_N_OUTCOMES], want[DP_N_OUTCOMES] = {0};
	char ended[512] = "";
	bool ok = true;

	if (w->n < 2 || !s->started)
		return scenario_fail(s, "expected: outcome NAME [N] after a send");
	if (read_outcomes(s, w, want) < 0)
		return -1;
	gateway_outcome_sums(&s->gateway, sums);
	for (unsigned o = 0; o < DP_N_OUTCOMES; o++) {
		uint64_t n = sums[o] - s->sums[o];
		size_t len = strlen(ended);

		ok &= n == want[o];
		if (n > 0)
			snprintf(ended + len, sizeof(ended) - len, " %s %" PRIu64,
				dp_outcome_name(o), n);
	}
	if (!ok)
		return scenario_fail(s, "they ended otherwise:%s", ended);
	if (must_be_silent(want) && log_lines() != s->log_lines)
		return scenario_fail(s, "bad frames were logged");
	return 0;
}

/* "busiest-second N": on all links together the gateway sent no more than N frames in any second.
 */
static int do_busiest_second(struct scenario *s, struct script_words *w)
{
	uint64_t most;

	if (w->n != 2 || script_number(w->word[1], UINT32_MAX, &most) < 0)
		return scenario_fail(s, "expected: busiest-second N");
	if (s->busiest == 0 || s->busiest > most)
		return scenario_fail(s, "the busiest second saw %" PRIu64 " frames", s->busiest);
	return 0;
}

/* "crossed N": so many frames of the last send came out of the other port of their inline pair. */
static int do_crossed(struct scenario *s, struct script_words *w)
{
	if (w->n != 2)
		return scenario_fail(s, "expected: crossed N");
	return check_count(s, "the number that crossed", (int64_t)s->crossing.crossed, w->word[1]);
}

/* "records N": held now, of all links. */
static int do_records(struct scenario *s, struct script_words *w)
{
	struct cache_stats stats;

	if (w->n != 2 || scenario_start(s) < 0)
		return scenario_fail(s, "expected: records N");
	cache_stats(ctl_cache(s->gateway.ctl), &stats);
	return check_count(s, "the number of records", stats.records, w->word[1]);
}

/* --- commands
 * ------------------------------------------------------------------------------------- */

/* "who MAC [user=NAME] [role=NAME] [location=PATH]" */
static int do_who(struct scenario *s, struct script_words *w)
{
	char why[GATEWAY_WHY];

	if (w->n < 2)
		return scenario_fail(s, "expected: who MAC [user=NAME] ...");
	if (scenario_start(s) < 0)
		return -1;
	s->mark_us = s->gateway.now_us;
	if (gateway_who(&s->gateway, w->word[1], w->word + 2, w->n - 2, why) < 0)
		return scenario_fail(s, "who: %s", why);
	return scenario_settle(s);
}

/* "flush [LINK]" */
static int do_flush(struct scenario *s, struct script_words *w)
{
	const struct dp_link *l = NULL;
	char why[GATEWAY_WHY];

	if (scenario_start(s) < 0)
		return -1;
	if (w->n == 2) {
		l = scenario_link(s, w->word[1]);
		if (l == NULL)
			return -1;
	}
	s->mark_us = s->gateway.now_us;
	if (gateway_flush(&s->gateway, l != NULL ? l->id : 0, why) < 0)
		return scenario_fail(s, "flush: %s", why);
	return scenario_settle(s);
}

/* "port NAME up|down" */
static int do_port(struct scenario *s, struct script_words *w)
{
	char why[GATEWAY_WHY];

	if (w->n != 3 || scenario_start(s) < 0)
		return scenario_fail(s, "expected: port NAME up|down");
	for (unsigned i = 0; i < s->gateway.n_ports; i++) {
		const struct dp_port *p = &s->gateway.ports[i];

		if (strcmp(p->name, w->word[1]) != 0)
			continue;
		s->mark_us = s->gateway.now_us;
		if (gateway_port_state(&s->gateway, p->id, strcmp(w->word[2], "up") == 0, why) < 0)
			return scenario_fail(s, "port: %s", why);
		return scenario_settle(s);
	}
	return scenario_fail(s, "no port %s", w->word[1]);
}

/* "stall control|worker N": it gets no turns until "resume"; "stall mbufs|ports": none are there,
 * or none take anything. */
static int do_stall(struct scenario *s, struct script_words *w)
{
	char why[GATEWAY_WHY];
	uint64_t n = 0;

	if (scenario_start(s) < 0)
		return -1;
	if (w->n == 2 && strcmp(w->word[1], "control") == 0) {
		s->gateway.control_stalls = true;
		return 0;
	}
	if (w->n == 2 && strcmp(w->word[1], "mbufs") == 0)
		return gateway_take_mbufs(&s->gateway, why) < 0 ? scenario_fail(s, "%s", why) : 0;
	if (w->n == 2 && strcmp(w->word[1], "ports") == 0) {
		gateway_stall_ports(&s->gateway);
		return 0;
	}
	if (w->n != 3 || strcmp(w->word[1], "worker") != 0 ||
		script_number(w->word[2], GATEWAY_WORKERS_MAX - 1, &n) < 0)
		return scenario_fail(s, "expected: stall control|worker N|mbufs|ports");
	s->gateway.worker_stalls[n] = true;
	return 0;
}

static int do_resume(struct scenario *s, struct script_words *w)
{
	(void)w;
	s->gateway.control_stalls = false;
	gateway_give_mbufs(&s->gateway);
	gateway_resume_ports(&s->gateway);
	memset(s->gateway.worker_stalls, 0, sizeof(s->gateway.worker_stalls));
	return scenario_settle(s);
}

static int do_note(struct scenario *s, struct script_words *w)
{
	(void)s;
	(void)w;
	return 0;
}

int statement_run(struct scenario *s)
{
	static const struct {
		const char *word;
		statement_fn fn;
	} statements[] = {{"send", statement_send}, {"expect", statement_expect},
		{"elapse", do_elapse}, {"outcome", do_outcome}, {"counter", do_counter},
		{"control", do_control}, {"records", do_records}, {"station", do_station},
		{"busiest-second", do_busiest_second}, {"crossed", do_crossed},
		{"config", do_config}, {"set", do_set}, {"reload", do_reload},
		{"reload-fails", do_reload_fails}, {"workers", do_workers}, {"queues", do_queues},
		{"clock", do_clock}, {"soft-checksum", do_soft_checksum}, {"cold", do_cold},
		{"ignore", do_ignore}, {"watch", do_watch}, {"allow-echo", do_allow_echo},
		{"defending", do_defending}, {"flush", do_flush}, {"who", do_who},
		{"port", do_port}, {"stall", do_stall}, {"resume", do_resume},
		{"repeater", statement_repeater}, {"note", do_note}};
	struct script_words w;

	if (script_split(s->script.line[s->at].text, &w) < 0)
		return scenario_fail(s, "cannot read this line");
	for (unsigned i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
		if (strcmp(w.word[0], statements[i].word) == 0)
			return statements[i].fn(s, &w);
	return scenario_fail(s, "no such statement: %s", w.word[0]);
}
