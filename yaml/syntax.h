/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>
#include <yaml.h>

#include "yaml/complain.h"

/** Report why libyaml refused the text, with a hint for the mistakes people make. */
void yaml_syntax_error(
	struct yaml_loader *ld, const yaml_parser_t *parser, const char *text, size_t len);
