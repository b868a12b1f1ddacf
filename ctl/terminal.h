/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/* The terminal that `out` is, if it is one. */

/* Columns and lines of it; 0: it is none, or does not say. */
unsigned terminal_width(FILE *out);
unsigned terminal_lines(FILE *out);

/*
 * A screen of its own, keys read one by one, until terminal_leave(), which runs at exit and at a
 * terminating signal too. False: stdin and stdout are no terminal.
 */
bool terminal_enter(void);
void terminal_leave(void);

/* Waits ms for a key: it, 0 if none came, or -1 when it is time to leave. */
int terminal_key(int ms);
