/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "dataplane/fast_say.h"
#include "dataplane/sieve.h"

/*
 * The short way of what is no plain question: known answers, several questions, probes, questions
 * that nothing answers, announcements. A burst of them is read, looked up and ended in passes of
 * its own.
 */

#define SEVERAL_MAX 16 /* questions */

struct other {
	struct fast *f;
	const uint8_t *dns;
	unsigned dns_len;
	unsigned asked;       /* bytes behind the DNS header, up to the known answers */
	unsigned known;       /* known answers */
	bool several;         /* the key is of their bytes */
	bool response;        /* an announcement */
	struct hash128 print; /* ... its fingerprint */
	struct dp_heard_set *heard;
};

/* --- reading --------------------------------------------------------------------------------- */

/* The bytes of the question behind the DNS header, if it ends within len; 0: it does not, or is
 * longer than those that are kept. Where a label has a zero in it that is too short: no answer is
 * kept for such a name. */
static inline unsigned question_len(const uint8_t *p, unsigned len)
{
	uint64_t zeros = lanes_zeros(p);
	unsigned asked = (unsigned)__builtin_ctzll(zeros | UINT64_C(1) << 63) + 1 + 4;

	return zeros != 0 && asked <= len ? asked : 0;
}

/* The bytes of n questions behind the DNS header, if they end within len; 0: they do not. */
static inline unsigned questions_len(const uint8_t *p, unsigned len, unsigned n)
{
	unsigned at = 0;

	for (; n > 0; n--) {
		while (at < len && p[at] != 0 && p[at] < 0xc0)
			at += 1u + p[at];
		if (at >= len)
			return 0;
		at += (p[at] == 0 ? 1u : 2u) + 4;
	}
	return at <= len ? at : 0;
}

/* One question and known answers: as a plain question. */
static inline bool read_one(struct other *o)
{
	const uint8_t *p = o->dns + 12;
	unsigned name_len = o->asked - 4;
	uint64_t sum;

	if (name_len - 1 >= DP_RENDERED_NAME)
		return false;
	read_key(p, name_len, o->f->l->tail, &o->f->key, &sum);
	return true;
}

static inline bool read_query(struct dp_worker *w, struct other *o)
{
	unsigned questions = dns_load16(o->dns + 4);
	unsigned authority = dns_load16(o->dns + 8);

	o->known = dns_load16(o->dns + 6);
	if (!o->f->l->fast || load16(o->dns + 2) != 0 || load16(o->dns + 10) != 0 ||
		questions - 1 >= SEVERAL_MAX || (authority > 0 && o->known > 0))
		return false;
	/* Somebody's may be awaited (gather.c). */
	if (o->known > 0 && w->gathers.n > 0)
		return false;
	o->several = questions > 1 || authority > 0;
	/* All that there is, where nothing follows: what is kept tells whether it is questions. */
	if (!o->several)
		o->asked = question_len(o->dns + 12, o->dns_len - 12);
	else if (o->known > 0)
		o->asked = questions_len(o->dns + 12, o->dns_len - 12, questions);
	else
		o->asked = o->dns_len - 12;
	if (o->asked == 0 || o->asked > DP_RENDERED_ASKED)
		return false;
	if (!o->several)
		return read_one(o);
	dp_rendered_several(&o->f->key,
		message_hash(w->rendered.secret, o->dns + 12, o->asked, dp_rendered_counts(o->dns)),
		o->asked, o->f->l->tail);
	return true;
}

static inline bool is_query(const struct fast *f)
{
	return (f->udp[10] & 0x80) == 0;
}

static __rte_always_inline bool is_whole(const struct other *o, const bool v6)
{
	return lengths_agree(o->f, v6) && all_sums_up(o->f, v6, message_sum(o->dns, o->dns_len));
}

/* f was read up to the UDP header. */
static inline bool read_other(struct dp_worker *w, struct other *o)
{
	const struct rte_mbuf *m = o->f->m;
	const uint8_t *udp = o->f->udp;
	unsigned udp_len = dns_load16(udp + 4);

	/* Whole lines are read. */
	if (m->buf_len - m->data_off < m->data_len + 64)
		return false;
	if (udp_len < 8 + 12)
		return false;
	o->dns = udp + 8;
	o->dns_len = udp_len - 8;
	if (o->f->v6 ? !is_whole(o, true) : !is_whole(o, false))
		return false;
	/* A response: no opcode, no rcode (RFC 6762 §18.3, §18.11). */
	o->response = (load16(o->dns + 2) & rte_cpu_to_be_16(0xf80f)) == rte_cpu_to_be_16(0x8000);
	if (!o->response)
		return read_query(w, o);
	/* It may be what an answer of ours waits for (RFC 6762 §7.4). */
	if (atomic_load_explicit(&w->shared->waiting[o->f->l->id], memory_order_relaxed) != 0)
		return false;
	o->print = message_hash(w->rendered.secret, o->dns, o->dns_len, o->f->who);
	return true;
}

static inline void fetch_other(struct dp_worker *w, struct other *o)
{
	struct fast *f = o->f;

	if (!o->response) {
		hash_query(w, f, line_secret(w->rendered.secret), true);
		return;
	}
	o->heard = dp_heard_set(&w->heard, o->print);
	rte_prefetch0(o->heard);
}

static inline void look_up_other(struct dp_worker *w, struct other *o)
{
	const struct dp_rendered_rest *rest;
	const struct dp_rendered_long *more;
	struct fast *f = o->f;

	if (o->response)
		return;
	fetch_entry(w, f);
	rest = dp_rendered_rest(&w->rendered, f->e);
	if (o->known > 0) {
		rte_prefetch0(rest->ttl);
		rte_prefetch0(&rest->whole);
	}
	if (!o->several)
		return;
	/* What answers several is several stations', mostly. */
	rte_prefetch0(rest->owners);
	more = dp_rendered_long(&w->rendered, f->e);
	for (unsigned i = 0; i < o->asked; i += 64)
		rte_prefetch0(more->asked + i);
}

/* --- queries --------------------------------------------------------------------------------- */

/* The image of the record at p: bytes of rdata are there, DP_IMAGE_RDATA at most. Reads a line. */
static inline void image_of(
	const uint8_t *p, unsigned rdlen, uint64_t whole, struct dp_image *image)
{
#if defined(__AVX512BW__)
	__m512i v = _mm512_maskz_loadu_epi8(((UINT64_C(1) << rdlen) - 1) << 8, p + 4);

	v = _mm512_mask_set1_epi64(v, 1, (long long)dp_image_head(p, whole));
	_mm512_store_si512(image->w, v);
#elif defined(__AVX2__)
	const uint8_t *rdata = p + DP_IMAGE_HEAD, *tail = LANES_FIRST(rdlen);
	__m256i low = _mm256_and_si256(load256(rdata - 8), load256(tail - 8));
	__m256i high = _mm256_and_si256(load256(rdata + 24), load256(tail + 24));

	low = _mm256_insert_epi64(low, (long long)dp_image_head(p, whole), 0);
	_mm256_store_si256((__m256i *)image->w, low);
	_mm256_store_si256((__m256i *)image->w + 1, high);
#else
	const uint8_t *tail = LANES_FIRST(rdlen);

	image->w[0] = dp_image_head(p, whole);
	for (unsigned i = 0; i < 7; i++)
		image->w[1 + i] = load64(p + DP_IMAGE_HEAD + 8 * i) & load64(tail + 8 * i);
#endif
}

/* Which records of the entry's whole answer does the asker know? By the images of its known
 * answers: false, if one is none that was seen before. */
static inline bool what_is_known(const struct dp_worker *w, const struct other *o,
	const struct dp_rendered *e, uint32_t *knows)
{
	const struct line_secret secret = line_secret(w->rendered.secret);
	const struct dp_rendered_rest *rest = dp_rendered_rest(&w->rendered, e);
	const uint8_t *p = o->dns + 12 + o->asked, *end = o->dns + o->dns_len;
	uint32_t seen = 0;

	*knows = 0;
	for (unsigned n = o->known; n > 0; n--) {
		struct dp_image image;
		uint32_t ttl, at;
		unsigned rdlen;

		if (end - p < DP_IMAGE_HEAD)
			return false;
		rdlen = dns_load16(p + 10);
		if (rdlen > DP_IMAGE_RDATA || end - p < DP_IMAGE_HEAD + (int)rdlen)
			return false;
		image_of(p, rdlen, rest->whole, &image);
		if (!dp_image_find(&w->images, &image, line_hash(secret, image.w), &at))
			return false;
		ttl = rte_be_to_cpu_32(load32(p + 6));
		p += DP_IMAGE_HEAD + rdlen;
		/* Of two that are the same the first counts. */
		if (at >= DP_RENDERED_ITEMS || (seen >> at & 1) != 0)
			continue;
		seen |= 1u << at;
		/* Half of what we would send (RFC 6762 §7.1); with the top bit set it is 0. */
		if ((int32_t)ttl > 0 && 2 * (uint64_t)ttl >= rest->ttl[at])
			*knows |= 1u << at;
	}
	return p == end;
}

/* The answer less what is known; *e: NULL, all of it is. False: it is not kept. */
static inline bool leave_out(struct dp_worker *w, uint32_t knows, const struct dp_rendered **e)
{
	const struct dp_rendered *whole = *e;
	struct dp_rendered_key key;
	uint64_t hash;

	*e = NULL;
	if (knows == UINT32_MAX >> (32 - whole->n))
		return true;
	dp_rendered_less(
		&key, dp_rendered_rest(&w->rendered, whole)->whole, knows, whole->key.w[7]);
	hash = line_hash(line_secret(w->rendered.secret), key.w);
	*e = look_up(&w->rendered, dp_rendered_set(&w->rendered, hash), hash);
	return lanes_same((*e)->key.w, key.w) && dp_watch_good(&(*e)->watched, w->now_ms);
}

static inline enum taken end_query(struct dp_worker *w, struct dp_txq *q, const struct fast *f,
	const struct dp_rendered *whole, const struct dp_rendered *said)
{
	enum taken let_in = admit(
		w, f, f->v6, DP_METER_QUERIES, pass_of(w, DP_METER_QUERIES, w->world->admission));

	if (let_in != SENT)
		return let_in;
	count_hits(w, f->l->id, whole, true);
	if (said == NULL) {
		dp_event(w, f->l->id, DP_EV_known_answers, whole->n);
		dp_event(w, f->l->id, DP_EV_rendered_known, 1);
		return SPENT;
	}
	if (said->len == 0) {
		dp_event(w, f->l->id, DP_EV_rendered_missed, 1);
		return SPENT;
	}
	if (said->known > 0)
		dp_event(w, f->l->id, DP_EV_known_answers, said->known);
	if (f->v6)
		say(w, q, f, said, true);
	else
		say(w, q, f, said, false);
	return SENT;
}

static inline enum taken answer_other(struct dp_worker *w, struct dp_txq *q, struct other *o)
{
	const struct dp_rendered *e = entry_of(w, o->f), *said = e;
	uint32_t knows = 0;

	if (e == NULL || !is_for(w, o->f, o->f->v6, w->now_ms, e, true))
		return leave(w, o->f, DP_METER_QUERIES);
	if (o->several &&
		!same_bytes(dp_rendered_long(&w->rendered, e)->asked, o->dns + 12, o->asked))
		return LEFT;
	if (o->known > 0 && e->n > 0 && !what_is_known(w, o, e, &knows))
		return LEFT;
	if (knows != 0 && !leave_out(w, knows, &said))
		return LEFT;
	/* The whole of it is known, but not how it is said. */
	if (said == e && e->len == 0 && e->n > 0)
		return LEFT;
	return end_query(w, q, o->f, e, said);
}

/* --- announcements --------------------------------------------------------------------------- */

/* It only repeats what is held, and was heard within the second. */
static inline enum taken hear(struct dp_worker *w, const struct other *o)
{
	const struct dp_heard_set *s = o->heard;
	uint64_t print = dp_heard_print(o->print);
	enum taken let_in;
	unsigned way = 0;

	while (way < DP_HEARD_WAYS && s->print[way] != print)
		way++;
	if (way == DP_HEARD_WAYS || !dp_watch_good(&s->watched[way], w->now_ms))
		return leave(w, o->f, DP_METER_ADVERTISEMENTS);
	let_in = admit(w, o->f, o->f->v6, DP_METER_ADVERTISEMENTS,
		pass_of(w, DP_METER_ADVERTISEMENTS, w->world->admission));
	if (let_in != SENT)
		return let_in;
	dp_event(w, o->f->l->id, DP_EV_heard_again, 1);
	return SPENT;
}

/* --------------------------------------------------------------------------------------------- */

static __rte_noinline void take_others(struct dp_worker *w, struct dp_txq *q, struct other *other,
	unsigned n, struct dp_sieved *sieved)
{
	struct other *read[TOGETHER];
	unsigned n_read = 0;

	for (struct other *o = other; o < other + n; o++)
		fetch_regular(w, o->f);
	for (struct other *o = other; o < other + n; o++) {
		enum taken known = find_regular(w, o->f, o->f->v6, is_query(o->f));

		if (known != SENT) {
			take(sieved, o->f, known);
		} else if (!read_other(w, o)) {
			take(sieved, o->f, LEFT);
		} else {
			read[n_read++] = o;
		}
	}
	/* In a pass of its own: a key is not hashed while it is still being written. */
	for (unsigned i = 0; i < n_read; i++)
		fetch_other(w, read[i]);
	for (unsigned i = 0; i < n_read; i++)
		look_up_other(w, read[i]);
	for (unsigned i = 0; i < n_read; i++) {
		struct other *o = read[i];

		take(sieved, o->f, o->response ? hear(w, o) : answer_other(w, q, o));
	}
}
