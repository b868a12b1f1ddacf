/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/packet/station.h"

#include <stddef.h>

const struct ip_addr *station_source(const struct station *s, unsigned family)
{
	for (unsigned i = 0; i < s->n_addr; i++) {
		if (s->addr[i].family != family)
			continue;
		if (family == 4 || ip_is_link_local(&s->addr[i]))
			return &s->addr[i];
	}
	return NULL;
}

bool station_has(const struct station *s, const struct ip_addr *addr)
{
	for (unsigned i = 0; i < s->n_addr; i++)
		if (ip_equal(&s->addr[i], addr))
			return true;
	return false;
}
