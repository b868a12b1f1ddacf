/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)16 << 10)

struct chunk {
	struct chunk *next;
	size_t used;
	size_t size;
	alignas(max_align_t) char bytes[];
};

struct config_arena {
	struct chunk *chunks; /* allocation is from the first */
};

struct config_arena *yaml_arena_new(void)
{
	return calloc(1, sizeof(struct config_arena));
}

void yaml_arena_free(struct config_arena *arena)
{
	if (!arena)
		return;
	for (struct chunk *c = arena->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(arena);
}

void *yaml_arena_alloc(struct config_arena *arena, size_t size)
{
	struct chunk *c = arena->chunks;

	if (size > PTRDIFF_MAX / 2)
		return NULL;
	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (!c || c->size - c->used < size) {
		size_t room = size > CHUNK_BYTES ? size : CHUNK_BYTES;

		c = calloc(1, sizeof(*c) + room);
		if (!c)
			return NULL;
		c->size = room;
		c->next = arena->chunks;
		arena->chunks = c;
	}
	void *p = c->bytes + c->used;

	c->used += size;
	return p;
}

void *yaml_arena_array(struct config_arena *arena, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return yaml_arena_alloc(arena, bytes);
}

char *yaml_arena_copy(struct config_arena *arena, const char *text, size_t len)
{
	char *copy = len < SIZE_MAX ? yaml_arena_alloc(arena, len + 1) : NULL;

	if (copy)
		memcpy(copy, text, len); /* the arena's bytes are zero already */
	return copy;
}

char *yaml_arena_string(struct config_arena *arena, const char *text)
{
	return yaml_arena_copy(arena, text, strlen(text));
}
