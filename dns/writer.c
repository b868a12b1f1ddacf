/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/writer.h"

#include <errno.h>

#include "dns/name.h"
#include "dns/rdata.h"

#define POINTER 0xc000
/* Type, class, TTL and rdata length behind a record's name; type and class behind a question's. */
#define RR_FIXED 10
#define QUESTION_FIXED 4
/* Labels chosen to share a bucket cost this many looks at most, and then a little compression. */
#define PROBES_MAX 16

_Static_assert(DNS_MSG_MAX <= 0x3fff, "a pointer reaches every byte of a message");

void dns_writer_init(struct dns_writer *w, uint8_t *buf, size_t cap, uint16_t id, uint16_t flags)
{
	if (cap > DNS_MSG_MAX)
		cap = DNS_MSG_MAX;
	w->buf = buf;
	w->cap = cap < DNS_HEADER_LEN ? 0 : (uint16_t)cap;
	w->len = cap < DNS_HEADER_LEN ? 0 : DNS_HEADER_LEN;
	w->id = id;
	w->flags = flags;
	memset(w->counts, 0, sizeof(w->counts));
	w->section = DNS_SECTION_QUESTION;
	w->last_ttl_off = 0;
	w->nodes = 1;
	memset(w->bucket, 0, sizeof(w->bucket));
}

void dns_writer_mark(const struct dns_writer *w, struct dns_writer_mark *m)
{
	m->len = w->len;
	m->nodes = w->nodes;
	m->last_ttl_off = w->last_ttl_off;
	m->section = w->section;
	memcpy(m->counts, w->counts, sizeof(m->counts));
}

/* A node is always put first in its chain, so taking the newest away leaves the chain as it was. */
void dns_writer_undo(struct dns_writer *w, const struct dns_writer_mark *m)
{
	while (w->nodes > m->nodes) {
		const struct dns_writer_node *node = &w->node[--w->nodes];

		w->bucket[node->hash % DNS_WRITER_BUCKETS] = node->chain;
	}
	w->len = m->len;
	w->last_ttl_off = m->last_ttl_off;
	w->section = m->section;
	memcpy(w->counts, m->counts, sizeof(w->counts));
}

static inline uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

static inline uint64_t word_at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* All of len bytes, 2 to 7, in one word, some of them twice. */
static inline uint64_t short_word(const uint8_t *p, size_t len)
{
	uint32_t head, tail;

	if (len < sizeof(head))
		return p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[len - 1] << 16;
	memcpy(&head, p, sizeof(head));
	memcpy(&tail, p + len - sizeof(tail), sizeof(tail));
	return head | (uint64_t)tail << 32;
}

/*
 * Of a label, its length byte included, below a node. The node's number is spread before the label
 * meets it: labels that count down while nodes count up would all cancel out to one hash.
 */
static inline uint16_t label_hash(uint16_t parent, const uint8_t *label)
{
	size_t len = 1u + *label;
	uint64_t h = parent * UINT64_C(0xd6e8feb86659fd93);

	if (len < sizeof(h))
		return (uint16_t)mix(h, short_word(label, len));
	for (size_t i = 0; i + sizeof(h) < len; i += sizeof(h))
		h = mix(h, word_at(label + i));
	return (uint16_t)mix(h, word_at(label + len - sizeof(h)));
}

/* Are two labels the same byte by byte? Neither is read beyond its own end. */
static inline bool label_same(const uint8_t *a, const uint8_t *b)
{
	size_t len = 1u + *a;

	if (*a != *b)
		return false;
	if (len < sizeof(uint64_t))
		return short_word(a, len) == short_word(b, len);
	for (size_t i = 0; i + sizeof(uint64_t) < len; i += sizeof(uint64_t))
		if (word_at(a + i) != word_at(b + i))
			return false;
	return word_at(a + len - sizeof(uint64_t)) == word_at(b + len - sizeof(uint64_t));
}

/*
 * The node of a label below parent, or 0. Labels must match byte by byte: a name keeps the case it
 * was written with.
 */
static uint16_t find_node(
	const struct dns_writer *w, uint16_t parent, const uint8_t *label, uint16_t hash)
{
	uint16_t at = w->bucket[hash % DNS_WRITER_BUCKETS];

	for (unsigned probes = 0; at != 0 && probes < PROBES_MAX; probes++) {
		const struct dns_writer_node *node = &w->node[at];

		if (node->hash == hash && node->parent == parent &&
			label_same(w->buf + node->off, label))
			return at;
		at = node->chain;
	}
	return 0;
}

/* Remembers the label at off below parent. Returns its node, or 0 when there is no room left. */
static uint16_t add_node(struct dns_writer *w, uint16_t parent, uint16_t off, uint16_t hash)
{
	uint16_t *bucket = &w->bucket[hash % DNS_WRITER_BUCKETS];
	uint16_t at = w->nodes;

	if (at == DNS_WRITER_NODES)
		return 0;
	w->node[at] = (struct dns_writer_node){
		.off = off, .parent = parent, .chain = *bucket, .hash = hash};
	*bucket = at;
	w->nodes++;
	return at;
}

/*
 * Not inline: where gcc knows that a name is short it copies it by "rep movs", whose start-up costs
 * more than the copy.
 */
static __attribute__((noinline)) int put(struct dns_writer *w, const void *bytes, size_t len)
{
	if (len > (size_t)(w->cap - w->len))
		return -ENOSPC;
	if (len > 0)
		memcpy(w->buf + w->len, bytes, len);
	w->len += (uint16_t)len;
	return 0;
}

static int put_pointer(struct dns_writer *w, uint16_t off)
{
	uint8_t pointer[2];

	dns_store16(pointer, POINTER | off);
	return put(w, pointer, sizeof(pointer));
}

/*
 * Writes a name: from its end as much as the message holds already becomes a pointer, the labels
 * in front of that are written out and remembered for names to come.
 */
static int put_name(struct dns_writer *w, const uint8_t *name)
{
	uint8_t offs[DNS_LABELS_MAX + 1]; /* of the labels, then of the root */
	unsigned labels = 0;
	uint16_t parent = 0, at, start = w->len, hash = 0;
	uint8_t off = 0;
	int rc;

	for (; name[off] != 0; off = (uint8_t)(off + 1 + name[off]))
		offs[labels++] = off;
	offs[labels] = off;

	for (; labels > 0; labels--, parent = at) {
		const uint8_t *label = name + offs[labels - 1];

		hash = label_hash(parent, label);
		at = find_node(w, parent, label, hash);
		if (at == 0)
			break;
	}
	rc = put(w, name, offs[labels]);
	if (rc == 0)
		rc = parent != 0 ? put_pointer(w, w->node[parent].off) : put(w, "", 1);
	if (rc < 0)
		return rc;
	while (labels-- > 0) {
		parent = add_node(w, parent, start + offs[labels], hash);
		if (parent == 0 || labels == 0)
			break;
		hash = label_hash(parent, name + offs[labels - 1]);
	}
	return 0;
}

/* Writes rdata, the names in it compressed if its type allows; -EINVAL if it is not as it should.
 */
static int put_rdata(
	struct dns_writer *w, uint16_t rrtype, const uint8_t *rdata, size_t rdlen, unsigned opts)
{
	const struct dns_rdata_layout *l = dns_rdata_layout(rrtype);
	const uint8_t *end = rdata + rdlen;
	size_t front;
	int rc;

	if (rdlen == 0 && rrtype == DNS_TYPE_TXT)
		return put(w, "", 1);
	if (!dns_rdata_check(rrtype, rdata, rdlen))
		return -EINVAL;
	if (!l->compress || (rrtype == DNS_TYPE_SRV && (opts & DNS_W_NO_SRV_COMPRESS)))
		return put(w, rdata, rdlen);
	front = (size_t)dns_rdata_front(l, rdata, rdlen);
	rc = put(w, rdata, front);
	rdata += front;
	for (unsigned i = 0; i < l->names && rc == 0; i++) {
		rc = put_name(w, rdata);
		rdata += dns_name_len(rdata);
	}
	return rc < 0 ? rc : put(w, rdata, (size_t)(end - rdata));
}

int dns_write_question(struct dns_writer *w, const uint8_t *qname, uint16_t qtype, uint16_t qclass)
{
	struct dns_writer_mark before;
	uint8_t fixed[QUESTION_FIXED];
	int rc;

	if (w->section != DNS_SECTION_QUESTION)
		return -EINVAL;
	dns_writer_mark(w, &before);
	dns_store16(fixed, qtype);
	dns_store16(fixed + 2, qclass);
	rc = put_name(w, qname);
	if (rc == 0)
		rc = put(w, fixed, sizeof(fixed));
	if (rc < 0)
		dns_writer_undo(w, &before);
	else
		w->counts[DNS_SECTION_QUESTION]++;
	return rc;
}

int dns_write_rr(struct dns_writer *w, enum dns_section section, const uint8_t *name,
	uint16_t rrtype, uint16_t rrclass, uint32_t ttl, const uint8_t *rdata, size_t rdlen,
	unsigned opts)
{
	struct dns_writer_mark before;
	uint8_t fixed[RR_FIXED];
	uint16_t fixed_off;
	int rc;

	if (section < DNS_SECTION_ANSWER || section >= DNS_SECTIONS || section < w->section)
		return -EINVAL;
	dns_writer_mark(w, &before);
	dns_store16(fixed, rrtype);
	dns_store16(fixed + 2, rrclass);
	dns_store32(fixed + 4, ttl);
	rc = put_name(w, name);
	fixed_off = w->len;
	if (rc == 0)
		rc = put(w, fixed, sizeof(fixed));
	if (rc == 0)
		rc = put_rdata(w, rrtype, rdata, rdlen, opts);
	if (rc < 0) {
		dns_writer_undo(w, &before);
		return rc;
	}
	/* the length as compressed is known only now */
	dns_store16(w->buf + fixed_off + 8, (uint16_t)(w->len - fixed_off - RR_FIXED));
	w->last_ttl_off = fixed_off + 4;
	w->section = (uint8_t)section;
	w->counts[section]++;
	return 0;
}

size_t dns_writer_finish(struct dns_writer *w)
{
	if (w->len < DNS_HEADER_LEN)
		return 0;
	dns_store16(w->buf, w->id);
	dns_store16(w->buf + 2, w->flags);
	for (unsigned i = 0; i < DNS_SECTIONS; i++)
		dns_store16(w->buf + 4 + 2 * i, w->counts[i]);
	return w->len;
}
