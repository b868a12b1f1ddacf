/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Scenario files as lines: `include FILE` and `for X A..B {` ... `}` are expanded while reading,
 * every line keeps the place it came from. What the lines mean is scenario.c's.
 */

#define SCRIPT_WHY 512    /* room for a reason */
#define SCRIPT_LINE 4096  /* longest line */
#define SCRIPT_TOKENS 256 /* most words of a line */

struct script_line {
	const char *file; /* as shown to people; lives as long as the script */
	unsigned number;  /* 1-based */
	char *text;       /* without newline and surrounding blanks; of YAML, with its indent */
};

struct script {
	struct script_line *line;
	size_t n, cap;
	char **file; /* names the lines point at */
	size_t n_files;
};

/* Words of a line. "..." is one word, its escapes kept; `#` starts a comment. */
struct script_words {
	unsigned n;
	char *word[SCRIPT_TOKENS];
	char buf[SCRIPT_LINE];
};

/* Reads a file and what it includes. 0, or -1 with a reason that names the place. */
int script_load(struct script *s, const char *path, char why[SCRIPT_WHY]);
void script_free(struct script *s);

/* Splits a line into words. 0, or -1: an open quote or too much. */
int script_split(const char *text, struct script_words *out);

/* First line at or behind `from` that is a lone "}", or s->n. */
size_t script_block_end(const struct script *s, size_t from);

/* "20ms", "5s", "2m", "1h", "0" -> microseconds. "A..B" -> both; a single one is lo = 0 and hi. 0
 * or -1. */
int script_duration(const char *text, uint64_t *us);
int script_window(const char *text, uint64_t *lo, uint64_t *hi);

/* A number in C's notation within 0..max. 0 or -1. */
int script_number(const char *text, uint64_t max, uint64_t *out);
