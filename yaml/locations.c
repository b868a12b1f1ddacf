/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/locations.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "yaml/arena.h"
#include "yaml/check.h"
#include "yaml/tree.h"

#define PLACES_MAX 65535

struct builder {
	struct yaml_loader *ld;
	struct config *config;
	struct yaml_places *places;
};

/* Of the tree, or of so much of it as is no deeper than may be. */
static uint32_t count_places(const struct yaml_node *node, uint32_t level)
{
	uint32_t n = 0;

	if (node->kind != YAML_KIND_MAP || level > CONFIG_LOCATION_LEVELS)
		return 0;
	yaml_for_each_child(child, node) n += 1 + count_places(child, level + 1);
	return n;
}

static char *make_path(struct builder *b, const struct yaml_node *node, uint32_t parent)
{
	const char *above = parent == CONFIG_NO_LOCATION ? "" : b->config->locations[parent].path;
	size_t size = strlen(above) + strlen(node->key) + 2;
	char *path = yaml_arena_alloc(b->ld->out, size);

	if (path)
		snprintf(path, size, "%s%s%s", above, *above ? "/" : "", node->key);
	return path;
}

/* The name of one place: a piece of a path. */
static bool check_name(struct builder *b, struct yaml_node *node)
{
	if (yaml_check_name(node->key) && !strchr(node->key, '/') && strlen(node->key) <= 63)
		return true;
	yaml_complain_key(b->ld, node,
		"found a bad name, expected 1 to 63 characters: letters, digits and . _ : -");
	b->places->complete = false;
	return false;
}

static void add_places(struct builder *b, struct yaml_node *node, uint32_t parent, uint32_t level);

static void add_place(struct builder *b, struct yaml_node *node, uint32_t parent, uint32_t level)
{
	struct config_location *l = &b->config->locations[b->config->n_locations];

	if (!check_name(b, node))
		return;
	l->path = make_path(b, node, parent);
	if (!l->path) {
		yaml_oom(b->ld);
		return;
	}
	if (strlen(l->path) > CONFIG_LOCATION_PATH_MAX) {
		yaml_complain_key(b->ld, node, "found a path of %zu bytes, expected at most %d",
			strlen(l->path), CONFIG_LOCATION_PATH_MAX);
		b->places->complete = false;
		return;
	}
	l->parent = parent;
	l->level = level;
	l->pos = node->key_pos;
	yaml_names_add(&b->places->names, l->path, b->config->n_locations++);
	if (node->kind == YAML_KIND_BROKEN || yaml_is_null(node))
		return;
	if (node->kind != YAML_KIND_MAP)
		yaml_expected(b->ld, node, "a map of the places in it, {} if there are none");
	else
		add_places(b, node, b->config->n_locations - 1, level + 1);
}

static void add_places(struct builder *b, struct yaml_node *node, uint32_t parent, uint32_t level)
{
	if (level > CONFIG_LOCATION_LEVELS && node->n) {
		yaml_complain(b->ld, node, "found places %u levels deep, expected at most %d",
			level, CONFIG_LOCATION_LEVELS);
		b->places->complete = false;
		return;
	}
	yaml_for_each_child(child, node)
	{
		if (!b->ld->oom)
			add_place(b, child, parent, level);
	}
}

int yaml_build_locations(struct yaml_loader *ld, struct draft *draft, struct yaml_places *places)
{
	struct builder b = {ld, &draft->config, places};
	struct yaml_node *root = draft->locations;
	const struct yaml_node *written = yaml_child(draft->root, "locations");
	uint32_t n = root ? count_places(root, 1) : 0;

	places->complete = !ld->partial && (root || !written);
	if (n > PLACES_MAX) {
		yaml_complain(ld, root, "found %u places, expected at most %d", n, PLACES_MAX);
		places->complete = false;
		n = 0;
	}
	if (yaml_names_init(ld, &places->names, n))
		return -ENOMEM;
	if (n == 0)
		return 0;
	draft->config.locations = yaml_arena_array(ld->out, n, sizeof(*draft->config.locations));
	if (!draft->config.locations) {
		yaml_oom(ld);
		return -ENOMEM;
	}
	add_places(&b, root, CONFIG_NO_LOCATION, 1);
	if (ld->oom)
		return -ENOMEM;
	yaml_names_sort(&places->names);
	return 0;
}

uint32_t yaml_find_location(struct yaml_loader *ld, const struct yaml_places *places,
	const char *path, struct yaml_node *node)
{
	struct yaml_guess guess = {.word = path};
	char guessed[YAML_GUESS_SIZE];
	uint32_t at;

	if (!path)
		return CONFIG_NO_LOCATION;
	at = yaml_names_find(&places->names, path);
	if (at != YAML_NO_NAME)
		return at;
	if (places->complete) {
		yaml_guess_offer_names(ld, &guess, &places->names);
		yaml_expected(
			ld, node, "the path of a location%s", yaml_guess_text(&guess, guessed));
	}
	return CONFIG_NO_LOCATION;
}
