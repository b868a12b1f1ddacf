/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/gateways.h"

bool dp_gateway_add(struct dp_gateways *g, uint16_t link, const struct mac_addr *mac)
{
	uint64_t key = dp_gateway_mac(mac) | link;
	unsigned set = dp_gateway_set(dp_gateway_mac(mac)), free_way = DP_GATEWAY_WAYS;

	for (unsigned i = 0; i < DP_GATEWAY_WAYS; i++) {
		uint64_t e = atomic_load_explicit(&g->entry[set][i], memory_order_relaxed);

		if (e == key)
			return true;
		if (e == 0)
			free_way = i;
	}
	if (free_way == DP_GATEWAY_WAYS)
		return false;
	atomic_store_explicit(&g->entry[set][free_way], key, memory_order_relaxed);
	atomic_fetch_add_explicit(&g->n, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&g->changes, 1, memory_order_release);
	return true;
}

void dp_gateway_remove(struct dp_gateways *g, uint16_t link, const struct mac_addr *mac)
{
	uint64_t key = dp_gateway_mac(mac) | link;
	unsigned set = dp_gateway_set(dp_gateway_mac(mac));

	for (unsigned i = 0; i < DP_GATEWAY_WAYS; i++) {
		if (atomic_load_explicit(&g->entry[set][i], memory_order_relaxed) != key)
			continue;
		atomic_store_explicit(&g->entry[set][i], 0, memory_order_relaxed);
		atomic_fetch_sub_explicit(&g->n, 1, memory_order_relaxed);
		atomic_fetch_add_explicit(&g->changes, 1, memory_order_release);
	}
}
