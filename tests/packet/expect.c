/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/packet/scenario.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "tests/packet/frame.h"
#include "tests/packet/match.h"

/*
 * expect [all] answer|query on LINK v4|v6 [within WINDOW] [messages N..M] [fragments N] { ... }
 * expect [all] answer|query to STATION v4|v6 [within WINDOW] [legacy PORT ID] [tc] { ... }
 * expect host on LINK [within WINDOW] "TEXT"
 * expect nothing [on LINK] for DURATION
 *
 * WINDOW counts from the last send or elapse, whichever was later.
 */

#define MULTICAST_US (120 * US_PER_MS) /* RFC 6762 §6 */

struct expectation {
	struct scenario *s;
	size_t at; /* its line, for failures */
	enum dissect_kind kind;
	bool all; /* every such message of the window, taken together */
	const struct dp_link *link;
	const struct station *to; /* NULL: the group */
	bool alone;               /* to the group's address and the station's MAC (RFC 6085) */
	unsigned family;
	uint64_t lo, hi; /* microseconds on the clock */
	bool legacy, tc;
	uint16_t port, id;
	uint64_t least, most; /* messages, if `all` */
	uint64_t fragments;   /* of the one message; 0: in one frame */
	struct message want;
	const char *text; /* host frames */
	char why[MATCH_WHY];
};

/* --- reading the line
 * ------------------------------------------------------------------------------ */

static int read_range(struct scenario *s, const char *word, uint64_t *lo, uint64_t *hi)
{
	const char *dots = strstr(word, "..");
	char first[24];

	if (dots == NULL) {
		if (script_number(word, UINT32_MAX, lo) < 0)
			return scenario_fail(s, "not a number: %s", word);
		*hi = *lo;
		return 0;
	}
	snprintf(first, sizeof(first), "%.*s", (int)(dots - word), word);
	if (script_number(first, UINT32_MAX, lo) < 0 || script_number(dots + 2, UINT32_MAX, hi) < 0)
		return scenario_fail(s, "not a range: %s", word);
	return 0;
}

static int read_window(struct expectation *x, const char *word)
{
	uint64_t lo, hi;

	if (script_window(word, &lo, &hi) < 0)
		return scenario_fail(x->s, "not a window of time: %s", word);
	x->lo = x->s->mark_us + lo;
	x->hi = x->s->mark_us + hi;
	return 0;
}

static int read_legacy(struct expectation *x, const char *port, const char *id)
{
	uint64_t p, i;

	if (script_number(port, 0xffff, &p) < 0 || script_number(id, 0xffff, &i) < 0)
		return scenario_fail(x->s, "expected: legacy PORT ID");
	x->legacy = true;
	x->port = (uint16_t)p;
	x->id = (uint16_t)i;
	return 0;
}

static int read_target(struct expectation *x, struct script_words *w, unsigned i)
{
	if (i + 1 >= w->n)
		return scenario_fail(x->s, "expected: on LINK or to STATION");
	if (strcmp(w->word[i], "to") == 0) {
		x->to = scenario_station(x->s, w->word[i + 1]);
		x->link = x->to != NULL ? scenario_link(x->s, x->to->link) : NULL;
	} else if (strcmp(w->word[i], "on") == 0) {
		x->link = scenario_link(x->s, w->word[i + 1]);
	} else {
		return scenario_fail(x->s, "expected: on LINK or to STATION");
	}
	return x->link == NULL ? -1 : 0;
}

static int read_rest(struct expectation *x, struct script_words *w, unsigned i)
{
	for (; i < w->n && strcmp(w->word[i], "{") != 0; i++) {
		const char *word = w->word[i];
		unsigned values = w->n - i - 1;

		if (strcmp(word, "v4") == 0 || strcmp(word, "v6") == 0) {
			x->family = word[1] == '4' ? 4 : 6;
		} else if (strcmp(word, "tc") == 0) {
			x->tc = true;
		} else if (strcmp(word, "alone") == 0) {
			x->alone = true;
		} else if (strcmp(word, "within") == 0 && values >= 1) {
			if (read_window(x, w->word[++i]) < 0)
				return -1;
		} else if (strcmp(word, "messages") == 0 && values >= 1) {
			if (read_range(x->s, w->word[++i], &x->least, &x->most) < 0)
				return -1;
		} else if (strcmp(word, "fragments") == 0 && values >= 1) {
			if (script_number(w->word[++i], 64, &x->fragments) < 0)
				return scenario_fail(x->s, "expected: fragments N");
		} else if (strcmp(word, "legacy") == 0 && values >= 2) {
			if (read_legacy(x, w->word[i + 1], w->word[i + 2]) < 0)
				return -1;
			i += 2;
		} else if (x->kind == DISSECT_HOST && i + 1 == w->n) {
			x->text = word;
		} else {
			return scenario_fail(x->s, "what is %s?", word);
		}
	}
	return 0;
}

static int read_block(struct expectation *x)
{
	const struct script_line *line;
	char why[SCRIPT_WHY];
	size_t n;

	if (scenario_block(x->s, &line, &n) < 0)
		return -1;
	if (message_parse(&x->want, line, n, why) < 0)
		return scenario_fail_at(x->s, NULL, "%s", why);
	return 0;
}

/* --- looking
 * -------------------------------------------------------------------------------------- */

/* Does the frame go where it is expected to, and in time? */
static bool fits(const struct expectation *x, const struct capture *c)
{
	const struct dissected *d = &c->d;

	if (c->taken || d->kind != x->kind || c->link != x->link || d->at_us < x->lo ||
		d->at_us > x->hi)
		return false;
	if (x->kind == DISSECT_HOST)
		return true;
	if (d->src.family != x->family || d->fragments != x->fragments)
		return false;
	if (x->to == NULL)
		return dissect_to_all(d);
	if (ip_is_multicast(&d->dst) != x->alone)
		return false;
	return mac_equal(&d->dmac, &x->to->mac) && (x->alone || station_has(x->to, &d->dst)) &&
	       d->dport == (x->legacy ? x->port : 5353) && d->id == (x->legacy ? x->id : 0) &&
	       !!(d->flags & DNS_FLAG_TC) == x->tc;
}

/* One frame that is what is wanted. */
static bool find_one(struct expectation *x)
{
	for (size_t i = 0; i < x->s->n_captures; i++) {
		struct capture *c = &x->s->capture[i];
		const struct dissected *d = &c->d;

		if (!fits(x, c))
			continue;
		if (x->kind == DISSECT_HOST ? strstr(d->text, x->text) != NULL
					    : match_message(&x->want, &d, 1, x->why)) {
			c->taken = true;
			return true;
		}
	}
	return false;
}

static bool find_all(struct expectation *x)
{
	static const struct dissected *got[MATCH_FRAMES];
	unsigned n = 0;

	for (size_t i = 0; i < x->s->n_captures && n < MATCH_FRAMES; i++)
		if (fits(x, &x->s->capture[i]))
			got[n++] = &x->s->capture[i].d;
	if (n < x->least || n > x->most) {
		snprintf(x->why, sizeof(x->why),
			"    %u messages, not %" PRIu64 " to %" PRIu64 "\n", n, x->least, x->most);
		return false;
	}
	if (!match_message(&x->want, got, n, x->why))
		return false;
	for (size_t i = 0; i < x->s->n_captures; i++)
		if (fits(x, &x->s->capture[i]))
			x->s->capture[i].taken = true;
	return true;
}

static int missed(struct expectation *x)
{
	struct scenario *s = x->s;
	const struct script_line *at = &s->script.line[x->at];

	scenario_fail_at(s, at, "%s\n%s  got:\n", at->text, x->why);
	s->ignore[x->link - s->link] = 0;
	scenario_show(s, x->lo < s->mark_us ? x->lo : s->mark_us);
	return -1;
}

static int look(struct expectation *x)
{
	struct scenario *s = x->s;

	if (x->all && scenario_advance(s, x->hi) < 0)
		return -1;
	for (;;) {
		if (x->all ? find_all(x) : find_one(x))
			return 0;
		if (s->gateway.now_us >= x->hi)
			return missed(x);
		if (scenario_step(s, x->hi) < 0)
			return -1;
	}
}

/* --- nothing
 * -------------------------------------------------------------------------------------- */

/* "nothing [on LINK] for DURATION" */
static int expect_nothing(struct scenario *s, struct script_words *w)
{
	const struct dp_link *link = NULL;
	uint64_t us, from;
	unsigned i = 2;

	if (i + 1 < w->n && strcmp(w->word[i], "on") == 0) {
		link = scenario_link(s, w->word[i + 1]);
		if (link == NULL)
			return -1;
		i += 2;
	}
	if (i + 2 != w->n || strcmp(w->word[i], "for") != 0 ||
		script_duration(w->word[i + 1], &us) < 0)
		return scenario_fail(s, "expected: expect nothing [on LINK] for DURATION");
	from = s->mark_us;
	if (scenario_advance(s, s->gateway.now_us + us) < 0)
		return -1;
	for (size_t k = 0; k < s->n_captures; k++) {
		const struct capture *c = &s->capture[k];

		if (c->taken || c->d.at_us < from || (link != NULL && c->link != link) ||
			scenario_ignores(s, c))
			continue;
		scenario_fail(s, "expected nothing, got:\n");
		scenario_show(s, from);
		return -1;
	}
	return 0;
}

static int read_kind(struct expectation *x, const char *word)
{
	static const struct {
		const char *word;
		enum dissect_kind kind;
	} kinds[] = {
		{"answer", DISSECT_RESPONSE}, {"query", DISSECT_QUERY}, {"host", DISSECT_HOST}};

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(word, kinds[i].word) != 0)
			continue;
		x->kind = kinds[i].kind;
		return 0;
	}
	return scenario_fail(x->s, "expect answer, query, host or nothing, not %s", word);
}

static int expect_frames(struct expectation *x, struct script_words *w)
{
	unsigned i = 1;

	if (strcmp(w->word[i], "all") == 0) {
		x->all = true;
		i++;
	}
	if (i + 2 >= w->n)
		return scenario_fail(x->s, "expected: expect [all] KIND on LINK|to STATION ...");
	if (read_kind(x, w->word[i]) < 0 || read_target(x, w, i + 1) < 0)
		return -1;
	/* By multicast answers may wait (RFC 6762 §6), to one station they go at once. */
	x->lo = x->s->mark_us;
	x->hi = x->lo + (x->to == NULL ? MULTICAST_US : 0);
	if (read_rest(x, w, i + 3) < 0)
		return -1;
	if (x->kind == DISSECT_HOST)
		return x->text != NULL ? look(x) : scenario_fail(x->s, "expect which text?");
	if (x->family == 0 || strcmp(w->word[w->n - 1], "{") != 0)
		return scenario_fail(x->s, "expected v4 or v6, and a block");
	if (read_block(x) < 0)
		return -1;
	return look(x);
}

int statement_expect(struct scenario *s, struct script_words *w)
{
	static struct expectation x;
	int rc;

	memset(&x, 0, sizeof(x));
	x.s = s;
	x.at = s->at;
	x.least = 1;
	x.most = UINT32_MAX;
	if (w->n < 3)
		return scenario_fail(s, "expect what?");
	if (scenario_start(s) < 0)
		return -1;
	if (strcmp(w->word[1], "nothing") == 0)
		return expect_nothing(s, w);
	rc = expect_frames(&x, w);
	message_free(&x.want);
	return rc;
}
