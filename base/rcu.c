/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/rcu.h"

#include <errno.h>

#define RCU_MAX_READERS 1024

int rcu_create(struct rcu *rcu, unsigned max, unsigned socket, const struct slab_mem *mem)
{
	struct rte_rcu_qsbr *v;

	if (max == 0 || max > RCU_MAX_READERS)
		return -EINVAL;
	v = mem->alloc(rte_rcu_qsbr_get_memsize(max), socket);
	if (v == NULL)
		return -ENOMEM;
	/* Cannot fail with a valid size; it returns positive numbers when it does. Registered
	 * readers that are offline hold up nobody. */
	if (rte_rcu_qsbr_init(v, max) != 0)
		goto fail;
	for (unsigned id = 0; id < max; id++) {
		if (rte_rcu_qsbr_thread_register(v, id) != 0)
			goto fail;
	}
	*rcu = (struct rcu){.qsbr = v, .max = max, .mem = mem};
	return 0;
fail:
	mem->free(v);
	return -EINVAL;
}

void rcu_destroy(struct rcu *rcu)
{
	if (rcu->qsbr == NULL)
		return;
	rcu->mem->free(rcu->qsbr);
	*rcu = (struct rcu){0};
}
