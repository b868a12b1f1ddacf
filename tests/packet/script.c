/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/packet/script.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INCLUDE_DEPTH 8
#define LOOP_DEPTH 4

static char *copy(const char *text, size_t len)
{
	char *p = strndup(text, len);

	if (p == NULL)
		abort();
	return p;
}

static void add_line(struct script *s, const char *file, unsigned number, const char *text)
{
	if (s->n == s->cap) {
		s->cap = s->cap == 0 ? 256 : s->cap * 2;
		s->line = realloc(s->line, s->cap * sizeof(*s->line));
		if (s->line == NULL)
			abort();
	}
	s->line[s->n++] = (struct script_line){file, number, copy(text, strlen(text))};
}

static const char *add_file(struct script *s, const char *path)
{
	s->file = realloc(s->file, (s->n_files + 1) * sizeof(*s->file));
	if (s->file == NULL)
		abort();
	s->file[s->n_files] = copy(path, strlen(path));
	return s->file[s->n_files++];
}

void script_free(struct script *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->line[i].text);
	for (size_t i = 0; i < s->n_files; i++)
		free(s->file[i]);
	free(s->line);
	free(s->file);
	memset(s, 0, sizeof(*s));
}

/* --- words ----------------------------------------------------------------------------------- */

int script_split(const char *text, struct script_words *out)
{
	char *w = out->buf, *end = out->buf + sizeof(out->buf) - 1;

	out->n = 0;
	for (const char *p = text; *p != '\0';) {
		bool quoted = false;

		if (isspace((unsigned char)*p)) {
			p++;
			continue;
		}
		if (*p == '#')
			break;
		if (out->n == SCRIPT_TOKENS)
			return -1;
		out->word[out->n++] = w;
		for (; *p != '\0' && (quoted || !isspace((unsigned char)*p)); p++) {
			if (w + 2 >= end)
				return -1;
			if (*p == '"') {
				quoted = !quoted;
				continue;
			}
			*w++ = *p;
			if (*p == '\\' && p[1] != '\0')
				*w++ = *++p;
		}
		if (quoted)
			return -1;
		*w++ = '\0';
	}
	return 0;
}

/* The line without what stands around it; NULL for nothing but blanks and comment. */
static const char *trimmed(const char *text, char *buf)
{
	size_t len;

	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	memcpy(buf, text, len);
	buf[len] = '\0';
	return len == 0 || buf[0] == '#' ? NULL : buf;
}

static bool opens(const char *t)
{
	size_t len = strlen(t);

	return len > 0 && t[len - 1] == '{';
}

size_t script_block_end(const struct script *s, size_t from)
{
	char buf[SCRIPT_LINE];

	while (from < s->n) {
		const char *t = trimmed(s->line[from].text, buf);

		if (t != NULL && strcmp(t, "}") == 0)
			break;
		from++;
	}
	return from;
}

/* --- loops and includes ------------------------------------------------------------------------
 */

/* A file as it was read, before expansion. */
struct source {
	const char *file;
	char **text;
	size_t n;
};

struct loader {
	struct script *s;
	char *why;
	struct {
		char name[32];
		uint64_t value;
	} var[LOOP_DEPTH];
	unsigned n_vars;
	unsigned depth; /* of includes */
};

static int load_file(struct loader *ld, const char *path);

static int fail(struct loader *ld, const char *file, size_t i, const char *what)
{
	snprintf(ld->why, SCRIPT_WHY, "%s:%zu: %s", file, i + 1, what);
	return -1;
}

/* Replaces $name by its value; a longer name is another variable. */
static int substitute(const struct loader *ld, const char *text, char *out)
{
	size_t n = 0;

	for (const char *p = text; *p != '\0'; p++) {
		size_t len = 0;
		unsigned v;

		if (*p == '$')
			while (isalnum((unsigned char)p[1 + len]))
				len++;
		for (v = 0; len > 0 && v < ld->n_vars; v++)
			if (strlen(ld->var[v].name) == len &&
				memcmp(ld->var[v].name, p + 1, len) == 0)
				break;
		if (n + 24 > SCRIPT_LINE)
			return -1;
		if (len == 0 || v == ld->n_vars) {
			out[n++] = *p;
			continue;
		}
		n += (size_t)sprintf(out + n, "%" PRIu64, ld->var[v].value);
		p += len;
	}
	out[n] = '\0';
	return 0;
}

/* The "}" that closes the block whose opening line is at `from`. */
static size_t closing(const struct source *src, size_t from)
{
	char buf[SCRIPT_LINE];
	unsigned depth = 0;

	for (size_t i = from; i < src->n; i++) {
		const char *t = trimmed(src->text[i], buf);

		if (t != NULL && opens(t))
			depth++;
		if (t != NULL && strcmp(t, "}") == 0 && --depth == 0)
			return i;
	}
	return src->n;
}

static int expand(struct loader *ld, const struct source *src, size_t from, size_t to);

static int expand_loop(struct loader *ld, const struct source *src, size_t at, size_t end,
	const struct script_words *w)
{
	char *dots = w->n == 4 ? strstr(w->word[2], "..") : NULL;
	uint64_t lo, hi;
	int rc = 0;

	if (dots == NULL || end == src->n || ld->n_vars == LOOP_DEPTH ||
		strlen(w->word[1]) >= sizeof(ld->var[0].name))
		return fail(ld, src->file, at, "expected: for NAME A..B { ... }");
	*dots = '\0';
	if (script_number(w->word[2], UINT32_MAX, &lo) < 0 ||
		script_number(dots + 2, UINT32_MAX, &hi) < 0)
		return fail(ld, src->file, at, "expected: for NAME A..B { ... }");
	strcpy(ld->var[ld->n_vars].name, w->word[1]);
	ld->n_vars++;
	for (uint64_t v = lo; v <= hi && rc == 0; v++) {
		ld->var[ld->n_vars - 1].value = v;
		rc = expand(ld, src, at + 1, end);
	}
	ld->n_vars--;
	return rc;
}

static int expand_include(struct loader *ld, const struct source *src, size_t at, const char *name)
{
	const char *slash = strrchr(src->file, '/');
	char path[SCRIPT_LINE];

	snprintf(path, sizeof(path), "%.*s%s", slash == NULL ? 0 : (int)(slash + 1 - src->file),
		src->file, name);
	if (ld->depth == INCLUDE_DEPTH)
		return fail(ld, src->file, at, "too many files include each other");
	return load_file(ld, path);
}

static int expand(struct loader *ld, const struct source *src, size_t from, size_t to)
{
	char text[SCRIPT_LINE], buf[SCRIPT_LINE];

	for (size_t i = from; i < to; i++) {
		struct script_words w;
		const char *t;

		if (strlen(src->text[i]) >= SCRIPT_LINE / 2 ||
			substitute(ld, src->text[i], text) < 0)
			return fail(ld, src->file, i, "line too long");
		t = trimmed(text, buf);
		if (t == NULL)
			continue;
		if (strncmp(t, "for ", 4) == 0 && opens(t)) {
			size_t end = closing(src, i);

			if (script_split(t, &w) < 0 || expand_loop(ld, src, i, end, &w) < 0)
				return ld->why[0] != '\0'
					       ? -1
					       : fail(ld, src->file, i, "cannot read this line");
			i = end;
		} else if (strncmp(t, "include ", 8) == 0) {
			if (script_split(t, &w) < 0 || w.n != 2)
				return fail(ld, src->file, i, "expected: include FILE");
			if (expand_include(ld, src, i, w.word[1]) < 0)
				return -1;
		} else {
			add_line(ld->s, src->file, (unsigned)i + 1, text);
		}
	}
	return 0;
}

static int load_file(struct loader *ld, const char *path)
{
	struct source src = {.file = add_file(ld->s, path)};
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int rc;

	if (f == NULL) {
		snprintf(ld->why, SCRIPT_WHY, "%s: %s", path, strerror(errno));
		return -1;
	}
	while ((len = getline(&line, &size, f)) >= 0) {
		while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
			len--;
		src.text = realloc(src.text, (src.n + 1) * sizeof(*src.text));
		if (src.text == NULL)
			abort();
		src.text[src.n++] = copy(line, (size_t)len);
	}
	free(line);
	fclose(f);
	ld->depth++;
	rc = expand(ld, &src, 0, src.n);
	ld->depth--;
	for (size_t i = 0; i < src.n; i++)
		free(src.text[i]);
	free(src.text);
	return rc;
}

int script_load(struct script *s, const char *path, char why[SCRIPT_WHY])
{
	struct loader ld = {.s = s, .why = why};

	memset(s, 0, sizeof(*s));
	why[0] = '\0';
	if (load_file(&ld, path) == 0)
		return 0;
	script_free(s);
	return -1;
}

/* --- values ------------------------------------------------------------------------------------
 */

int script_duration(const char *text, uint64_t *us)
{
	static const struct {
		const char *unit;
		uint64_t us;
	} units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}, {"m", 60000000}, {"h", 3600000000}};
	char *end;
	double v;

	if (!isdigit((unsigned char)text[0]))
		return -1;
	v = strtod(text, &end);
	if (v == 0 && *end == '\0') {
		*us = 0;
		return 0;
	}
	for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].unit) != 0)
			continue;
		*us = (uint64_t)(v * (double)units[i].us + 0.5);
		return 0;
	}
	return -1;
}

int script_window(const char *text, uint64_t *lo, uint64_t *hi)
{
	const char *dots = strstr(text, "..");
	char first[32];

	*lo = 0;
	if (dots == NULL)
		return script_duration(text, hi);
	if ((size_t)(dots - text) >= sizeof(first))
		return -1;
	memcpy(first, text, (size_t)(dots - text));
	first[dots - text] = '\0';
	if (script_duration(first, lo) < 0 || script_duration(dots + 2, hi) < 0)
		return -1;
	return *lo <= *hi ? 0 : -1;
}

int script_number(const char *text, uint64_t max, uint64_t *out)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -1;
	errno = 0;
	*out = strtoull(text, &end, 0);
	return errno != 0 || *end != '\0' || *out > max ? -1 : 0;
}
