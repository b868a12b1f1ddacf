/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "base/addr.h"

/* A station of a scenario: who sends, and to whom answers go. */

#define STATIONS_MAX 1024
#define STATION_ADDRS 8

struct station {
	char name[32];
	char link[64]; /* name of the link it is on */
	unsigned index;
	struct mac_addr mac;
	struct ip_addr addr[STATION_ADDRS]; /* as written, then the fe80 address of its MAC */
	unsigned n_addr;
};

/* The address it speaks from to the group: its first of the family, for IPv6 the fe80 one. NULL:
 * none. */
const struct ip_addr *station_source(const struct station *s, unsigned family);

/* Is the address one of the station's? */
bool station_has(const struct station *s, const struct ip_addr *addr);
