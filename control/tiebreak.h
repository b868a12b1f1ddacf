/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "control/table.h"
#include "control/timer.h"
#include "dns/name.h"

/*
 * Two stations on two links probe for one name at the same time (RFC 6762 §8.2). Neither hears the
 * other, so we see to the tie-break: the proposals are compared as each of them would, and the one
 * that loses is sent the other's probe, once for each of its own. It waits a second, probes again
 * (§8.2) and by then finds the name defended. The winner hears nothing. Control thread only.
 */

struct ctl;
struct rte_mbuf;

#define CTL_CONTENDERS_MAX 1024
#define CTL_PROPOSAL_MAX 640 /* bytes of a proposal: larger ones are not compared */
#define CTL_PROPOSALS 8      /* names of one message looked at */
#define CTL_CONTEND_MS 1000  /* since the last probe: by then the name is announced (§8.3) */

/* What one station proposes for a name in one message: the records of its probe's authority section
 * in the order of §8.2.1, each as type, length of rdata (2 bytes each, host order) and uncompressed
 * rdata. */
struct ctl_proposal {
	uint16_t link;
	uint8_t family; /* that the probe came by: a station may propose other addresses by the
			   other */
	struct mac_addr mac;
	bool service; /* it is for one: */
	uint32_t cls; /* ... its policy class */
	uint16_t len;
	uint8_t name[DNS_NAME_MAX + 1];
	uint8_t rrs[CTL_PROPOSAL_MAX];
};

/* A name somebody probes for: the best proposal so far of each family, all of one link. */
struct ctl_contender {
	struct ctl_entry entry; /* of the name */
	struct ctl_timer timer;
	uint64_t generation;             /* of the world that the classes belong to */
	struct ctl_proposal proposal[2]; /* by IPv4, by IPv6; len 0: none */
};

struct ctl_tiebreaks {
	struct ctl_table table;
	struct ctl_proposal read[CTL_PROPOSALS]; /* of the message at hand */
};

int ctl_tiebreaks_init(struct ctl *c);
void ctl_tiebreaks_fini(struct ctl *c);

/* A query to the group from port 5353 that nobody was found to answer: a probe, if it proposes
 * records. dns: its message. */
void ctl_tiebreak(struct ctl *c, struct rte_mbuf *m, const uint8_t *dns);

/* The link's stations have the name now: its probes are over, and whoever probes for it from here
 * on finds it owned. */
void ctl_tiebreak_over(struct ctl *c, const uint8_t *name, uint16_t link);

/*
 * Puts a probe with this proposal on a link, on all of its families (emit.c); takes it out of the
 * link's query budget. False: not sent.
 */
struct dp_link;
bool ctl_emit_probe(struct ctl *c, const struct dp_link *l, const struct ctl_proposal *p);

/* Iterates over the records of a proposal. *at begins as 0; false at the end. */
bool ctl_proposal_next(const struct ctl_proposal *p, uint16_t *at, uint16_t *rrtype,
	uint16_t *rdlen, const uint8_t **rdata);
