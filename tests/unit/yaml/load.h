/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "yaml/load.h"

/* Helpers of the suites: load text under the name "t.yaml", and see what was said of it. */

/* All errors and warnings, one a line; the caller frees it. */
static inline char *said(const struct yaml_errors *errors)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	yaml_errors_print(errors, out);
	fclose(out);
	return text;
}

/* The configuration that the text makes; a failed test if it has errors or warnings. */
static inline struct config *load_good(const char *text)
{
	struct yaml_errors errors = {0};
	struct config *config;
	int ret = yaml_load_string("t.yaml", text, strlen(text), &config, &errors);
	char *lines = said(&errors);

	cr_assert_str_eq(lines, "");
	cr_assert(eq(int, ret, 0));
	cr_assert_not_null(config);
	free(lines);
	yaml_errors_fini(&errors);
	return config;
}

/* Expect exactly these lines of a text, and a configuration if they are all warnings. */
static inline void expect_lines(const char *text, const char *expected)
{
	struct yaml_errors errors = {0};
	struct config *config;
	int ret = yaml_load_string("t.yaml", text, strlen(text), &config, &errors);
	char *lines = said(&errors);

	cr_expect_str_eq(lines, expected, "said:\n%sinstead of:\n%s", lines, expected);
	cr_expect(eq(int, ret, errors.n_errors ? -EINVAL : 0), "text:\n%s", text);
	cr_expect_eq(config != NULL, ret == 0, "text:\n%s", text);
	free(lines);
	config_free(config);
	yaml_errors_fini(&errors);
}
