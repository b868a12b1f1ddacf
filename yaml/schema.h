/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "yaml/config.h"

/*
 * The whole grammar of the configuration file, one row a key. The reader, the errors, the defaults,
 * the comparison of two configurations and the reference are all made from it: a new key of a known
 * type is one row and one field.
 */

enum schema_type {
	/* Structure: the keys below are rows of their own. */
	/* a map with these keys; fields of the enclosing struct. With `words`: or that word, which
	 * sets a uint32_t of its own to 1 */
	SCHEMA_MAP,
	SCHEMA_RECORDS, /* a list of maps: an array of structs */
	SCHEMA_NAMED,   /* a map of names the user chooses: an array of structs with a name */
	/* Values. */
	SCHEMA_UINT,     /* an integer; or `words`, which stands for 0 */
	SCHEMA_SIZE,     /* bytes: 64MiB; or `words`, which stands for 0 */
	SCHEMA_DURATION, /* seconds: 90s, 5m, 24h, 7d */
	SCHEMA_RATE,     /* per second: 50/s */
	SCHEMA_WORD,     /* one of `words`: an enum that counts from `min` */
	SCHEMA_TEXT,     /* text of `min`..`max` bytes that passes `check` */
	SCHEMA_DEVICE,   /* a port's device string: struct config_port's kind and target, too */
	SCHEMA_VLAN,     /* a VLAN id or a range of them: struct raw_vlan */
	/* Values that later passes resolve: a pointer to the node. */
	SCHEMA_LIST,        /* a list of `min`..`max` texts */
	SCHEMA_ONE_OR_LIST, /* the same; a single text may stand without the list */
	SCHEMA_TREE,        /* a tree of names: maps in maps, to the ends, which are empty */
	SCHEMA_OPTIONS,     /* EAL options: a map of flags, texts and lists of texts */
};

/* The struct that one element of SCHEMA_RECORDS or SCHEMA_NAMED fills. */
struct schema_element {
	size_t size;
	size_t count; /* offset of the uint32_t count, in the struct that holds the array */
	size_t pos;   /* offset of its struct config_pos */
	size_t name;  /* SCHEMA_NAMED: offset of its const char * name */
};

/* No key has this: where a row needs no offset. */
#define SCHEMA_NO_FIELD SIZE_MAX

struct schema_key {
	/* "gateway.limits.ttl"; "links[].vlan": of each element; "services.*": of each name */
	const char *path;
	enum schema_type type;
	bool required;
	bool restart;      /* not reloadable: a change takes effect at restart only */
	uint8_t width;     /* bytes of an integer field */
	size_t offset;     /* of the field in the struct of the nearest element, or struct draft */
	uint64_t min;      /* smallest value, shortest text, fewest elements */
	uint64_t max;      /* likewise; 0: no bound of elements */
	const char *def;   /* the default as it would be written; NULL: zero */
	const char *unit;  /* of the stored value */
	const char *words; /* separated by '|' */
	bool (*check)(const char *text); /* of the text; of a "*" row: of the names */
	const char *expected; /* names the value in errors; NULL: made from type and range */
	const struct schema_element *element;
	const char *doc;
};

/** All rows, in the order of the reference; `*n` of them. Constant; any thread. */
const struct schema_key *yaml_schema(size_t *n);

/** The row of `key` in the map that `parent` describes (NULL: the file's top level), or NULL. */
const struct schema_key *yaml_schema_child(const struct schema_key *parent, const char *key);

/** Whether the row describes a key of the map that `parent` describes. */
bool yaml_schema_is_child(const struct schema_key *parent, const struct schema_key *key);

/** The key's own name: the last part of the path, without brackets; returns its length. */
size_t yaml_schema_name(const struct schema_key *key, const char **name);

/** Write what the key expects into buf, "an integer 1..64 or auto"; returns buf. */
const char *yaml_schema_expected(const struct schema_key *key, char *buf, size_t size);
