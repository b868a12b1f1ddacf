/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/syntax.h"

#include <stdio.h>
#include <string.h>

static bool starts_char(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

/* The place of a byte: libyaml gives only an offset for what its reader refuses. */
static struct config_pos pos_of_offset(const char *text, size_t len, size_t offset)
{
	struct config_pos pos = {.line = 1, .col = 1};

	for (size_t i = 0; i < offset && i < len; i++) {
		if (text[i] == '\n') {
			pos.line++;
			pos.col = 1;
		} else if (starts_char(text[i])) {
			pos.col++;
		}
	}
	return pos;
}

/* The character at a place, '\0' past the end. */
static char char_at(const char *text, size_t len, const struct config_pos *at)
{
	struct config_pos pos = {.line = 1, .col = 1};

	for (size_t i = 0; i < len; i++) {
		if (starts_char(text[i]) && pos.line == at->line && pos.col == at->col)
			return text[i];
		if (text[i] == '\n') {
			pos.line++;
			pos.col = 1;
		} else if (starts_char(text[i])) {
			pos.col++;
		}
	}
	return '\0';
}

static void reader_error(
	struct yaml_loader *ld, const yaml_parser_t *parser, const char *text, size_t len)
{
	struct config_pos pos = pos_of_offset(text, len, parser->problem_offset);

	pos.file = ld->file;
	if (!strncmp(parser->problem, "control", strlen("control")))
		yaml_errors_add(ld->errors, YAML_ERROR, &pos,
			"found the control character U+%04X, expected text", parser->problem_value);
	else
		yaml_errors_add(ld->errors, YAML_ERROR, &pos, "found bytes that are not UTF-8 (%s)",
			parser->problem);
}

void yaml_syntax_error(
	struct yaml_loader *ld, const yaml_parser_t *parser, const char *text, size_t len)
{
	const yaml_mark_t *mark = &parser->problem_mark;
	struct config_pos pos = {(uint32_t)mark->line + 1, (uint32_t)mark->column + 1, ld->file};
	char where[128] = "";
	const char *hint = "";

	if (parser->error == YAML_MEMORY_ERROR) {
		ld->oom = true;
		return;
	}
	if (parser->error == YAML_READER_ERROR) {
		reader_error(ld, parser, text, len);
		return;
	}

	char c = char_at(text, len, &pos);

	if (c == '\t') {
		yaml_errors_add(ld->errors, YAML_ERROR, &pos,
			"found a tab, expected spaces: YAML is indented by spaces only");
		return;
	}
	if (c == '{' || c == '}' || c == '@' || c == '%' || c == '`')
		hint = "; text with { } [ ] , or a leading @ % ` needs quotes";
	if (parser->context && parser->context_mark.line != mark->line)
		snprintf(where, sizeof(where), " %s that starts at %zu:%zu", parser->context,
			parser->context_mark.line + 1, parser->context_mark.column + 1);
	else if (parser->context)
		snprintf(where, sizeof(where), " %s", parser->context);
	yaml_errors_add(
		ld->errors, YAML_ERROR, &pos, "invalid YAML: %s%s%s", parser->problem, where, hint);
}
