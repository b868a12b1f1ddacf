/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/addr.h"

/* What a packet is, as classify found it. Lives in the mbuf's private area; every pool of ours has
 * room for it. */

#define DP_PKT_GROUP 0x01    /* addressed to 224.0.0.251 or ff02::fb */
#define DP_PKT_LEGACY 0x02   /* query from a port other than 5353 (RFC 6762 §6.7) */
#define DP_PKT_OFFLINK 0x04  /* source lies in none of the link's prefixes */
#define DP_PKT_RESPONSE 0x08 /* QR bit set */
#define DP_PKT_REPLAY                                                                              \
	0x10 /* a waiting query, looked at again: counts as no new packet, causes no miss */
#define DP_PKT_COMPLETING                                                                          \
	0x20 /* replay: only PTR records whose owner was being asked for the rest */

#define DP_PKT_ASKED 0x40 /* control was asked who the station is */

enum dp_handover {
	DP_HAND_QUERY,    /* to the link's home worker: a query with answers by multicast */
	DP_HAND_RESPONSE, /* to the link's home worker: a response, while answers wait there */
	DP_HAND_TX,       /* to the owner of a TX queue: a finished frame, m->port says where */
	DP_HAND_FRAGMENT, /* to the link's home worker: a part of a datagram */
};

/* A fragment of an IP datagram, as its header says. */
struct dp_fragment {
	uint32_t id;  /* IPv6 has 32 bits of it */
	uint16_t off; /* bytes of the datagram before it */
	bool more;    /* it is not the last */
};

struct dp_pkt {
	uint16_t link;   /* link id */
	uint8_t family;  /* 4 or 6 */
	uint8_t flags;   /* DP_PKT_* */
	uint16_t l3_off; /* bytes from the start of data to the IP header (for host duties: to ARP /
			    IP) */
	uint16_t l4_off; /* ... to the UDP / ICMPv6 / IGMP header */
	uint16_t dns_off; /* ... to the DNS message */
	uint16_t dns_len; /* bytes */
	uint16_t sport;   /* source port, host order */
	uint8_t hand;     /* enum dp_handover, while in a ring between workers */
	uint8_t outcome;  /* host duties: which (DP_arp, DP_nd, DP_igmp, DP_mld) */
	uint8_t src[16];  /* source address, network order; IPv4 in the first four bytes */
	struct mac_addr smac;
	uint16_t rx_port;
	struct dp_fragment fragment; /* DP_FRAGMENT; l4_off: its data, dns_len: bytes of them */
	uint32_t arrived_ms;         /* clock_ms() of reception */
	uint32_t wait_from_ms;       /* replay of a completing query: when it first arrived */
	uint64_t ask;    /* upcall of a query: bit i, control is to look at question i (i < 64);
			    replay:        the questions that waited */
	uint64_t missed; /* ... and nothing was found for question i when the worker looked */
	uint64_t unsure; /* ... and question i probes for a name whose owner is to be asked first */
	uint64_t incomplete; /* ... and the PTR answers of question i lack SRV, TXT or addresses */
};

static inline struct dp_pkt *dp_pkt(struct rte_mbuf *m)
{
	return rte_mbuf_to_priv(m);
}
