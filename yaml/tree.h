/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "yaml/complain.h"
#include "yaml/config.h"

/* The deepest valid file needs 7 levels; EAL and user-named maps add none. */
#define YAML_DEPTH_MAX 16u
/* 100,000 stations with every key make 1,500,000 nodes, 10,000 rules 150,000. */
#define YAML_NODES_MAX (1u << 21)

enum yaml_kind {
	YAML_KIND_SCALAR,
	YAML_KIND_LIST,
	YAML_KIND_MAP,
	YAML_KIND_BROKEN, /* an alias or the like, reported already */
};

/** A value of the file with its place. Lives in the loader's tree arena. */
struct yaml_node {
	enum yaml_kind kind;
	bool plain;                /* of a scalar: written without quotes */
	bool bad;                  /* an error was reported here: later passes leave it alone */
	bool duplicate;            /* second value of a key; not among its parent's children */
	uint32_t index;            /* in a list */
	uint32_t n;                /* number of children */
	struct config_pos pos;     /* of the value */
	struct config_pos key_pos; /* of its key, in a map */
	const char *key;           /* in a map, else NULL */
	const char *text;          /* of a scalar; no NUL inside */
	struct yaml_node *parent;  /* NULL: the root */
	struct yaml_node *first;   /* children, in file order */
	struct yaml_node *last;
	struct yaml_node *next;
};

#define yaml_for_each_child(child, node)                                                           \
	for (struct yaml_node *child = (node)->first; child; child = child->next)

/**
 * Parse `len` bytes into a tree. Reports invalid YAML, anchors, aliases, tags, duplicate keys and
 * several documents. On invalid YAML what stands before it is returned and ld->partial is set.
 *
 * @return the root, or NULL if there is none
 */
struct yaml_node *yaml_tree_parse(struct yaml_loader *ld, const char *text, size_t len);

/** The child of a map by its key, or NULL; NULL too for a node that is NULL or no map. */
struct yaml_node *yaml_child(const struct yaml_node *node, const char *key);

/** Whether the node is a scalar that stands for nothing: empty, `~` or `null`. */
bool yaml_is_null(const struct yaml_node *node);
