/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>

/*
 * Memory that is freed as a whole: one arena holds a parsed tree, another a configuration. So no
 * error path has anything to free piece by piece. For one thread at a time.
 */
struct config_arena;

/** Make an empty arena, or return NULL. Free with yaml_arena_free(). */
struct config_arena *yaml_arena_new(void);

/** Free an arena and all that came from it. NULL is fine. */
void yaml_arena_free(struct config_arena *arena);

/** `size` zeroed bytes, aligned for any type, or NULL. `size` 0 gives a valid pointer. */
void *yaml_arena_alloc(struct config_arena *arena, size_t size);

/** The same for `n` elements of `size` bytes; NULL too if the product overflows. */
void *yaml_arena_array(struct config_arena *arena, size_t n, size_t size);

/** A NUL-terminated copy of `len` bytes, or NULL. */
char *yaml_arena_copy(struct config_arena *arena, const char *text, size_t len);

/** A copy of a string, or NULL. */
char *yaml_arena_string(struct config_arena *arena, const char *text);
