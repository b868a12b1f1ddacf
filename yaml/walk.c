/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/walk.h"

#include <errno.h>
#include <string.h>

#include "yaml/arena.h"
#include "yaml/check.h"
#include "yaml/device.h"
#include "yaml/names.h"
#include "yaml/scalar.h"

#define EXPECTED_SIZE 256

static void walk_value(
	struct yaml_loader *ld, const struct schema_key *key, struct yaml_node *node, void *base);

static void refuse(struct yaml_loader *ld, const struct schema_key *key, struct yaml_node *node)
{
	char expected[EXPECTED_SIZE];

	yaml_expected(ld, node, "%s", yaml_schema_expected(key, expected, sizeof(expected)));
}

static void unknown_key(
	struct yaml_loader *ld, const struct schema_key *parent, struct yaml_node *node)
{
	struct yaml_guess guess = {.word = node->key};
	char guessed[YAML_GUESS_SIZE], names[512] = "";
	size_t n, used = 0;
	const struct schema_key *schema = yaml_schema(&n);

	for (size_t i = 0; i < n; i++) {
		const char *name;
		size_t len = yaml_schema_name(&schema[i], &name);

		if (!yaml_schema_is_child(parent, &schema[i]) || used + len + 3 > sizeof(names))
			continue;
		if (used)
			used += (size_t)sprintf(names + used, ", ");
		memcpy(names + used, name, len);
		used += len;
		names[used] = '\0';
	}
	/* The list's pieces are the candidates, one at a time. */
	char pieces[sizeof(names)], *rest = pieces;

	strcpy(pieces, names);
	if (ld->guesses)
		ld->guesses--;
	else
		rest = NULL;
	for (char *piece; (piece = strsep(&rest, ","));)
		yaml_guess_offer(&guess, piece + (*piece == ' '));
	yaml_complain_key(ld, node, "found an unknown key, expected one of %s%s", names,
		yaml_guess_text(&guess, guessed));
}

static void walk_map(
	struct yaml_loader *ld, const struct schema_key *parent, struct yaml_node *node, void *base)
{
	size_t n;
	const struct schema_key *schema = yaml_schema(&n);

	if (node->kind == YAML_KIND_BROKEN)
		return;
	if (node->kind != YAML_KIND_MAP) {
		yaml_expected(ld, node, "%s",
			parent && parent->type == SCHEMA_MAP && parent->expected ? parent->expected
										 : "a map");
		return;
	}
	yaml_for_each_child(child, node)
	{
		const struct schema_key *key = yaml_schema_child(parent, child->key);

		if (key)
			walk_value(ld, key, child, base);
		else
			unknown_key(ld, parent, child);
	}
	for (size_t i = 0; i < n && !ld->partial; i++) {
		char name[64] = "", expected[EXPECTED_SIZE];
		const char *start;
		size_t len;

		if (!schema[i].required || !yaml_schema_is_child(parent, &schema[i]))
			continue;
		len = yaml_schema_name(&schema[i], &start);
		memcpy(name, start, len < sizeof(name) ? len : sizeof(name) - 1);
		if (!yaml_child(node, name))
			yaml_missing(ld, node, name,
				yaml_schema_expected(&schema[i], expected, sizeof(expected)));
	}
}

/* Report a list or map with too few or too many elements. */
static bool count_fits(struct yaml_loader *ld, const struct schema_key *key, struct yaml_node *node)
{
	if (node->n < key->min) {
		/* Where invalid YAML ends the list, the rest is unknown. */
		if (!ld->partial)
			refuse(ld, key, node);
		return false;
	}
	if (key->max && node->n > key->max) {
		yaml_complain(ld, node, "found %u entries, expected at most %u", node->n,
			(unsigned int)key->max);
		return false;
	}
	return true;
}

/* Make the array of a list or map of structs and fill each from its node. */
static void walk_elements(
	struct yaml_loader *ld, const struct schema_key *key, struct yaml_node *node, void *base)
{
	const struct schema_element *element = key->element;
	const struct schema_key *value = NULL;
	char *array;

	if (node->kind != (key->type == SCHEMA_NAMED ? YAML_KIND_MAP : YAML_KIND_LIST)) {
		refuse(ld, key, node);
		return;
	}
	if (!count_fits(ld, key, node))
		return;
	array = yaml_arena_array(ld->out, node->n, element->size);
	if (!array) {
		yaml_oom(ld);
		return;
	}
	*(void **)((char *)base + key->offset) = array;
	*(uint32_t *)((char *)base + element->count) = node->n;
	if (key->type == SCHEMA_NAMED)
		value = yaml_schema_child(key, "*");
	yaml_for_each_child(child, node)
	{
		*(struct config_pos *)(array + element->pos) = child->pos;
		if (value) {
			char *name = yaml_arena_string(ld->out, child->key);

			if (!name) {
				yaml_oom(ld);
				return;
			}
			*(struct config_pos *)(array + element->pos) = child->key_pos;
			*(const char **)(array + element->name) = name;
			if (!value->check(name) || strlen(name) > CONFIG_LINK_NAME_MAX)
				yaml_complain_key(ld, child,
					"found a bad name, expected 1 to %d characters: letters, "
					"digits and . _ : / -",
					CONFIG_LINK_NAME_MAX);
			walk_value(ld, value, child, array);
		} else {
			yaml_set_defaults(ld, key, array);
			walk_map(ld, key, child, array);
		}
		array += element->size;
	}
}

static void take_number(
	struct yaml_loader *ld, const struct schema_key *key, struct yaml_node *node, void *field)
{
	uint64_t value;

	if (yaml_scalar_parse(key, node->text, &value)) {
		refuse(ld, key, node);
		return;
	}
	/* "2" in quotes is text to YAML; words are text either way. */
	if (!node->plain && key->type == SCHEMA_UINT && *node->text <= '9') {
		char expected[EXPECTED_SIZE];

		yaml_complain(ld, node, "found \"%s\" in quotes, expected %s", node->text,
			yaml_schema_expected(key, expected, sizeof(expected)));
		return;
	}
	switch (key->width) {
	case sizeof(uint16_t):
		*(uint16_t *)field = (uint16_t)value;
		break;
	case sizeof(uint32_t):
		*(uint32_t *)field = (uint32_t)value;
		break;
	case sizeof(uint64_t):
		*(uint64_t *)field = value;
		break;
	}
}

static void take_text(
	struct yaml_loader *ld, const struct schema_key *key, struct yaml_node *node, void *field)
{
	size_t len = strlen(node->text);

	if (len < key->min || len > key->max || (key->check && !key->check(node->text))) {
		refuse(ld, key, node);
		return;
	}
	*(const char **)field = yaml_arena_copy(ld->out, node->text, len);
	if (!*(const char **)field)
		yaml_oom(ld);
}

static void take_device(struct yaml_loader *ld, const struct schema_key *key,
	struct yaml_node *node, struct config_port *port)
{
	int ret = yaml_device_parse(node->text, port, ld->out);

	if (ret == -EINVAL)
		refuse(ld, key, node);
	else if (ret)
		yaml_oom(ld);
}

static void take_scalar(
	struct yaml_loader *ld, const struct schema_key *key, struct yaml_node *node, void *base)
{
	void *field = (char *)base + key->offset;

	if (node->kind != YAML_KIND_SCALAR || yaml_is_null(node)) {
		refuse(ld, key, node);
		return;
	}
	switch (key->type) {
	case SCHEMA_TEXT:
		take_text(ld, key, node, field);
		break;
	case SCHEMA_DEVICE:
		take_device(ld, key, node, base);
		break;
	case SCHEMA_VLAN:
		if (yaml_vlan_parse(node->text, field))
			refuse(ld, key, node);
		break;
	default:
		take_number(ld, key, node, field);
		break;
	}
}

/* A list of texts, or a single one: check the shape, keep the node. */
static void take_texts(
	struct yaml_loader *ld, const struct schema_key *key, struct yaml_node *node, void *base)
{
	bool single = node->kind == YAML_KIND_SCALAR && !yaml_is_null(node) &&
		      key->type == SCHEMA_ONE_OR_LIST;

	if (!single && node->kind != YAML_KIND_LIST) {
		refuse(ld, key, node);
		return;
	}
	if (!single && !count_fits(ld, key, node))
		return;
	yaml_for_each_child(child, node)
	{
		if (child->kind == YAML_KIND_BROKEN || child->bad)
			continue;
		if (child->kind != YAML_KIND_SCALAR || yaml_is_null(child))
			yaml_expected(ld, child, "text");
	}
	*(struct yaml_node **)((char *)base + key->offset) = node;
}

static void walk_value(
	struct yaml_loader *ld, const struct schema_key *key, struct yaml_node *node, void *base)
{
	if (ld->oom || node->kind == YAML_KIND_BROKEN ||
		(node->kind == YAML_KIND_SCALAR && node->bad))
		return;
	switch (key->type) {
	case SCHEMA_MAP:
		if (key->words && node->kind == YAML_KIND_SCALAR && !strcmp(node->text, key->words))
			*(uint32_t *)((char *)base + key->offset) = 1;
		else
			walk_map(ld, key, node, base);
		break;
	case SCHEMA_RECORDS:
	case SCHEMA_NAMED:
		walk_elements(ld, key, node, base);
		break;
	case SCHEMA_LIST:
	case SCHEMA_ONE_OR_LIST:
		take_texts(ld, key, node, base);
		break;
	case SCHEMA_TREE:
	case SCHEMA_OPTIONS:
		if (node->kind != YAML_KIND_MAP)
			refuse(ld, key, node);
		else if (count_fits(ld, key, node))
			*(struct yaml_node **)((char *)base + key->offset) = node;
		break;
	default:
		take_scalar(ld, key, node, base);
		break;
	}
}

void yaml_set_defaults(struct yaml_loader *ld, const struct schema_key *parent, void *base)
{
	size_t n, len = parent ? strlen(parent->path) : 0;
	const struct schema_key *schema = yaml_schema(&n);

	for (size_t i = 0; i < n; i++) {
		const char *rest = schema[i].path + len;

		/* Of this struct: no further element begins on the way. */
		if (!schema[i].def || (parent && strncmp(schema[i].path, parent->path, len) != 0) ||
			strpbrk(rest, "[*"))
			continue;
		struct yaml_node node = {
			.kind = YAML_KIND_SCALAR,
			.plain = true,
			.text = schema[i].def,
		};

		walk_value(ld, &schema[i], &node, base);
	}
}

void yaml_walk(struct yaml_loader *ld, struct draft *draft)
{
	yaml_set_defaults(ld, NULL, draft);
	if (yaml_is_null(draft->root))
		yaml_complain(ld, draft->root,
			"found nothing, expected a map with gateway, ports, "
			"links and so on");
	else
		walk_map(ld, NULL, draft->root, draft);
}
