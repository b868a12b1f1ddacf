/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/index.h"

#include <errno.h>
#include <stdlib.h>

#define SLOTS_MIN 16

static void index_put(struct policy_index *x, uint32_t hash, uint32_t id)
{
	uint32_t i = hash & x->mask;

	while (x->slots[i].id != POLICY_NO_ID)
		i = (i + 1) & x->mask;
	x->slots[i] = (struct policy_index_slot){hash, id};
}

/* At most half full, so that a search ends soon. */
static int index_grow(struct policy_index *x)
{
	struct policy_index grown = {.n = x->n};
	size_t n = x->slots ? ((size_t)x->mask + 1) * 2 : SLOTS_MIN;

	if (n > (size_t)1 << 31)
		return -ENOMEM;
	grown.slots = malloc(n * sizeof(*grown.slots));
	if (!grown.slots)
		return -ENOMEM;
	memset(grown.slots, 0xff, n * sizeof(*grown.slots));
	grown.mask = (uint32_t)(n - 1);
	for (size_t i = 0; x->slots && i <= x->mask; i++)
		if (x->slots[i].id != POLICY_NO_ID)
			index_put(&grown, x->slots[i].hash, x->slots[i].id);
	free(x->slots);
	*x = grown;
	return 0;
}

int policy_index_add(struct policy_index *x, uint32_t hash, uint32_t id)
{
	int rc;

	if (!x->slots || x->n >= (x->mask + 1) / 2) {
		rc = index_grow(x);
		if (rc)
			return rc;
	}
	index_put(x, hash, id);
	x->n++;
	return 0;
}

void policy_index_free(struct policy_index *x)
{
	free(x->slots);
	*x = (struct policy_index){0};
}
