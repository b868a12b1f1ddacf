/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "yaml/config.h"

/** An error refuses the file; a warning doesn't. */
enum yaml_severity {
	YAML_ERROR,
	YAML_WARNING,
};

/** One thing to say about a configuration file. */
struct yaml_error {
	enum yaml_severity severity;
	struct config_pos pos; /* line 0: the file as a whole */
	size_t order;          /* of adding; breaks ties when sorting */
	char *text;            /* "links[2].vlan: found "5000", expected ..."; no newline */
};

/* Nobody reads more, and a large file of something else would make one of every line. */
#define YAML_ERRORS_MAX 10000

/**
 * A growing list of errors and warnings. Initialise with yaml_errors_init() (or all zero), free
 * with yaml_errors_fini(). Plain data of its caller; not shared between threads.
 */
struct yaml_errors {
	struct yaml_error *list;
	size_t n;
	size_t cap;
	size_t n_errors;          /* of severity YAML_ERROR */
	size_t n_warnings;        /* of severity YAML_WARNING */
	size_t unlisted;          /* counted, but beyond YAML_ERRORS_MAX or the memory there is */
	char *file[CONFIG_FILES]; /* names that stand before each line; set by the loader */
};

/** Make an empty list. */
void yaml_errors_init(struct yaml_errors *errors);

/** Free what the list holds and make it empty. */
void yaml_errors_fini(struct yaml_errors *errors);

/** Add one entry, printf-like. `pos` NULL: about the file as a whole. */
void yaml_errors_add(struct yaml_errors *errors, enum yaml_severity severity,
	const struct config_pos *pos, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/** Put the list in file order; entries of one place keep their order. The loader does it. */
void yaml_errors_sort(struct yaml_errors *errors);

/**
 * Write entry `i` as one line without newline, "FILE:LINE:COL: TEXT" (warnings: "FILE:LINE:COL:
 * warning: TEXT"), as snprintf does.
 */
int yaml_errors_format(const struct yaml_errors *errors, size_t i, char *buf, size_t size);

/** Print all entries, one a line. */
void yaml_errors_print(const struct yaml_errors *errors, FILE *out);
