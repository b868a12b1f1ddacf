/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/errors.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void yaml_errors_init(struct yaml_errors *errors)
{
	memset(errors, 0, sizeof(*errors));
}

void yaml_errors_fini(struct yaml_errors *errors)
{
	for (size_t i = 0; i < errors->n; i++)
		free(errors->list[i].text);
	free(errors->list);
	for (size_t i = 0; i < CONFIG_FILES; i++)
		free(errors->file[i]);
	yaml_errors_init(errors);
}

static bool make_room(struct yaml_errors *errors)
{
	if (errors->n < errors->cap)
		return true;

	size_t cap = errors->cap ? errors->cap * 2 : 16;
	struct yaml_error *list = realloc(errors->list, cap * sizeof(*list));

	if (!list)
		return false;
	errors->list = list;
	errors->cap = cap;
	return true;
}

/* vasprintf() allocates within libc, out of reach of the tests that let allocations fail. */
static char *format_text(const char *format, va_list args)
{
	va_list again;
	char *text = NULL;

	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);

	if (len >= 0)
		text = malloc((size_t)len + 1);
	if (text)
		vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	return text;
}

void yaml_errors_add(struct yaml_errors *errors, enum yaml_severity severity,
	const struct config_pos *pos, const char *format, ...)
{
	va_list args;
	char *text = NULL;

	if (severity == YAML_ERROR)
		errors->n_errors++;
	else
		errors->n_warnings++;
	if (errors->n < YAML_ERRORS_MAX && make_room(errors)) {
		va_start(args, format);
		text = format_text(format, args);
		va_end(args);
	}
	if (!text) {
		errors->unlisted++;
		return;
	}
	errors->list[errors->n] = (struct yaml_error){
		.severity = severity,
		.pos = pos ? *pos : (struct config_pos){0},
		.order = errors->n,
		.text = text,
	};
	errors->n++;
}

static int by_place(const void *pa, const void *pb)
{
	const struct yaml_error *a = pa, *b = pb;

	if (a->pos.file != b->pos.file)
		return a->pos.file < b->pos.file ? -1 : 1;
	if (a->pos.line != b->pos.line)
		return a->pos.line < b->pos.line ? -1 : 1;
	if (a->pos.col != b->pos.col)
		return a->pos.col < b->pos.col ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

void yaml_errors_sort(struct yaml_errors *errors)
{
	if (errors->n > 1)
		qsort(errors->list, errors->n, sizeof(*errors->list), by_place);
}

static const char *file_of(const struct yaml_errors *errors, enum config_file file)
{
	return errors->file[file] ? errors->file[file] : "(configuration)";
}

int yaml_errors_format(const struct yaml_errors *errors, size_t i, char *buf, size_t size)
{
	const struct yaml_error *e = &errors->list[i];
	const char *file = file_of(errors, e->pos.file);
	const char *what = e->severity == YAML_WARNING ? "warning: " : "";

	if (!e->pos.line)
		return snprintf(buf, size, "%s: %s%s", file, what, e->text);
	return snprintf(buf, size, "%s:%u:%u: %s%s", file, e->pos.line, e->pos.col, what, e->text);
}

void yaml_errors_print(const struct yaml_errors *errors, FILE *out)
{
	for (size_t i = 0; i < errors->n; i++) {
		int len = yaml_errors_format(errors, i, NULL, 0);
		char line[len + 1];

		yaml_errors_format(errors, i, line, sizeof(line));
		fprintf(out, "%s\n", line);
	}
	if (errors->unlisted)
		fprintf(out, "%s: %zu more\n", file_of(errors, CONFIG_FILE_MAIN), errors->unlisted);
}
