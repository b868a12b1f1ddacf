/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/*
 * Text of a reply on its way to a client: grows at the end, is sent from the front. A failed
 * allocation makes it lost, which the sender checks once, instead of each writer. Management
 * thread.
 */
struct text {
	char *buf;
	size_t len;  /* bytes written */
	size_t sent; /* of them already gone */
	size_t cap;
	bool lost;
};

void text_add(struct text *t, const char *bytes, size_t len);
void text_str(struct text *t, const char *s);

/* At most 511 bytes: a longer one is lost. */
void text_fmt(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A JSON value in compact form; takes the reference over, also on failure. NULL: jansson had no
 * memory, the text is lost. */
void text_json(struct text *t, json_t *value);

/* A JSON string, quoted and escaped. */
void text_json_str(struct text *t, const char *s);

/* Bytes not sent yet. */
static inline size_t text_left(const struct text *t)
{
	return t->len - t->sent;
}

/* Forgets all text, keeps a small buffer. */
void text_clear(struct text *t);
void text_free(struct text *t);
