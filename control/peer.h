/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "control/table.h"
#include "control/timer.h"

/*
 * Other gateways on our links (draft 4.3): those of `gateways:`, and those that say so themselves
 * by a _linkspan._udp service. What they say is said on others' behalf, from a cache, so nothing of
 * it is learned, or a dead record would go round between two caches for ever; and their queries are
 * dropped by the workers. Control thread only.
 */

struct ctl;
struct dp_link;
struct dp_pkt;
struct dp_world;

#define CTL_PEERS_MAX 128 /* that say so themselves */

struct ctl_peer {
	struct ctl_entry entry; /* of (link, MAC) */
	struct ctl_timer end;   /* of the TTL of its PTR */
	uint16_t link;
	struct mac_addr mac;
};

struct ctl_peers {
	struct ctl_table table;
};

int ctl_peers_init(struct ctl *c);
void ctl_peers_fini(struct ctl *c);

/* A response, before anything is learned of it. Is it another gateway's, or about
 * one (ours, say, brought back by a repeater)? dns: the message. */
bool ctl_peer_heard(
	struct ctl *c, const struct dp_link *l, const struct dp_pkt *pkt, const uint8_t *dns);

/* A new world: its `gateways:` in place of those of the one before (NULL: none). */
void ctl_peer_world(struct ctl *c, const struct dp_world *was);

/* The link is gone: whoever was a gateway there. */
void ctl_peer_link_gone(struct ctl *c, uint16_t link);
