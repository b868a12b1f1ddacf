/* SPDX-License-Identifier: BSD-3-Clause */
#include "load.h"

#include <string.h>

#include <criterion/criterion.h>

#include "yaml/load.h"

struct config *load(const char *text)
{
	struct config *config = NULL;
	struct yaml_errors errors;
	char line[512] = "";

	yaml_errors_init(&errors);
	if (yaml_load_string("test.yaml", text, strlen(text), &config, &errors) < 0 && errors.n > 0)
		yaml_errors_format(&errors, 0, line, sizeof(line));
	cr_assert_not_null(config, "%s", line);
	yaml_errors_fini(&errors);
	return config;
}
