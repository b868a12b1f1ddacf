/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Memory that lives as long as its owner: pieces are handed out of growing blocks and freed
 * together. A struct policy_arena belongs to one thread at a time.
 */

#include <stdbool.h>
#include <stddef.h>

struct policy_arena_block;

struct policy_arena {
	struct policy_arena_block *blocks; /* newest first */
	size_t used, size;                 /* of the newest, in bytes */
};

/* n * size zeroed bytes, aligned to 16, or NULL. n = 0 gives a pointer not to be read. */
void *policy_arena_alloc(struct policy_arena *a, size_t n, size_t size);

/* A copy of len bytes with a NUL behind them, or NULL. */
char *policy_arena_text(struct policy_arena *a, const char *text, size_t len);

/* Frees everything; the arena is empty and may be used again. */
void policy_arena_free(struct policy_arena *a);

/*
 * Zeroed pages for a table, huge ones if it is large enough for them and the kernel has any; a page
 * takes memory once it is written. NULL when the address space is used up.
 */
void *policy_pages_alloc(size_t bytes);

/* NULL is fine; bytes as allocated. */
void policy_pages_free(void *ptr, size_t bytes);
