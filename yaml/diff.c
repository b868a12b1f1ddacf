/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/diff.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "yaml/draft.h"
#include "yaml/schema.h"

static_assert(offsetof(struct draft, config) == 0, "offsets into a draft serve its configuration");

struct list {
	struct config_key_name *names;
	size_t max;
	size_t n;
};

static void add(struct list *list, const char *prefix, const char *name, size_t len)
{
	if (list->n < list->max)
		snprintf(list->names[list->n].text, sizeof(list->names->text), "%s%.*s", prefix,
			(int)len, name);
	list->n++;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_options(const struct config *a, const struct config *b)
{
	if (a->n_eal != b->n_eal)
		return false;
	for (uint32_t i = 0; i < a->n_eal; i++) {
		if (strcmp(a->eal[i], b->eal[i]) != 0)
			return false;
	}
	return true;
}

/* Whether a plain value differs between two structs that hold the row's field. */
static bool differs(const struct schema_key *key, const void *a, const void *b)
{
	const char *field_a, *field_b;

	if (key->type == SCHEMA_OPTIONS)
		return !same_options(a, b);
	field_a = (const char *)a + key->offset;
	field_b = (const char *)b + key->offset;
	switch (key->type) {
	case SCHEMA_TEXT:
	case SCHEMA_DEVICE:
		return !same_text(*(const char *const *)field_a, *(const char *const *)field_b);
	default:
		return memcmp(field_a, field_b, key->width) != 0;
	}
}

/* Compare the elements of a list of maps, or say that their number differs. */
static void compare_elements(
	struct list *list, const struct schema_key *key, const void *a, const void *b)
{
	const struct schema_element *element = key->element;
	const char *array_a = *(const char *const *)((const char *)a + key->offset);
	const char *array_b = *(const char *const *)((const char *)b + key->offset);
	uint32_t n_a = *(const uint32_t *)((const char *)a + element->count);
	uint32_t n_b = *(const uint32_t *)((const char *)b + element->count);
	const char *name;
	size_t n, len = yaml_schema_name(key, &name);
	const struct schema_key *schema = yaml_schema(&n);

	if (n_a != n_b) {
		add(list, "", name, len);
		return;
	}
	for (uint32_t i = 0; i < n_a; i++) {
		for (size_t k = 0; k < n; k++) {
			char prefix[64];
			const char *field;
			size_t field_len = yaml_schema_name(&schema[k], &field);

			if (!yaml_schema_is_child(key, &schema[k]) || !schema[k].restart ||
				!differs(&schema[k], array_a + i * element->size,
					array_b + i * element->size))
				continue;
			snprintf(prefix, sizeof(prefix), "%.*s[%u].", (int)len, name, i);
			add(list, prefix, field, field_len);
		}
	}
}

/*
 * Rows are compared in struct config, where all that needs a restart is held as the file says it:
 * struct draft begins with one. Maps are compared key by key, and rows of elements with their list.
 */
size_t config_restart_keys(const struct config *running, const struct config *new,
	struct config_key_name *names, size_t max)
{
	struct list list = {.names = names, .max = max};
	size_t n;
	const struct schema_key *schema = yaml_schema(&n);

	for (size_t i = 0; i < n; i++) {
		const struct schema_key *key = &schema[i];

		if (!key->restart || key->type == SCHEMA_MAP)
			continue;
		if (key->type == SCHEMA_RECORDS)
			compare_elements(&list, key, running, new);
		else if (!strpbrk(key->path, "[*") && differs(key, running, new))
			add(&list, "", key->path, strlen(key->path));
	}
	return list.n;
}
