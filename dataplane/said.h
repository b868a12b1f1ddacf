/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "policy/policy.h"

/*
 * What is said of a station: by the configuration file, by the network (RADIUS accounting), by
 * command. Of several that speak of one fact, the last of these three is believed.
 */

#define DP_SAID_ADDRS 4 /* addresses of one station */

/* Which facts. */
#define DP_SAID_USER 0x01
#define DP_SAID_ROLE 0x02
#define DP_SAID_PLACE 0x04
#define DP_SAID_AP 0x08
#define DP_SAID_AUTHENTICATED 0x10
#define DP_SAID_ADDRESSES 0x20

struct dp_said {
	struct policy_who who; /* first: sorted and found by its mac */
	uint16_t ap;           /* access point (policy/names.h) */
	uint8_t set;           /* DP_SAID_*; 0: nothing is said */
	bool authenticated;
	uint8_t n_addrs;
	struct ip_prefix addr[DP_SAID_ADDRS]; /* its own: whole addresses, and IPv6 prefixes */
};

/* What `from` says replaces what `to` says of the same. */
static inline void dp_said_over(struct dp_said *to, const struct dp_said *from)
{
	if (from->set & DP_SAID_USER)
		to->who.user = from->who.user;
	if (from->set & DP_SAID_ROLE)
		to->who.role = from->who.role;
	if (from->set & DP_SAID_PLACE)
		to->who.place = from->who.place;
	if (from->set & DP_SAID_AP)
		to->ap = from->ap;
	if (from->set & DP_SAID_AUTHENTICATED)
		to->authenticated = from->authenticated;
	if (from->set & DP_SAID_ADDRESSES) {
		to->n_addrs = from->n_addrs;
		memcpy(to->addr, from->addr, sizeof(to->addr));
	}
	to->set |= from->set;
}

/* Do both say the same? */
static inline bool dp_said_equal(const struct dp_said *a, const struct dp_said *b)
{
	bool same = mac_equal(&a->who.mac, &b->who.mac) && a->who.user == b->who.user &&
		    a->who.role == b->who.role && a->who.place == b->who.place && a->ap == b->ap &&
		    a->set == b->set && a->authenticated == b->authenticated &&
		    a->n_addrs == b->n_addrs;

	for (unsigned i = 0; same && i < a->n_addrs; i++)
		same = ip_equal(&a->addr[i].addr, &b->addr[i].addr) &&
		       a->addr[i].len == b->addr[i].len;
	return same;
}

/* What a sorted list says of an address; NULL: nothing. */
static inline const struct dp_said *dp_said_find(
	const struct dp_said *list, uint32_t n, const struct mac_addr *mac)
{
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int order = memcmp(&list[mid].who.mac, mac, sizeof(*mac));

		if (order == 0)
			return &list[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}
