/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MIN 4096
#define TEXT_KEEP (64u << 10)

void text_add(struct text *t, const char *bytes, size_t len)
{
	size_t cap = t->cap > 0 ? t->cap : TEXT_MIN;
	char *buf;

	if (t->lost)
		return;
	while (cap - t->len < len)
		cap *= 2;
	if (cap != t->cap) {
		buf = realloc(t->buf, cap);
		if (buf == NULL) {
			t->lost = true;
			return;
		}
		t->buf = buf;
		t->cap = cap;
	}
	memcpy(t->buf + t->len, bytes, len);
	t->len += len;
}

void text_str(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

void text_fmt(struct text *t, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line))
		t->lost = true;
	else
		text_add(t, line, (size_t)n);
}

static int on_dump(const char *bytes, size_t len, void *arg)
{
	text_add(arg, bytes, len);
	return 0;
}

void text_json(struct text *t, json_t *value)
{
	if (value == NULL ||
		json_dump_callback(value, on_dump, t, JSON_COMPACT | JSON_ENCODE_ANY) < 0)
		t->lost = true;
	json_decref(value);
}

void text_json_str(struct text *t, const char *s)
{
	text_json(t, json_string(s));
}

void text_clear(struct text *t)
{
	t->len = 0;
	t->sent = 0;
	t->lost = false;
	if (t->cap > TEXT_KEEP) {
		free(t->buf);
		t->buf = NULL;
		t->cap = 0;
	}
}

void text_free(struct text *t)
{
	free(t->buf);
	memset(t, 0, sizeof(*t));
}
