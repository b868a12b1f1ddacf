/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Reads one contiguous DNS message from outside, question by question and record by record,
 * without allocating and without writing to it (RFC 1035 §4.1, RFC 6762 §18). The message must
 * stay in place while the reader is used. One reader belongs to one thread, any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/wire.h"

/*
 * Room for the expanded rdata of any record whose names may be compressed: a SOA of two longest
 * names; an NSEC or RRSIG-like one needs its own length and DNS_NAME_MAX more. Any record fits in
 * DNS_RDATA_MAX.
 */
#define DNS_RDATA_MAX (DNS_MSG_MAX + DNS_NAME_MAX)

struct dns_reader {
	const uint8_t *msg;            /* the message; the caller's */
	uint16_t len;                  /* bytes of it */
	uint16_t pos;                  /* next byte to read */
	uint16_t id;                   /* host order */
	uint16_t flags;                /* host order, DNS_FLAG_* */
	uint16_t counts[DNS_SECTIONS]; /* as the header claims */
	uint16_t left;                 /* entries of the current section yet to read */
	uint8_t section;               /* enum dns_section, the current one */
};

struct dns_question {
	uint8_t qname[DNS_NAME_MAX + 1]; /* uncompressed, checked, bytes kept */
	uint8_t qname_len;               /* root label included */
	uint16_t qtype;
	uint16_t qclass; /* without the QU bit */
	bool qu;         /* unicast response preferred (RFC 6762 §5.4) */
};

struct dns_rr {
	uint8_t section;  /* enum dns_section, never DNS_SECTION_QUESTION */
	uint8_t name_len; /* root label included */
	bool cache_flush; /* RFC 6762 §10.2; never for OPT */
	uint16_t rrtype;
	uint16_t rrclass;   /* without the flush bit; for OPT all 16 bits: the payload size */
	uint32_t ttl;       /* seconds; with the top bit set it counts as 0. For OPT the raw word */
	uint16_t rdata_off; /* offset in the message of rdata as sent, names maybe compressed */
	uint16_t rdlen;     /* its length as sent; 0 is possible for TXT */
	uint8_t name[DNS_NAME_MAX + 1]; /* uncompressed, checked, bytes kept */
};

/*
 * Starts reading the len bytes at msg. Returns 0, or -EBADMSG if there is no whole header or more
 * than DNS_MSG_MAX bytes. Opcode, rcode and QR are the caller's to judge (RFC 6762 §18).
 */
int dns_reader_init(struct dns_reader *r, const uint8_t *msg, size_t len);

/*
 * Reads the next question. Returns 1 when q was filled, 0 if there is none left, -EBADMSG if the
 * rest of the message is lost (q is undefined; every later call fails too). Once records were read
 * there is no question left.
 */
int dns_reader_question(struct dns_reader *r, struct dns_question *q);

/*
 * Reads the next record of the answer, authority or additional section, after skipping what
 * questions are left. Returns
 *   1         rr was filled; its name is checked and its rdata fits its type (dns/rdata.h), so
 *             dns_rdata_expand() can only fail for want of room
 *   0         the message is at its end; bytes behind the last record are ignored
 *  -EINVAL    this record alone is spoiled: a bad pointer, a name too long, rdata of the wrong
 *             length or form, an NSEC not in the restricted form (RFC 6762 §6.1: it must not cost
 *             the whole message). Call again for the next. What the header says is in rr, but
 *             name_len is 0 if the name was bad, and the rdata must not be used
 *  -EBADMSG   the rest of the message is lost, now and for every later call
 */
int dns_reader_rr(struct dns_reader *r, struct dns_rr *rr);

/*
 * Writes the rdata of rr, which came from r, to out with every name in it uncompressed: those of
 * all types of RFC 6762 §18.14 and of the other types dns/rdata.h knows names in. An empty TXT
 * becomes a single zero byte (RFC 6763 §6.1). Returns the length in bytes, -ENOSPC if it is above
 * cap, or -EBADMSG if rr was spoiled.
 */
int dns_rdata_expand(const struct dns_reader *r, const struct dns_rr *rr, uint8_t *out, size_t cap);

/*
 * Expands the name that begins at pos of a message of len bytes into out, which has room for
 * DNS_NAME_MAX + 1 bytes, all of which may be written. Pointers must point behind the header and
 * before the start of the name, each before the part that the one before pointed to (RFC 1035
 * §4.1.4: "a prior occurrence"), and there may be DNS_LABELS_MAX of them. Stores the offset of the
 * byte behind the name as it stands at pos in *next. Returns its length or -EBADMSG.
 */
int dns_reader_name(
	const uint8_t *msg, size_t len, size_t pos, uint8_t out[DNS_NAME_MAX + 1], size_t *next);
