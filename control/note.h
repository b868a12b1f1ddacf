/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

#include "cache/cache.h"
#include "policy/policy.h"

/* What control notes for the audit, if it is on (dataplane/audit.h). Control thread. */

struct ctl;
struct dp_pkt;
struct dns_rr;

/* Policy's verdict on learning a record of a message. */
void ctl_note_learned(struct ctl *c, const struct dp_pkt *pkt, const struct dns_rr *rr,
	const uint8_t *rdata, policy_verdict_t v);

/* A record that a quota refused. */
void ctl_note_refused(struct ctl *c, const struct dp_pkt *pkt, const struct dns_rr *rr,
	const uint8_t *rdata, enum cache_outcome why);

/* A record, or with rr NULL all of the message, that is not what the link requires (enum
 * ctl_unmet).
 */
void ctl_note_unmet(struct ctl *c, const struct dp_pkt *pkt, const struct dns_rr *rr,
	const uint8_t *rdata, unsigned why);

/* A name that two hosts claim: who has it, and who claims it too. */
void ctl_note_conflict(struct ctl *c, const uint8_t *name, uint16_t link,
	const struct mac_addr *mac, uint16_t other, const struct mac_addr *other_mac);
