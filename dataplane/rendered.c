/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/rendered.h"

#include <errno.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_malloc.h>
#include <rte_udp.h>

#include "base/inet.h"
#include "dataplane/fast.h"
#include "dataplane/heard.h"
#include "dataplane/images.h"
#include "dataplane/worker_priv.h"

#define NAMES_PER_ENTRY 8
#define SETS_FIRST 64
#define USED_PER_SET 2 /* of the ways, on the average, before there are twice as many sets */
#define BYTES_PER_ENTRY                                                                            \
	(sizeof(struct dp_rendered) + sizeof(struct dp_rendered_rest) +                            \
		sizeof(struct dp_rendered_long) + NAMES_PER_ENTRY * DP_WATCH_BYTES +               \
		sizeof(struct dp_rendered_set) / 4)

static void looks_init(struct dp_rendered_table *t, struct rng *rng)
{
	for (unsigned facts = 0; facts < POLICY_FACTS; facts++) {
		unsigned level = facts & POLICY_FACT_LEVEL;

		t->look[facts] = (struct dp_rendered_look){.secret = rng_u64(rng),
			.who = ((facts & POLICY_FACT_USER) != 0 ? cache_who(UINT32_MAX, 0, 0) : 0) |
			       ((facts & POLICY_FACT_ROLE) != 0 ? cache_who(0, UINT16_MAX, 0) : 0),
			.number = (facts & POLICY_FACT_NUMBER) != 0 ? UINT32_MAX : 0,
			.down = POLICY_DOWN(RTE_MIN(level, POLICY_FACT_PLACE))};
	}
}

int dp_rendered_init(struct dp_worker *w, size_t bytes, int socket, uint64_t seed)
{
	struct dp_rendered_table *t = &w->rendered;
	/* A small part of it is for what is heard. */
	uint32_t heard = rte_align32prevpow2(
		(uint32_t)RTE_MIN(bytes / 8 / DP_HEARD_BYTES / DP_HEARD_WAYS + 1, (size_t)1 << 24));
	struct rng rng;

	memset(t, 0, sizeof(*t));
	rng_seed(&rng, ~seed);
	for (unsigned i = 0; i < RTE_DIM(t->secret); i++)
		t->secret[i] = rng_u64(&rng);
	looks_init(t, &rng);
	bytes -= bytes / 8;
	if (bytes < 2 * BYTES_PER_ENTRY)
		return 0;
	t->entries = (uint32_t)RTE_MIN(bytes / BYTES_PER_ENTRY, (size_t)1 << 24);
	t->sets_max = rte_align32pow2(t->entries / 4 + 1);
	t->mask = RTE_MIN(t->sets_max, (uint32_t)SETS_FIRST) - 1;
	t->set = rte_zmalloc_socket(
		"rendered", t->sets_max * sizeof(*t->set), RTE_CACHE_LINE_SIZE, socket);
	/* One more: lines of the last one are read to their ends. */
	t->entry = rte_zmalloc_socket(
		"rendered", (t->entries + 1) * sizeof(*t->entry), sizeof(*t->entry), socket);
	t->rest = rte_zmalloc_socket(
		"rendered", t->entries * sizeof(*t->rest), RTE_CACHE_LINE_SIZE, socket);
	t->more = rte_zmalloc_socket(
		"rendered", t->entries * sizeof(*t->more), RTE_CACHE_LINE_SIZE, socket);
	if (t->set == NULL || t->entry == NULL || t->rest == NULL || t->more == NULL ||
		dp_heard_init(w, heard, socket) < 0 ||
		dp_watch_init(w,
			t->entries * NAMES_PER_ENTRY + heard * DP_HEARD_WAYS * DP_HEARD_NAMES,
			socket) < 0) {
		dp_rendered_fini(w);
		return -ENOMEM;
	}
	return 0;
}

void dp_rendered_fini(struct dp_worker *w)
{
	struct dp_rendered_table *t = &w->rendered;

	dp_watch_fini(w);
	dp_heard_fini(w);
	rte_free(t->set);
	rte_free(t->entry);
	rte_free(t->rest);
	rte_free(t->more);
	memset(t, 0, sizeof(*t));
}

static uint64_t hash_of(const struct dp_worker *w, const struct dp_rendered_key *k)
{
	return w->shared->fast->hash(w->rendered.secret, k->w);
}

/* --- entries --------------------------------------------------------------------------------- */

static uint32_t find(const struct dp_rendered_table *t, const struct dp_rendered_key *key,
	uint64_t hash, uint32_t **slot)
{
	struct dp_rendered_set *s = dp_rendered_set(t, hash);

	for (unsigned i = 0; i < DP_RENDERED_WAYS; i++) {
		uint32_t idx = DP_RENDERED_ENTRY(s, i);

		if (idx == 0 || s->tag[i] != (uint32_t)hash ||
			memcmp(&t->entry[idx].key, key, sizeof(*key)) != 0)
			continue;
		*slot = &DP_RENDERED_ENTRY(s, i);
		return idx;
	}
	return 0;
}

/* Takes the entry out of the table. */
static void drop(struct dp_worker *w, uint32_t idx)
{
	struct dp_rendered_table *t = &w->rendered;
	struct dp_rendered *e = &t->entry[idx];
	uint32_t *slot;

	if (find(t, &e->key, t->rest[idx].hash, &slot) == idx) {
		*slot = 0;
		t->used--;
	}
	dp_watch_drop(w, &e->watched);
	memset(e, 0, offsetof(struct dp_rendered, dns));
}

/* Twice as many sets: of each one, those with the next bit of the hash go to another. No entry is
 * looked at. */
static void grow(struct dp_rendered_table *t)
{
	uint32_t old = t->mask + 1;

	for (uint32_t i = 0; i < old; i++) {
		struct dp_rendered_set *from = &t->set[i], *to = &t->set[i + old];

		for (unsigned way = 0; way < DP_RENDERED_WAYS; way++) {
			bool moves = (from->tag[way] & old) != 0;

			to->tag[way] = from->tag[way];
			DP_RENDERED_ENTRY(to, way) = moves ? DP_RENDERED_ENTRY(from, way) : 0;
			DP_RENDERED_ENTRY(from, way) = moves ? 0 : DP_RENDERED_ENTRY(from, way);
		}
	}
	t->mask = 2 * old - 1;
}

/* A way of a set for the key: a free one, as long as sets can be added. */
static uint32_t *way_for(struct dp_worker *w, uint64_t hash)
{
	struct dp_rendered_table *t = &w->rendered;

	for (;;) {
		struct dp_rendered_set *s = dp_rendered_set(t, hash);
		bool more = t->mask + 1 < t->sets_max && t->used > t->mask;
		unsigned way = 0;

		if (more && t->used >= USED_PER_SET * (t->mask + 1)) {
			grow(t);
			continue;
		}
		while (way < DP_RENDERED_WAYS && DP_RENDERED_ENTRY(s, way) != 0)
			way++;
		if (way == DP_RENDERED_WAYS && more) {
			grow(t);
			continue;
		}
		if (way == DP_RENDERED_WAYS) {
			way = (unsigned)(hash >> 61);
			drop(w, DP_RENDERED_ENTRY(s, way));
		}
		s->tag[way] = (uint32_t)hash;
		return &DP_RENDERED_ENTRY(s, way);
	}
}

/* An entry for the key, in place of whichever is next to be given up. */
static uint32_t take(struct dp_worker *w, const struct dp_rendered_key *key, uint64_t hash)
{
	struct dp_rendered_table *t = &w->rendered;
	uint32_t idx;

	if (++t->clock >= t->entries)
		t->clock = 1;
	idx = t->clock;
	drop(w, idx);
	*way_for(w, hash) = idx;
	t->used++;
	t->entry[idx].key = *key;
	t->rest[idx].hash = hash;
	return idx;
}

/* The entry of a key that rests on the names of the answer at hand; NULL if that was not so
 * before: it is kept when it is built again. */
static struct dp_rendered *entry_for(
	struct dp_worker *w, const struct dp_rendered_key *key, uint64_t hash)
{
	struct dp_rendered *e;
	uint32_t idx, *slot;

	idx = find(&w->rendered, key, hash, &slot);
	if (idx == 0)
		idx = take(w, key, hash);
	e = &w->rendered.entry[idx];
	if (dp_watch_covers(w, &e->watched, &w->deps))
		return e;
	if (!dp_watch_names(w, &e->watched, &w->deps))
		drop(w, idx);
	return NULL;
}

/* --- what is asked --------------------------------------------------------------------------- */

/* A question of a station, in one message. */
static bool is_ordinary(const struct dp_worker *w, const struct dp_query *q)
{
	const uint16_t odd = DP_PKT_LEGACY | DP_PKT_REPLAY | DP_PKT_ASKED;

	return q->n > 0 && w->gathered == NULL &&
	       (q->pkt->flags & (odd | DP_PKT_GROUP)) == DP_PKT_GROUP && q->reader.flags == 0 &&
	       q->reader.counts[DNS_SECTION_ADDITIONAL] == 0 &&
	       (q->reader.counts[DNS_SECTION_ANSWER] == 0 ||
		       q->reader.counts[DNS_SECTION_AUTHORITY] == 0);
}

static uint64_t tail_of(
	const struct dp_worker *w, const struct dp_link *l, uint16_t qtype, bool own)
{
	const uint32_t asks =
		qtype != 0 ? rte_cpu_to_be_32((uint32_t)qtype << 16 | DNS_CLASS_IN) : 0;

	return own ? dp_rendered_tail(asks, l->id, true, w->world->generation) : l->tail | asks;
}

static void plain_key(const struct dp_worker *w, const struct dp_query *q,
	const struct dp_question *qu, struct dp_rendered_key *key)
{
	memset(key, 0, sizeof(*key));
	memcpy(key->w, qu->canon, qu->name_len);
	dp_rendered_name_len(key, qu->name_len);
	key->w[7] = tail_of(w, q->link, qu->qtype, false);
}

uint64_t dp_rendered_question(
	const struct dp_worker *w, const struct dp_query *q, const struct dp_question *qu)
{
	struct dp_rendered_key key;

	if (qu->name_len > DP_RENDERED_NAME)
		return qu->key.lo;
	plain_key(w, q, qu, &key);
	return hash_of(w, &key);
}

/* What is asked in the words of the query: up to the known answers; of a probe, all of it. */
static bool ask_several(const struct dp_worker *w, struct dp_query *q)
{
	const uint8_t *asked = q->dns + DNS_HEADER_LEN;
	size_t len = q->reader.pos - DNS_HEADER_LEN;

	if (q->reader.counts[DNS_SECTION_AUTHORITY] > 0)
		len = q->pkt->dns_len - DNS_HEADER_LEN;
	if (len > DP_RENDERED_ASKED)
		return false;
	q->asked_len = (uint16_t)len;
	dp_rendered_several(&q->key,
		w->shared->fast->message(
			w->rendered.secret, asked, len, dp_rendered_counts(q->dns)),
		(unsigned)len, tail_of(w, q->link, 0, false));
	return true;
}

void dp_rendered_ask(const struct dp_worker *w, struct dp_query *q)
{
	const struct dp_question *qu = &w->question[q->first];

	q->asked = 0;
	if (!is_ordinary(w, q))
		return;
	q->several = q->n > 1 || q->reader.counts[DNS_SECTION_AUTHORITY] > 0;
	if (q->several) {
		if (!ask_several(w, q))
			return;
	} else {
		if (!qu->answerable || qu->denied || qu->name_len > DP_RENDERED_NAME)
			return;
		plain_key(w, q, qu, &q->key);
		q->asked_len = (uint16_t)(q->reader.pos - DNS_HEADER_LEN);
	}
	q->asked = hash_of(w, &q->key);
}

/* Does anything of it open a browser? */
static bool browses(const struct dp_worker *w, const struct dp_query *q)
{
	const struct dp_question *qu = &w->question[q->first];

	for (unsigned i = 0; i < q->n; i++, qu++)
		if (qu->qtype == DNS_TYPE_PTR &&
			(qu->sd.kind == DNS_NAME_SERVICE_TYPE || qu->sd.kind == DNS_NAME_SUBTYPE))
			return true;
	return false;
}

void dp_rendered_begin(struct dp_worker *w, const struct dp_query *q)
{
	struct dp_question *qu = &w->question[q->first];
	struct dp_rendering *r = &w->rendering;

	/* Answered at once, to the asker alone, and to nobody else otherwise. */
	w->deps.on = false;
	if (w->rendered.set == NULL || w->hits == NULL || q->asked == 0 || !q->link->fast ||
		(q->link->personal && q->viewer.consumer == POLICY_NO_CONSUMER))
		return;
	r->odd = false;
	r->messages = 0;
	r->denied = 0;
	r->hits = 0;
	r->n = 0;
	r->n_seen = 0;
	r->knows = 0;
	r->news = q->several && browses(w, q) && dp_interest_news(w, q, q->asked);
	cache_deps_begin(&w->deps);
	/* Looked up again: with all of the burst it was before the names were marked, perhaps. */
	for (unsigned i = 0; i < q->n; i++, qu++) {
		w->deps.facts = policy_facts(w->deps.facts, qu->facts);
		if (qu->answerable && !qu->denied && qu->qtype != DNS_TYPE_ANY &&
			qu->sd.kind != DNS_NAME_TYPE_ENUM)
			qu->node = cache_find_node(w->cache, qu->key, qu->canon, qu->name_len);
	}
}

/* --- the answer at hand ---------------------------------------------------------------------- */

void dp_rendered_whole(struct dp_worker *w, const struct dp_query *q)
{
	struct dp_rendering *r = &w->rendering;

	if (!w->deps.on)
		return;
	r->n = (uint8_t)RTE_MIN(w->items.n, (uint32_t)DP_RENDERED_ITEMS + 1);
	r->whole = q->asked | 1;
	for (unsigned i = 0; i < r->n && i < DP_RENDERED_ITEMS; i++) {
		r->whole = (r->whole ^ w->items.item[i].ident) * UINT64_C(0x9e3779b97f4a7c15);
		r->whole ^= r->whole >> 29;
		r->ttl[i] = w->items.item[i].ttl;
	}
}

void dp_rendered_known(struct dp_worker *w, size_t off, size_t end, uint32_t at, bool enough)
{
	struct dp_rendering *r = &w->rendering;

	if (!w->deps.on)
		return;
	if (enough && at < DP_RENDERED_ITEMS)
		r->knows |= 1u << at;
	if (r->n_seen == DP_RENDERED_SEEN)
		r->odd = true;
	else
		r->seen[r->n_seen++] = (struct dp_rendering_seen){
			.off = (uint16_t)off, .end = (uint16_t)end, .at = at};
}

void dp_rendered_message(struct dp_worker *w, const uint8_t *dns, size_t len, uint16_t answers)
{
	struct dp_rendering *r = &w->rendering;

	if (!w->deps.on)
		return;
	if (r->messages++ > 0 || len > sizeof(r->dns)) {
		r->odd = true;
		return;
	}
	memcpy(r->dns, dns, len);
	r->len = (uint16_t)len;
	r->answers = answers;
}

void dp_rendered_hit(struct dp_worker *w, policy_verdict_t v)
{
	struct dp_rendering *r = &w->rendering;
	uint32_t rule = v & POLICY_RULE_MASK;
	unsigned i;

	if (!w->deps.on)
		return;
	for (i = 0; i < r->hits && r->hit[i] != rule; i++)
		;
	if (i == DP_RENDERED_HITS || (i < r->hits && r->hit_n[i] == UINT16_MAX)) {
		r->odd = true;
		return;
	}
	if (i == r->hits) {
		r->hit[i] = rule;
		r->hit_n[i] = 0;
		r->hits++;
	}
	r->hit_n[i]++;
}

/* Writes the answer into its entry. said: with the message, if there is one. */
static void keep(struct dp_worker *w, const struct dp_query *q, struct dp_rendered *e,
	unsigned flags, unsigned known, bool said)
{
	struct dp_rendered_rest *rest = dp_rendered_rest(&w->rendered, e);
	struct dp_rendered_long *more = dp_rendered_long(&w->rendered, e);
	const struct dp_rendering *r = &w->rendering;

	e->len = said ? r->len : 0;
	if (said) {
		memcpy(e->dns, r->dns, sizeof(e->dns));
		if (r->len > sizeof(e->dns))
			memcpy(more->dns, r->dns + sizeof(e->dns), r->len - sizeof(e->dns));
		e->udp_len = rte_cpu_to_be_16((uint16_t)(sizeof(struct rte_udp_hdr) + r->len));
		e->ip4_len = rte_cpu_to_be_16((uint16_t)(sizeof(struct rte_ipv4_hdr) +
							 sizeof(struct rte_udp_hdr) + r->len));
		/* The length is in the pseudo header and in UDP's own. */
		e->checksum =
			(uint16_t)~inet_fold(inet_sum(r->dns, r->len) + 2 * (uint64_t)e->udp_len);
		if (e->checksum == 0)
			e->checksum = 0xffff;
	}
	e->said[DP_AGAIN_RECORDS] = r->answers;
	e->said[DP_AGAIN_ANSWERS] = 1;
	e->known = (uint16_t)known;
	rest->denied = (uint16_t)r->denied;
	e->owner = w->deps.owners.one;
	memcpy(rest->owners, w->deps.owners.bit, sizeof(rest->owners));
	e->links = w->deps.links;
	rest->whole = r->n <= DP_RENDERED_ITEMS ? r->whole : 0;
	e->n = r->n;
	memcpy(rest->ttl, r->ttl, sizeof(rest->ttl));
	/* Of what was missed control hears in any case. */
	e->flags = (uint8_t)(flags | (r->n > 0 && browses(w, q) ? DP_SAYS_BROWSE : 0) |
			     (r->hits > 1 || r->denied > 0 ? DP_SAYS_MORE : 0) |
			     (e->owner == CACHE_OWNERS_MANY ? DP_SAYS_MANY : 0) |
			     (e->len == 0 ? DP_SAYS_NOTHING : 0));
	if (q->several)
		memcpy(more->asked, q->dns + DNS_HEADER_LEN, q->asked_len);
	/* What is none counts 0 times. */
	e->hit = r->hits > 0 ? r->hit[0] : 0;
	e->hit_n = r->hits > 0 ? r->hit_n[0] : 0;
	for (unsigned i = 1; i < DP_RENDERED_HITS; i++) {
		rest->hit[i - 1] = i < r->hits ? r->hit[i] : 0;
		rest->hit_n[i - 1] = i < r->hits ? r->hit_n[i] : 0;
	}
	e->watched.until_ms = w->now_ms + RTE_MIN(w->deps.steady_ms, (uint32_t)MS_PER_SEC);
}

/* Is it an answer that can be said again? */
static bool is_steady(const struct dp_worker *w, const struct dp_query *q, unsigned known)
{
	const struct dp_rendering *r = &w->rendering;
	const struct cache_deps *deps = &w->deps;
	bool knows = q->reader.counts[DNS_SECTION_ANSWER] > 0;

	if (r->odd || r->denied > UINT16_MAX || deps->overflow || deps->contested ||
		cache_owners_may(deps->owners.one, deps->owners.bit, mac_word(q->pkt->smac.b)))
		return false;
	/* Nothing was found, or one message says all that the asker does not know. */
	if (r->n > 0 && r->messages != (known < r->n ? 1 : 0))
		return false;
	/* A probe is looked at by what it proposes, if there is anything to say to it. */
	if (q->reader.counts[DNS_SECTION_AUTHORITY] > 0 && r->n > 0)
		return false;
	return !knows || r->n <= DP_RENDERED_ITEMS;
}

/* The asker's part of a key; what the answer at hand looked at is noted for those to come. */
static uint64_t person_of(struct dp_worker *w, const struct dp_query *q)
{
	const struct policy_party *p = &q->viewer.party;
	uint8_t *shape = dp_rendered_shape(&w->rendered, q->asked);

	if (!q->link->personal)
		return 0;
	*shape = policy_facts(*shape, w->deps.facts);
	return dp_rendered_person(&w->rendered, q->viewer.consumer, *shape,
		cache_who(p->user, p->role, p->place), w->down);
}

void dp_rendered_end(
	struct dp_worker *w, const struct dp_query *q, unsigned flags, unsigned known, bool settled)
{
	struct dp_rendering *r = &w->rendering;
	struct dp_rendered_key key = q->key, less;
	struct dp_rendered *e;
	bool on = w->deps.on, said = r->messages > 0;
	uint64_t person, hash;

	w->deps.on = false;
	if (!on || !settled || !is_steady(w, q, known))
		return;
	if ((w->deps.links & cache_link_bit(q->link->id)) != 0)
		key.w[7] = tail_of(w, q->link, q->several ? 0 : w->question[q->first].qtype, true);
	person = person_of(w, q);
	hash = hash_of(w, &key) ^ person;
	key.w[7] ^= person;
	e = entry_for(w, &key, hash);
	if (e == NULL)
		return;
	if (r->knows == 0 || r->n == 0)
		keep(w, q, e, flags, known, said);
	else if (!dp_watch_good(&e->watched, w->now_ms))
		keep(w, q, e, flags, 0, false);
	for (unsigned i = 0; i < r->n_seen; i++)
		dp_image_keep(w, q->dns, DNS_HEADER_LEN + q->asked_len, r->seen[i].off,
			r->seen[i].end, r->whole, r->seen[i].at);
	if (r->knows == 0 || !said)
		return;
	dp_rendered_less(&less, r->whole, r->knows, key.w[7]);
	e = entry_for(w, &less, hash_of(w, &less));
	if (e != NULL)
		keep(w, q, e, flags, known, true);
}
