/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/tree.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "yaml/arena.h"
#include "yaml/syntax.h"

/* A list or map whose end has not been read yet. */
struct frame {
	struct yaml_node *node;
	bool have_key;   /* of a map: the next event is a value */
	const char *key; /* NULL: an unusable key; its value is read and dropped */
	struct config_pos key_pos;
};

struct builder {
	struct yaml_loader *ld;
	struct frame frames[YAML_DEPTH_MAX];
	unsigned int depth;
	uint32_t nodes;
	struct yaml_node *root;
	struct yaml_node *last; /* read so far */
	bool stop;
};

static struct config_pos event_pos(const struct builder *b, const yaml_event_t *event)
{
	return (struct config_pos){
		.line = (uint32_t)event->start_mark.line + 1,
		.col = (uint32_t)event->start_mark.column + 1,
		.file = b->ld->file,
	};
}

static struct yaml_node *new_node(struct builder *b, enum yaml_kind kind, const yaml_event_t *event)
{
	struct yaml_node *node = yaml_arena_alloc(b->ld->tree, sizeof(*node));

	if (!node)
		return yaml_oom(b->ld);
	node->kind = kind;
	node->pos = event_pos(b, event);
	b->last = node;
	if (++b->nodes > YAML_NODES_MAX) {
		yaml_complain(
			b->ld, node, "found more than %u values, expected fewer", YAML_NODES_MAX);
		b->stop = true;
	}
	return node;
}

/* Let a node that is no child of its map, a key or the value of an unusable key, have its path. */
static void stand_for(struct yaml_node *node, const struct yaml_node *map)
{
	node->parent = map->parent;
	node->key = map->key;
	node->index = map->index;
}

/* Hang a node where the innermost open list or map waits for it. */
static void attach(struct builder *b, struct yaml_node *node)
{
	struct frame *top = b->depth ? &b->frames[b->depth - 1] : NULL;

	if (!top) {
		b->root = node;
		return;
	}
	node->parent = top->node;
	if (top->node->kind == YAML_KIND_MAP) {
		if (!top->have_key) {
			stand_for(node, top->node);
			yaml_complain(b->ld, node, "found %s as a key, expected text",
				node->kind == YAML_KIND_LIST  ? "a list"
				: node->kind == YAML_KIND_MAP ? "a map"
							      : "an alias");
			top->have_key = true;
			top->key = NULL;
			return;
		}
		top->have_key = false;
		if (!top->key) {
			stand_for(node, top->node);
			return;
		}
		node->key = top->key;
		node->key_pos = top->key_pos;
	}
	node->index = top->node->n++;
	if (top->node->last)
		top->node->last->next = node;
	else
		top->node->first = node;
	top->node->last = node;
}

/* Anchors and tags would let one value stand in two places, or change its type behind its text. */
static void refuse_decoration(struct builder *b, struct yaml_node *node, const yaml_char_t *anchor,
	const yaml_char_t *tag)
{
	if (anchor)
		yaml_complain(b->ld, node,
			"found an anchor (&), expected plain values: anchors and aliases are not "
			"supported");
	if (tag)
		yaml_complain(b->ld, node,
			"found a tag (!), expected plain values: tags are not supported");
}

static void take_scalar(struct builder *b, const yaml_event_t *event)
{
	struct frame *top = b->depth ? &b->frames[b->depth - 1] : NULL;
	const char *value = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	bool is_key = top && top->node->kind == YAML_KIND_MAP && !top->have_key;
	struct yaml_node *node = new_node(b, YAML_KIND_SCALAR, event);

	if (!node)
		return;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->text = yaml_arena_copy(b->ld->tree, value, len);
	if (!node->text) {
		yaml_oom(b->ld);
		return;
	}
	if (is_key) {
		stand_for(node, top->node);
		top->have_key = true;
		top->key = node->text;
		top->key_pos = node->pos;
	} else {
		attach(b, node);
	}
	refuse_decoration(b, node, event->data.scalar.anchor, event->data.scalar.tag);
	if (memchr(value, '\0', len)) {
		yaml_complain(b->ld, node, "found a zero byte, expected text without");
		if (is_key)
			top->key = NULL;
	}
}

static void open_container(struct builder *b, enum yaml_kind kind, const yaml_event_t *event)
{
	struct yaml_node *node = new_node(b, kind, event);

	if (!node)
		return;
	attach(b, node);
	if (kind == YAML_KIND_MAP)
		refuse_decoration(
			b, node, event->data.mapping_start.anchor, event->data.mapping_start.tag);
	else
		refuse_decoration(
			b, node, event->data.sequence_start.anchor, event->data.sequence_start.tag);
	if (b->depth == YAML_DEPTH_MAX) {
		yaml_complain(
			b->ld, node, "found more than %u levels, expected fewer", YAML_DEPTH_MAX);
		b->stop = true;
		return;
	}
	b->frames[b->depth++] = (struct frame){.node = node};
}

static void take_alias(struct builder *b, const yaml_event_t *event)
{
	struct yaml_node *node = new_node(b, YAML_KIND_BROKEN, event);

	if (!node)
		return;
	attach(b, node);
	if (!node->bad)
		yaml_complain(b->ld, node,
			"found an alias (*), expected the value itself: anchors and aliases are "
			"not supported");
}

static int by_key(const void *pa, const void *pb)
{
	const struct yaml_node *a = *(struct yaml_node *const *)pa;
	const struct yaml_node *b = *(struct yaml_node *const *)pb;
	int order = strcmp(a->key, b->key);

	if (order)
		return order;
	return a->index < b->index ? -1 : a->index > b->index;
}

/* Report keys that stand twice in a map and take all but the first of each out of it. */
static void drop_duplicates(struct builder *b, struct yaml_node *map)
{
	struct yaml_node **sorted, *prev = NULL;
	uint32_t n = 0;

	if (map->n < 2)
		return;
	sorted = malloc(map->n * sizeof(*sorted));
	if (!sorted) {
		yaml_oom(b->ld);
		return;
	}
	yaml_for_each_child(child, map) sorted[n++] = child;
	qsort(sorted, n, sizeof(*sorted), by_key);
	for (uint32_t i = 1, first = 0; i < n; i++) {
		if (strcmp(sorted[i]->key, sorted[first]->key) != 0) {
			first = i;
			continue;
		}
		sorted[i]->duplicate = true;
		yaml_complain_key(b->ld, sorted[i],
			"found the key a second time, expected it once (first at line %u)",
			sorted[first]->key_pos.line);
	}
	free(sorted);
	yaml_for_each_child(child, map)
	{
		if (child->duplicate) {
			prev->next = child->next; /* the first child is never one */
			map->n--;
		} else {
			prev = child;
		}
	}
	map->last = prev;
}

static void close_container(struct builder *b)
{
	struct yaml_node *node = b->frames[--b->depth].node;

	if (node->kind == YAML_KIND_MAP)
		drop_duplicates(b, node);
}

static void start_document(struct builder *b, const yaml_event_t *event)
{
	struct config_pos pos = event_pos(b, event);

	if (!b->root)
		return;
	yaml_errors_add(
		b->ld->errors, YAML_ERROR, &pos, "found a second document (---), expected one");
	b->stop = true;
}

static void take_event(struct builder *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		start_document(b, event);
		break;
	case YAML_SCALAR_EVENT:
		take_scalar(b, event);
		break;
	case YAML_SEQUENCE_START_EVENT:
		open_container(b, YAML_KIND_LIST, event);
		break;
	case YAML_MAPPING_START_EVENT:
		open_container(b, YAML_KIND_MAP, event);
		break;
	case YAML_ALIAS_EVENT:
		take_alias(b, event);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		close_container(b);
		break;
	default:
		break;
	}
}

struct yaml_node *yaml_tree_parse(struct yaml_loader *ld, const char *text, size_t len)
{
	struct builder b = {.ld = ld};
	yaml_parser_t parser;
	bool end = false;

	/* libyaml would count a byte order mark as a column. */
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		len -= 3;
	}
	if (!yaml_parser_initialize(&parser))
		return yaml_oom(ld);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	while (!end && !b.stop && !ld->oom) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			yaml_syntax_error(ld, &parser, text, len);
			/* It may be cut off: nothing more is to be said of it. */
			if (b.last)
				b.last->bad = true;
			b.stop = true;
			break;
		}
		end = event.type == YAML_STREAM_END_EVENT;
		take_event(&b, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	/* Maps that invalid YAML left open: their keys may stand twice all the same. */
	while (b.depth && !ld->oom)
		close_container(&b);
	ld->partial |= b.stop;
	return b.root;
}

struct yaml_node *yaml_child(const struct yaml_node *node, const char *key)
{
	if (!node || node->kind != YAML_KIND_MAP)
		return NULL;
	yaml_for_each_child(child, node)
	{
		if (!strcmp(child->key, key))
			return child;
	}
	return NULL;
}

bool yaml_is_null(const struct yaml_node *node)
{
	return node->kind == YAML_KIND_SCALAR && node->plain &&
	       (!*node->text || !strcmp(node->text, "~") || !strcasecmp(node->text, "null"));
}
