/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ALIGN 16
#define BLOCK_MIN ((size_t)16 << 10)
#define BLOCK_MAX ((size_t)1 << 20)
#define HUGE_PAGE ((size_t)2 << 20)

struct policy_arena_block {
	struct policy_arena_block *next;
	size_t size;
	uint8_t data[] __attribute__((aligned(ALIGN)));
};

static bool arena_grow(struct policy_arena *a, size_t want)
{
	size_t size = a->size ? a->size * 2 : BLOCK_MIN;
	struct policy_arena_block *b;

	if (size > BLOCK_MAX)
		size = BLOCK_MAX;
	if (size < want)
		size = want;
	b = calloc(1, sizeof(*b) + size);
	if (!b)
		return false;
	b->next = a->blocks;
	b->size = size;
	a->blocks = b;
	a->used = 0;
	a->size = size;
	return true;
}

void *policy_arena_alloc(struct policy_arena *a, size_t n, size_t size)
{
	size_t bytes;
	void *ptr;

	if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX / 2)
		return NULL;
	bytes = bytes ? (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1) : ALIGN;
	if (bytes > a->size - a->used && !arena_grow(a, bytes))
		return NULL;
	ptr = a->blocks->data + a->used;
	a->used += bytes;
	return ptr;
}

char *policy_arena_text(struct policy_arena *a, const char *text, size_t len)
{
	char *copy = policy_arena_alloc(a, len + 1, 1);

	if (copy)
		memcpy(copy, text, len);
	return copy;
}

void policy_arena_free(struct policy_arena *a)
{
	while (a->blocks) {
		struct policy_arena_block *b = a->blocks;

		a->blocks = b->next;
		free(b);
	}
	a->used = 0;
	a->size = 0;
}

/* What a table of so many bytes takes: whole pages. */
static size_t pages_len(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return ((bytes ? bytes : 1) + page - 1) & ~(page - 1);
}

void *policy_pages_alloc(size_t bytes)
{
	size_t len = pages_len(bytes), spare = len < HUGE_PAGE ? 0 : HUGE_PAGE, head;
	uint8_t *map = mmap(NULL, len + spare, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		return NULL;
	if (spare == 0)
		return map;
	/* Begin on a huge page and give back what is before and behind. */
	head = -(uintptr_t)map & (HUGE_PAGE - 1);
	if (head)
		munmap(map, head);
	if (spare > head)
		munmap(map + head + len, spare - head);
	madvise(map + head, len, MADV_HUGEPAGE);
	return map + head;
}

void policy_pages_free(void *ptr, size_t bytes)
{
	if (ptr)
		munmap(ptr, pages_len(bytes));
}
