/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * A table for people: columns as wide as their widest cell, numbers to the right, two spaces
 * between, no spaces at the end of a line. Cells are UTF-8; control characters in them become "?".
 * The whole table is held until it is printed.
 */
struct table;

/* headers: n_cols of them; one that begins with '>' is of a column of numbers. NULL without memory.
 */
struct table *table_new(const char *const *headers, unsigned n_cols);
void table_free(struct table *t);

/* Next cell, copied, row by row. NULL text is an empty cell. False without memory. */
bool table_cell(struct table *t, const char *text);

/* Sorts the rows by the first n columns, as bytes. */
void table_sort(struct table *t, unsigned n);

size_t table_rows(const struct table *t);

/* width: of the terminal; columns of text are cut, with "…", until a row fits. 0: as wide as it is.
 */
void table_print(const struct table *t, unsigned width, FILE *out);
