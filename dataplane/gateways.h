/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

/*
 * MACs of other gateways (draft 4.3): their queries cause nothing here, and nothing is learned of
 * what they say on others' behalf. A small set-associative table of (MAC, link); link 0 stands for
 * every link (`gateways:`). Control writes, workers read (relaxed: an entry is one word, and a
 * packet more or less makes no difference).
 */

#define DP_GATEWAY_SETS 64
#define DP_GATEWAY_WAYS 4

struct dp_gateways {
	_Atomic uint32_t n;                                       /* entries in use */
	_Atomic uint32_t changes;                                 /* added or removed so far */
	_Atomic uint64_t entry[DP_GATEWAY_SETS][DP_GATEWAY_WAYS]; /* MAC << 16 | link; 0: free */
};

static inline uint64_t dp_gateway_mac(const struct mac_addr *mac)
{
	return mac_to_u64(mac) << 16;
}

static inline unsigned dp_gateway_set(uint64_t mac)
{
	return (unsigned)((mac * UINT64_C(0x9e3779b97f4a7c15)) >> 58);
}

/* Is the station a gateway on this link? Any thread. */
static inline bool dp_is_gateway(
	const struct dp_gateways *g, uint16_t link, const struct mac_addr *mac)
{
	uint64_t any, here;
	unsigned set;

	if (atomic_load_explicit(&g->n, memory_order_relaxed) == 0)
		return false;
	any = dp_gateway_mac(mac);
	here = any | link;
	set = dp_gateway_set(any);
	for (unsigned i = 0; i < DP_GATEWAY_WAYS; i++) {
		uint64_t e = atomic_load_explicit(&g->entry[set][i], memory_order_relaxed);

		if (e == here || e == any)
			return true;
	}
	return false;
}

/* Control thread. False: no room in its set. Adding twice is one entry. */
bool dp_gateway_add(struct dp_gateways *g, uint16_t link, const struct mac_addr *mac);
void dp_gateway_remove(struct dp_gateways *g, uint16_t link, const struct mac_addr *mac);
