/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "yaml/config.h"
#include "yaml/errors.h"

struct config_arena;
struct yaml_node;

/** State of one load, passed to everything in yaml/ that can fail. */
struct yaml_loader {
	struct yaml_errors *errors;
	struct config_arena *tree; /* freed after the load */
	struct config_arena *out;  /* becomes the configuration's */
	enum config_file file;     /* which one the tree is being made of */
	bool reads_files;          /* files that this one names are read too */
	bool partial;              /* the file is cut off by invalid YAML: nothing is "missing" */
	bool oom;                  /* memory ran out: the load fails with -ENOMEM */
	unsigned int guesses;      /* "did you mean" still to be given; each costs a search */
};

#define YAML_PATH_SIZE 256
#define YAML_QUOTE_SIZE 100

/** The path of a node, "links[2].vlan", shortened in front if need be; returns buf. */
const char *yaml_path(const struct yaml_node *node, char buf[static YAML_PATH_SIZE]);

/** The text in double quotes, printable and shortened; returns buf. */
const char *yaml_quote(const char *text, char buf[static YAML_QUOTE_SIZE]);

/** What a node is, for after "found": "\"5000\"", "a list", "nothing"; returns buf. */
const char *yaml_found(const struct yaml_node *node, char buf[static YAML_QUOTE_SIZE]);

/** Report "PATH: found WHAT IT IS, expected ..." at a node and mark it bad. */
void yaml_expected(struct yaml_loader *ld, struct yaml_node *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** Report "PATH: ..." at a node and mark it bad. */
void yaml_complain(struct yaml_loader *ld, struct yaml_node *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** Report "PATH: ..." at the key of a map's value and mark the value bad. */
void yaml_complain_key(struct yaml_loader *ld, struct yaml_node *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** Report "PATH.KEY: found nothing, expected ..." at a map that lacks a key. */
void yaml_missing(
	struct yaml_loader *ld, struct yaml_node *map, const char *key, const char *expected);

/** Add the warning "PATH: ..." at a node. */
void yaml_warn(struct yaml_loader *ld, const struct yaml_node *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** Note that memory ran out; returns NULL, for `return yaml_oom(ld)`. */
void *yaml_oom(struct yaml_loader *ld);
