/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/partition.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool policy_set_has(const struct policy_set *s, uint32_t x)
{
	uint32_t lo = 0, hi = s->n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (s->v[mid] < x)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->n && s->v[lo] == x;
}

static int u32_cmp(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

uint32_t policy_set_sort(uint32_t *v, uint32_t n)
{
	uint32_t out = 0;
	bool sorted = true;

	for (uint32_t i = 1; i < n && sorted; i++)
		sorted = v[i - 1] < v[i];
	if (sorted)
		return n;
	qsort(v, n, sizeof(*v), u32_cmp);
	for (uint32_t i = 0; i < n; i++)
		if (out == 0 || v[out - 1] != v[i])
			v[out++] = v[i];
	return out;
}

int policy_partition_init(struct policy_partition *p, uint32_t n)
{
	uint32_t *mem = calloc((size_t)n * 4 + 3, sizeof(*mem));

	if (!mem)
		return -ENOMEM;
	*p = (struct policy_partition){
		.n = n,
		.block = mem,
		.size = mem + n,
		.hits = mem + (size_t)2 * n + 1,
		.part = mem + (size_t)3 * n + 2,
	};
	policy_partition_reset(p);
	return 0;
}

void policy_partition_reset(struct policy_partition *p)
{
	memset(p->block, 0, p->n * sizeof(*p->block));
	p->n_blocks = 1;
	p->size[0] = p->n;
}

void policy_partition_split(struct policy_partition *p, const struct policy_set *members)
{
	for (uint32_t i = 0; i < members->n; i++)
		p->hits[p->block[members->v[i]]]++;
	for (uint32_t i = 0; i < members->n; i++) {
		uint32_t x = members->v[i], from = p->block[x], to;

		/*
		 * Decided when the first of a block is met: a block that lies within the set stays
		 * as it is, but block 0, which is for what no set has.
		 */
		if (p->part[from] == 0) {
			if (from != 0 && p->hits[from] == p->size[from]) {
				p->part[from] = from;
			} else {
				p->size[p->n_blocks] = 0;
				p->part[from] = p->n_blocks++;
			}
		}
		to = p->part[from];
		if (--p->hits[from] == 0)
			p->part[from] = 0;
		if (to == from)
			continue;
		p->block[x] = to;
		p->size[to]++;
		p->size[from]--;
	}
}

int policy_partition_blocks(const struct policy_partition *p, const struct policy_set *members,
	struct policy_arena *arena, struct policy_set *out)
{
	uint32_t *v = policy_arena_alloc(arena, members->n, sizeof(*v));

	if (!v)
		return -ENOMEM;
	for (uint32_t i = 0; i < members->n; i++)
		v[i] = p->block[members->v[i]];
	out->v = v;
	out->n = policy_set_sort(v, members->n);
	return 0;
}

void policy_partition_free(struct policy_partition *p)
{
	free(p->block);
	*p = (struct policy_partition){0};
}
