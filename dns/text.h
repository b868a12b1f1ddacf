/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Bounded text being put together, for the files of this folder that write text. Characters
 * beyond the room are dropped but counted, and dns_text_end() tells.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct dns_text {
	char *buf;
	size_t cap;
	size_t len; /* of the whole text, cap or more if it did not fit */
};

static inline void dns_text_char(struct dns_text *t, char c)
{
	if (t->len < t->cap)
		t->buf[t->len] = c;
	t->len++;
}

void dns_text_str(struct dns_text *t, const char *s);

/* In decimal. */
void dns_text_uint(struct dns_text *t, uint32_t value);

/* A type's mnemonic, or TYPE123 (RFC 3597 §5). */
void dns_text_type(struct dns_text *t, uint16_t rrtype);

/*
 * Bytes as printable UTF-8: those in special behind a backslash, controls and what is not UTF-8
 * as \DDD (RFC 1035 §5.1).
 */
void dns_text_escaped(struct dns_text *t, const uint8_t *bytes, size_t len, const char *special);

/* A checked name, as dns_name_to_text() writes it. */
void dns_text_name(struct dns_text *t, const uint8_t *name);

/* Puts NUL behind the text. Returns its length without that, or -ENOSPC. */
int dns_text_end(struct dns_text *t);
