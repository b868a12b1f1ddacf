/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

/* The command line. */

enum {
	EXIT_REFUSED = 1,
	EXIT_USAGE = 2,
	EXIT_NO_GATEWAY = 3,
};

#define OPTIONS_ARGS 16

struct options {
	const char *socket;
	bool json;
	char *args[OPTIONS_ARGS]; /* the command first; options like --link X as "link=X" behind it
				   */
	unsigned n_args;
	const char *write;          /* capture: a file; empty: standard output */
	unsigned seconds, interval; /* capture: 0: until ended; top */
	char text[OPTIONS_ARGS][1100];
	unsigned n_text;
};

/* Options may stand anywhere. Returns -1 to go on, or the exit code. */
int options_parse(int argc, char **argv, struct options *o);
