/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/complain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "yaml/tree.h"

#define TEXT_MAX 1024

/* Copy printable text, the rest as \xNN; returns false if it did not all fit. */
static bool put_printable(char *buf, size_t size, size_t *used, const char *text)
{
	const uint8_t *p = (const uint8_t *)text;

	for (size_t left = strlen(text); left;) {
		size_t len = utf8_printable(p, left);
		size_t room = len ? len : 4;

		if (*used + room >= size)
			return false;
		if (len)
			memcpy(buf + *used, p, len);
		else
			snprintf(buf + *used, size - *used, "\\x%02x", *p);
		*used += room;
		buf[*used] = '\0';
		p += len ? len : 1;
		left -= len ? len : 1;
	}
	return true;
}

const char *yaml_quote(const char *text, char buf[static YAML_QUOTE_SIZE])
{
	size_t used = 1;

	strcpy(buf, "\"");
	if (put_printable(buf, YAML_QUOTE_SIZE - sizeof("...\""), &used, text))
		strcpy(buf + used, "\"");
	else
		strcpy(buf + used, "...\"");
	return buf;
}

/* A key of the schema stands as it is; what a user wrote may hold anything. */
static void put_key(char *buf, size_t *used, const char *key)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	char quoted[YAML_QUOTE_SIZE];

	if (!*key || key[strspn(key, plain)] || strlen(key) >= YAML_QUOTE_SIZE)
		key = yaml_quote(key, quoted);
	*used += (size_t)sprintf(buf + *used, "%s", key);
}

const char *yaml_path(const struct yaml_node *node, char buf[static YAML_PATH_SIZE])
{
	char whole[YAML_DEPTH_MAX * (YAML_QUOTE_SIZE + 2) + 1] = "";
	const struct yaml_node *chain[YAML_DEPTH_MAX + 1];
	size_t depth = 0, used = 0;

	for (; node && depth < YAML_DEPTH_MAX + 1; node = node->parent)
		chain[depth++] = node;
	while (depth--) {
		node = chain[depth];
		if (node->key) {
			if (used)
				whole[used++] = '.';
			put_key(whole, &used, node->key);
		} else if (node->parent) {
			used += (size_t)sprintf(whole + used, "[%u]", node->index);
		}
	}
	if (used < YAML_PATH_SIZE) {
		strcpy(buf, whole);
	} else {
		const char *end = whole + used - (YAML_PATH_SIZE - 4);

		while ((*end & 0xc0) == 0x80) /* no half characters */
			end++;
		snprintf(buf, YAML_PATH_SIZE, "...%s", end);
	}
	return buf;
}

const char *yaml_found(const struct yaml_node *node, char buf[static YAML_QUOTE_SIZE])
{
	switch (node->kind) {
	case YAML_KIND_LIST:
		return strcpy(buf, node->n ? "a list" : "an empty list");
	case YAML_KIND_MAP:
		return strcpy(buf, node->n ? "a map" : "an empty map");
	case YAML_KIND_BROKEN:
		return strcpy(buf, "an alias");
	case YAML_KIND_SCALAR:
		break;
	}
	if (yaml_is_null(node))
		return strcpy(buf, "nothing");
	return yaml_quote(node->text, buf);
}

static void report(struct yaml_loader *ld, enum yaml_severity severity,
	const struct yaml_node *node, const struct config_pos *pos, const char *text)
{
	char path[YAML_PATH_SIZE];

	yaml_path(node, path);
	yaml_errors_add(ld->errors, severity, pos, "%s%s%s", path, *path ? ": " : "", text);
}

void yaml_expected(struct yaml_loader *ld, struct yaml_node *node, const char *format, ...)
{
	char text[TEXT_MAX], found[YAML_QUOTE_SIZE];
	va_list args;

	int len = snprintf(text, sizeof(text), "found %s, expected ", yaml_found(node, found));

	va_start(args, format);
	vsnprintf(text + len, sizeof(text) - (size_t)len, format, args);
	va_end(args);
	report(ld, YAML_ERROR, node, &node->pos, text);
	node->bad = true;
}

void yaml_complain(struct yaml_loader *ld, struct yaml_node *node, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	report(ld, YAML_ERROR, node, &node->pos, text);
	node->bad = true;
}

void yaml_complain_key(struct yaml_loader *ld, struct yaml_node *node, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	report(ld, YAML_ERROR, node, node->key ? &node->key_pos : &node->pos, text);
	node->bad = true;
}

void yaml_missing(
	struct yaml_loader *ld, struct yaml_node *map, const char *key, const char *expected)
{
	char path[YAML_PATH_SIZE];

	yaml_path(map, path);
	yaml_errors_add(ld->errors, YAML_ERROR, &map->pos,
		"%s%s%s: found nothing, expected %s (required)", path, *path ? "." : "", key,
		expected);
}

void yaml_warn(struct yaml_loader *ld, const struct yaml_node *node, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	report(ld, YAML_WARNING, node, node->key ? &node->key_pos : &node->pos, text);
}

void *yaml_oom(struct yaml_loader *ld)
{
	ld->oom = true;
	return NULL;
}
