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
struct ctl_wait_list;
struct dp_link;
struct mac_addr;
struct cache_record;

/* As dataplane/answer.c: a PTR is held back so long at first; its owner is left alone for so long
 * if it did not tell. */
#define CTL_COMPLETE_WAIT_MS 500
#define CTL_COMPLETE_AGAIN_MS 60000
#define CTL_COMPLETE_SERVICES 64 /* services per question whose owners are asked */

enum ctl_service_state {
	CTL_SERVICE_COMPLETE,
	CTL_SERVICE_INCOMPLETE, /* SRV, TXT or addresses are missing */
	CTL_SERVICE_HIDDEN, /* the host's addresses are known, and none leaves its link (RFC 8766
			       §5.5.2) */
};

/* What is known of the instance with this name on the provider's link, judged as workers do
 * (dataplane/service.h). */
enum ctl_service_state ctl_service_state(
	const struct ctl *c, const uint8_t *instance, uint16_t link);

/* May the record be told to this asker on link l? As dp_answer_usable(). */
bool ctl_usable(const struct ctl *c, const struct dp_link *l, const struct mac_addr *asker,
	const struct cache_record *r);

/*
 * Asks the owners of the PTR records of a node for what their services lack, marks those records,
 * and adds the names asked for to `list`. Returns how many services are being completed now, by
 * this call or one a moment ago.
 */
unsigned ctl_complete(struct ctl *c, const struct dp_link *l, const struct mac_addr *asker,
	uint32_t node, struct ctl_wait_list *list);
