/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * SRV and addresses live 120 s, PTR and TXT 75 minutes (RFC 6762 §10), so an idle printer is soon
 * mostly PTR. What a PTR lacks is asked of its owner while the query that found it waits (DESIGN
 * §5). Control thread only.
 */

struct ctl;
struct dp_viewer;
struct ctl_wait_list;
struct dp_link;
struct mac_addr;

#define CTL_COMPLETE_SERVICES 64 /* services per question whose owners are asked */

/*
 * Asks the owners of the PTR records of a node for what their services lack, marks those records,
 * and adds the names asked for to `list`. Returns how many services are being completed now, by
 * this call or one a moment ago.
 */
unsigned ctl_complete(struct ctl *c, const struct dp_link *l, const struct dp_viewer *asker,
	uint32_t node, struct ctl_wait_list *list);
