/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Rdata by type: the one table of where names stand in it, which reader and writer share; its
 * comparison, canonical form and text. rdata here is uncompressed, as dns_rdata_expand() gives
 * it. Pure functions for any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/nsec.h"
#include "dns/wire.h"

/* What follows the names and the bytes behind them. */
enum dns_rdata_tail {
	DNS_TAIL_NONE,    /* nothing may follow */
	DNS_TAIL_OPAQUE,  /* any bytes */
	DNS_TAIL_STRINGS, /* one or more character strings (TXT) */
	DNS_TAIL_BITMAP,  /* the type bitmap of a restricted NSEC */
	DNS_TAIL_OPTIONS, /* EDNS options */
};

/* The form of a type's rdata, in this order on the wire. */
struct dns_rdata_layout {
	uint8_t fixed;   /* bytes before anything else */
	uint8_t strings; /* character strings (a length byte and as many bytes) */
	uint8_t names;   /* domain names */
	uint8_t behind;  /* bytes behind the names */
	uint8_t tail;    /* enum dns_rdata_tail */
	bool compress;   /* its names may be compressed when sent (RFC 6762 §18.14) */
};

/* The layout of rrtype; never NULL, opaque for types not known. */
const struct dns_rdata_layout *dns_rdata_layout(uint16_t rrtype);

/*
 * For whoever walks rdata by its layout. Length of what stands in front of the names (fixed bytes
 * and strings) in rdata of rdlen bytes, or -EINVAL if it does not fit in them.
 */
int dns_rdata_front(const struct dns_rdata_layout *l, const uint8_t *rdata, size_t rdlen);

/* Are the len bytes at rest a good end of rdata, from behind its names? */
bool dns_rdata_rest_ok(const struct dns_rdata_layout *l, const uint8_t *rest, size_t len);

/* Has uncompressed rdata the form of its type? An empty TXT has not (RFC 6763 §6.1). */
bool dns_rdata_check(uint16_t rrtype, const uint8_t *rdata, size_t rdlen);

/*
 * Order of two rdata in the tie-break of simultaneous probes (RFC 6762 §8.2): the raw bytes
 * "without regard for meaning or structure", so rrtype is not looked at. <0, 0 or >0.
 */
int dns_rdata_compare(
	uint16_t rrtype, const uint8_t *a, size_t alen, const uint8_t *b, size_t blen);

/* Are two rdata of a type the same, ASCII case in the names inside aside? Rdata must be checked. */
bool dns_rdata_equal(uint16_t rrtype, const uint8_t *a, size_t alen, const uint8_t *b, size_t blen);

/*
 * Copies checked rdata to dst (rdlen bytes of room; may be rdata itself) with the names inside in
 * lower case, all else untouched. Equal rdata have equal canonical bytes. Returns rdlen.
 */
size_t dns_rdata_canon(uint16_t rrtype, uint8_t *dst, const uint8_t *rdata, size_t rdlen);

/*
 * The name the rdata leads to: the target of SRV, PTR, CNAME or DNAME, the first name of other
 * types; NULL for types without one. Rdata must be checked; the result points into it.
 */
const uint8_t *dns_rdata_name(uint16_t rrtype, const uint8_t *rdata);

/*
 * Is a record of this type by convention unique to its owner (RFC 6762 §2, §10.2), so that a host
 * that holds it holds the whole RRset? True for A, AAAA, SRV, TXT, HINFO, CNAME, DNAME and NSEC;
 * PTR is shared but for reverse names, which only its own flush bit can tell.
 */
bool dns_type_is_unique(uint16_t rrtype);

/* The mnemonic of a type, static; NULL if it has none here. */
const char *dns_type_name(uint16_t rrtype);

/* The mnemonic or TYPE123 (RFC 3597 §5). Returns the length without the NUL, or -ENOSPC. */
int dns_type_to_text(uint16_t rrtype, char *buf, size_t cap);

/* The type of a mnemonic or TYPE123, in any case; -EINVAL if there is none. */
int dns_type_from_text(const char *text);

/*
 * Rdata for people, in the presentation form of its type: names as dns_name_to_text() writes them,
 * strings in quotes, \# and hex for types without a form (RFC 3597 §5) or rdata that does not have
 * its type's. Always valid UTF-8 on one line. Returns the length without the NUL, or -ENOSPC.
 */
int dns_rdata_to_text(uint16_t rrtype, const uint8_t *rdata, size_t rdlen, char *buf, size_t cap);
