/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Builds one DNS message in a buffer of the caller's, names compressed as RFC 6762 §18.14 asks.
 * Suffixes already written are found in a small table inside the writer: a trie of labels whose
 * nodes hash by (parent, label), so a name costs its own length whatever was written before.
 * Nothing is allocated. One writer belongs to one thread, any thread; it is about 4.5 KiB, of
 * which dns_writer_init() touches 256 bytes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/wire.h"

#define DNS_WRITER_BUCKETS 128
#define DNS_WRITER_NODES 512

/* Options of dns_write_rr(). */
enum {
	/* leave the SRV target uncompressed: legacy unicast responses (RFC 6762 §18.14) */
	DNS_W_NO_SRV_COMPRESS = 1u << 0,
};

/* A suffix that stands in the message: label at off, and behind it the suffix of node parent. */
struct dns_writer_node {
	uint16_t off;
	uint16_t parent; /* node number, 0 for the root */
	uint16_t chain;  /* next node in the bucket, 0 at its end */
	uint16_t hash;   /* of parent and label */
};

struct dns_writer {
	uint8_t *buf;   /* the caller's */
	uint16_t cap;   /* bytes of it that may be used */
	uint16_t len;   /* bytes written */
	uint16_t id;    /* stored by dns_writer_finish(); the caller may change it before */
	uint16_t flags; /* likewise, DNS_FLAG_* */
	uint16_t counts[DNS_SECTIONS];
	uint8_t section; /* enum dns_section of the last entry written */
	uint16_t
		last_ttl_off; /* offset of the TTL of the last record written, 0 before the first */
	uint16_t nodes;       /* in use; node numbers start at 1 */
	uint16_t bucket[DNS_WRITER_BUCKETS];
	struct dns_writer_node node[DNS_WRITER_NODES];
};

/*
 * Starts a message in buf, of which at most cap bytes are used and never more than DNS_MSG_MAX.
 * With cap below DNS_HEADER_LEN nothing can be written and the finished message is empty.
 */
void dns_writer_init(struct dns_writer *w, uint8_t *buf, size_t cap, uint16_t id, uint16_t flags);

/*
 * Appends a question; qclass as on the wire, DNS_QU_BIT included. Returns 0; -ENOSPC, the message
 * unchanged; or -EINVAL if a record was written already.
 */
int dns_write_question(struct dns_writer *w, const uint8_t *qname, uint16_t qtype, uint16_t qclass);

/*
 * Appends a record to section (answer, authority or additional); sections come in order. name is
 * checked; rrclass as on the wire, DNS_CACHE_FLUSH_BIT included; ttl in seconds; rdata
 * uncompressed, rdlen bytes (an empty TXT is sent as one zero byte, RFC 6763 §6.1); opts DNS_W_*.
 * On success w->last_ttl_off is the offset of the TTL in the message. Returns 0; -ENOSPC or
 * -EINVAL (an earlier section, rdata without the form of its type), the message being exactly as
 * before: length, counts and what names can be compressed to.
 */
int dns_write_rr(struct dns_writer *w, enum dns_section section, const uint8_t *name,
	uint16_t rrtype, uint16_t rrclass, uint32_t ttl, const uint8_t *rdata, size_t rdlen,
	unsigned opts);

/* A point to return to: what of the writer later entries change. */
struct dns_writer_mark {
	uint16_t len;
	uint16_t nodes;
	uint16_t last_ttl_off;
	uint16_t counts[DNS_SECTIONS];
	uint8_t section;
};

/* Remembers the present message in m, so that several records can be written all or none. */
void dns_writer_mark(const struct dns_writer *w, struct dns_writer_mark *m);

/*
 * Takes back everything written since m was made from w: length, counts and what names can be
 * compressed to are as they were. Marks made in between become invalid.
 */
void dns_writer_undo(struct dns_writer *w, const struct dns_writer_mark *m);

/* Has no question and no record been written? */
static inline bool dns_writer_empty(const struct dns_writer *w)
{
	return (w->counts[0] | w->counts[1] | w->counts[2] | w->counts[3]) == 0;
}

/*
 * Stores id, flags and counts in the header and returns the length of the message in bytes. More
 * may be written afterwards if it is finished again.
 */
size_t dns_writer_finish(struct dns_writer *w);
