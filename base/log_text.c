/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/text.h"

/* What comes into the log from elsewhere: quoted strings, and streams cut into lines. */

#define STREAM_LINE 1024

const char *log_quote(char *buf, size_t size, const void *str, size_t len)
{
	const uint8_t *p = str;
	const uint8_t *end = p + len;
	size_t n = 0;

	buf[n++] = '"';
	while (p < end) {
		size_t seq = utf8_printable(p, (size_t)(end - p));
		char piece[5];
		size_t want;

		if (seq > 1 || (seq == 1 && *p != '"' && *p != '\\')) {
			memcpy(piece, p, seq);
			want = seq;
		} else if (seq == 1) {
			piece[0] = '\\';
			piece[1] = (char)*p;
			want = 2;
		} else {
			snprintf(piece, sizeof(piece), "\\x%02x", *p);
			want = 4;
			seq = 1;
		}
		if (n + want > size - 2)
			break;
		memcpy(buf + n, piece, want);
		n += want;
		p += seq;
	}
	buf[n++] = '"';
	buf[n] = '\0';
	return buf;
}

struct log_cookie {
	const struct log_module *mod;
	enum log_level (*level)(void);
	size_t len;
	char line[STREAM_LINE];
};

static void stream_line(struct log_cookie *c)
{
	enum log_level level = c->level != NULL ? c->level() : LOG_LEVEL_NOTICE;

	c->line[c->len] = '\0';
	if (c->len > 0 && (int)level <= __atomic_load_n(&c->mod->level, __ATOMIC_RELAXED))
		log_write(c->mod, level, c->line, " ");
	c->len = 0;
}

/* Called by stdio under the stream's lock. */
static ssize_t stream_write(void *cookie, const char *buf, size_t size)
{
	struct log_cookie *c = cookie;

	for (size_t i = 0; i < size; i++) {
		if (buf[i] == '\n' || c->len == STREAM_LINE - 1)
			stream_line(c);
		if (buf[i] != '\n')
			c->line[c->len++] = buf[i];
	}
	return (ssize_t)size;
}

static int stream_close(void *cookie)
{
	stream_line(cookie);
	free(cookie);
	return 0;
}

FILE *log_stream(const struct log_module *mod, enum log_level (*level)(void))
{
	struct log_cookie *c = calloc(1, sizeof(*c));
	FILE *f;

	if (c == NULL)
		return NULL;
	c->mod = mod;
	c->level = level;
	f = fopencookie(
		c, "w", (cookie_io_functions_t){.write = stream_write, .close = stream_close});
	if (f == NULL)
		free(c);
	return f;
}
