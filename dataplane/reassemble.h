/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

/*
 * Fragments -> datagrams (RFC 791 §3.2, RFC 8200 §4.5), for mDNS on the links a worker is home of.
 * Fixed size, no allocation, on the clock of the turn.
 *
 * Not rte_ip_frag: with its stable functions (22.11) fragments leave its table only when others
 * come, so silence pins mbufs for ever; its key knows no link, so a station could spoil or mix
 * datagrams of another VLAN; and it takes an IPv6 fragment header at one place alone.
 */

struct dp_worker;
struct rte_mbuf;

#define DP_REASM_DATAGRAMS 64 /* under way at once, all links of a worker */
#define DP_REASM_PER_LINK 16  /* ... of one link: a flood there leaves room to the others */
#define DP_REASM_PER_MAC 4    /* ... of one station */
#define DP_REASM_FRAGMENTS 8  /* of one datagram: 9000 bytes over an MTU of 1280 */
#define DP_REASM_MS 1000      /* from the first fragment that came to the last */

/* Which datagram a fragment belongs to. Padding is zero: compared as bytes. */
struct dp_reasm_key {
	uint8_t src[16], dst[16];
	uint32_t id;
	uint16_t link;
	struct mac_addr smac;
};

struct dp_reasm_part {
	struct rte_mbuf *m;
	uint16_t off, len; /* bytes of the datagram */
};

struct dp_reasm_datagram {
	struct dp_reasm_key key;
	uint32_t expires_ms;
	uint16_t size; /* bytes of the datagram; 0: the last fragment did not come yet */
	uint16_t have; /* ... of it that came */
	uint8_t n;
	bool spoiled; /* fragments overlapped: nothing more of it is taken (RFC 5722 §3) */
	struct dp_reasm_part part[DP_REASM_FRAGMENTS]; /* by offset */
};

/* Belongs to one worker. All expire after the same time, so the oldest is the next to expire. */
struct dp_reassembly {
	uint8_t order[DP_REASM_DATAGRAMS]; /* slots in use, by age */
	uint16_t n;
	uint16_t held; /* mbufs */
	uint64_t used; /* slots, a bit each */
	struct dp_reasm_datagram slot[DP_REASM_DATAGRAMS];
};

/* What dp_reassemble() made of a fragment; negative: -1 - outcome, and the mbuf is the caller's. */
#define DP_REASM_HELD 0  /* kept and counted */
#define DP_REASSEMBLED 1 /* *m is the whole datagram, a chain, as if it had come in one frame */

/* Takes a fragment that dp_classify() found. Home worker of its link. */
int dp_reassemble(struct dp_worker *w, struct rte_mbuf **m);

/* Drops what did not become whole in time; returns how many datagrams. Worker thread. */
unsigned dp_reassemble_turn(struct dp_worker *w);

/* When the oldest expires (clock_ms); false: nothing is held. */
bool dp_reassemble_next(const struct dp_reassembly *r, uint32_t *at_ms);

/* Frees all that is held. After the lcores stopped. */
void dp_reassemble_clear(struct dp_reassembly *r);
