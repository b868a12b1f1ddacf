/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Messages written byte by byte for the suites of this folder, so that what the writer would never
 * send can be read too. Literals end with their NUL, which is the root label: N("\5local").
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "dns/wire.h"

#define N(literal) ((const uint8_t *)(literal))

struct build {
	size_t len;
	uint8_t msg[DNS_MSG_MAX + 100];
};

static inline void put_bytes(struct build *b, const void *bytes, size_t len)
{
	memcpy(b->msg + b->len, bytes, len);
	b->len += len;
}

/* A literal with its NUL: a whole name. */
#define put_name(b, literal) put_bytes(b, literal, sizeof(literal))
/* A literal without its NUL: labels or any bytes. */
#define put_raw(b, literal) put_bytes(b, literal, sizeof(literal) - 1)

static inline void put8(struct build *b, uint8_t v)
{
	b->msg[b->len++] = v;
}

static inline void put16(struct build *b, uint16_t v)
{
	dns_store16(b->msg + b->len, v);
	b->len += 2;
}

static inline void put32(struct build *b, uint32_t v)
{
	dns_store32(b->msg + b->len, v);
	b->len += 4;
}

static inline void put_pointer(struct build *b, size_t off)
{
	put16(b, (uint16_t)(0xc000 | off));
}

/* Starts the message: id 0, a response, and the four counts. */
static inline void put_header(struct build *b, uint16_t qd, uint16_t an, uint16_t ns, uint16_t ar)
{
	b->len = 0;
	put16(b, 0);
	put16(b, DNS_FLAG_QR | DNS_FLAG_AA);
	put16(b, qd);
	put16(b, an);
	put16(b, ns);
	put16(b, ar);
}

/* What stands between a record's name and its rdata: class IN, TTL 120. */
static inline void put_fixed(struct build *b, uint16_t rrtype, uint16_t rdlen)
{
	put16(b, rrtype);
	put16(b, DNS_CLASS_IN);
	put32(b, 120);
	put16(b, rdlen);
}

/* Stores the length of what was put since rdata_off, where rdata began, in the fixed part. */
static inline void end_rdata(struct build *b, size_t rdata_off)
{
	dns_store16(b->msg + rdata_off - 2, (uint16_t)(b->len - rdata_off));
}
