/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define CUT_MIN 8 /* columns of text are not cut below this */
#define COLS_MAX 16

struct table {
	unsigned n_cols;
	char *header[COLS_MAX];
	bool number[COLS_MAX];
	char **cell; /* row by row */
	size_t n, cap;
};

struct table *table_new(const char *const *headers, unsigned n_cols)
{
	struct table *t = calloc(1, sizeof(*t));

	if (t == NULL || n_cols > COLS_MAX) {
		free(t);
		return NULL;
	}
	t->n_cols = n_cols;
	for (unsigned c = 0; c < n_cols; c++) {
		t->number[c] = headers[c][0] == '>';
		t->header[c] = strdup(headers[c] + t->number[c]);
		if (t->header[c] == NULL) {
			table_free(t);
			return NULL;
		}
	}
	return t;
}

void table_free(struct table *t)
{
	if (t == NULL)
		return;
	for (unsigned c = 0; c < t->n_cols; c++)
		free(t->header[c]);
	for (size_t i = 0; i < t->n; i++)
		free(t->cell[i]);
	free(t->cell);
	free(t);
}

/* A copy that is safe on a terminal. */
static char *clean_copy(const char *text)
{
	size_t len = strlen(text), at = 0;
	char *copy = strdup(text);

	while (copy != NULL && at < len) {
		size_t n = utf8_printable((const uint8_t *)copy + at, len - at);

		if (n == 0)
			copy[at++] = '?';
		at += n;
	}
	return copy;
}

bool table_cell(struct table *t, const char *text)
{
	if (t->n == t->cap) {
		size_t cap = t->cap > 0 ? 2 * t->cap : 256;
		char **cell = realloc(t->cell, cap * sizeof(*cell));

		if (cell == NULL)
			return false;
		t->cell = cell;
		t->cap = cap;
	}
	t->cell[t->n] = clean_copy(text != NULL ? text : "");
	return t->cell[t->n] != NULL && ++t->n > 0;
}

size_t table_rows(const struct table *t)
{
	return t->n / t->n_cols;
}

/* --- sorting --------------------------------------------------------------------------------- */

static int by_cells(const void *a, const void *b, void *arg)
{
	char *const *x = a, *const *y = b;
	unsigned n = *(const unsigned *)arg;

	for (unsigned c = 0; c < n; c++) {
		int order = strcmp(x[c], y[c]);

		if (order != 0)
			return order;
	}
	return 0;
}

void table_sort(struct table *t, unsigned n)
{
	if (t->n > 0)
		qsort_r(t->cell, table_rows(t), t->n_cols * sizeof(*t->cell), by_cells, &n);
}

/* --- printing -------------------------------------------------------------------------------- */

/* Code points: what a terminal takes a column for, wide characters aside. */
static size_t width_of(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void pad(FILE *out, size_t n)
{
	while (n-- > 0)
		fputc(' ', out);
}

/* As many columns of the text as there are, the last of them "…" if it has more. */
static void print_cell(const char *text, size_t width, FILE *out)
{
	size_t n = 0;

	if (width_of(text) <= width) {
		fputs(text, out);
		return;
	}
	while (n + 1 < width) {
		fputc(*text++, out);
		while (((unsigned char)*text & 0xc0) == 0x80)
			fputc(*text++, out);
		n++;
	}
	fputs("…", out);
}

/* Cuts the widest columns of text until a row fits. */
static void fit(const struct table *t, size_t *width, unsigned terminal)
{
	for (;;) {
		unsigned widest = t->n_cols;
		size_t row = 2 * (t->n_cols - 1);

		for (unsigned c = 0; c < t->n_cols; c++) {
			row += width[c];
			if (!t->number[c] && width[c] > CUT_MIN &&
				(widest == t->n_cols || width[c] > width[widest]))
				widest = c;
		}
		if (row <= terminal || widest == t->n_cols)
			return;
		width[widest]--;
	}
}

static void print_row(const struct table *t, char *const *cells, const size_t *width, FILE *out)
{
	unsigned last = 0;

	for (unsigned c = 0; c < t->n_cols; c++) {
		if (cells[c][0] != '\0')
			last = c;
	}
	for (unsigned c = 0; c <= last; c++) {
		size_t w = width_of(cells[c]), space = w < width[c] ? width[c] - w : 0;

		if (t->number[c])
			pad(out, space);
		print_cell(cells[c], width[c], out);
		if (c < last) {
			if (!t->number[c])
				pad(out, space);
			pad(out, 2);
		}
	}
	fputc('\n', out);
}

void table_print(const struct table *t, unsigned terminal, FILE *out)
{
	size_t width[COLS_MAX];

	for (unsigned c = 0; c < t->n_cols; c++)
		width[c] = width_of(t->header[c]);
	for (size_t i = 0; i < table_rows(t) * t->n_cols; i++) {
		size_t w = width_of(t->cell[i]);

		if (w > width[i % t->n_cols])
			width[i % t->n_cols] = w;
	}
	if (terminal > 0)
		fit(t, width, terminal);
	print_row(t, t->header, width, out);
	for (size_t r = 0; r < table_rows(t); r++)
		print_row(t, t->cell + r * t->n_cols, width, out);
}
