/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>

#include "base/addr.h"
#include "base/bucket.h"
#include "base/counter.h"
#include "dataplane/own.h"
#include "dataplane/said.h"
#include "policy/names.h"
#include "policy/policy.h"

/*
 * The world: everything workers read that a reload replaces. Management builds one beside the
 * running one, control publishes it by one pointer, workers load that pointer once a turn.
 * Immutable after publication.
 */

#define DP_WORKERS_MAX 64
#define DP_PORTS_MAX 32
#define DP_LINKS_MAX 8192 /* link ids run from 1 to DP_LINKS_MAX - 1; 0 is "no link" */
#define DP_VLANS 4096
#define DP_LINK_ADDRS 8     /* own addresses of a link and family at most */
#define DP_LINK_PREFIXES 16 /* on-link prefixes of a link and family at most */
#define DP_HDR_ROOM 64      /* of an IPv4 header with all before and behind it */
#define DP_HDR_MAX 66       /* Ethernet 14 + VLAN 4 + IPv6 40 + UDP 8 */

/* Meters of a station and of a link: of queries and of advertisements. */
#define DP_METER_QUERIES 0
#define DP_METER_ADVERTISEMENTS 1
#define DP_METERS 2
#define DP_METER_UNKNOWN 2 /* of a link: of stations that are not known yet */

/* What a link demands of advertisements (control/require.h). */
#define DP_REQUIRE_AUTHENTICATED 0x01
#define DP_REQUIRE_ON_LINK 0x02
#define DP_REQUIRE_OWN 0x04

enum dp_link_mode {
	DP_LINK_GATEWAY, /* learn and answer */
	DP_LINK_OFF,     /* take no part: drop its mDNS, or on an inline pair let it cross */
	DP_LINK_FILTER,  /* drop its mDNS, on an inline pair too */
};

struct dp_prefix6 {
	uint8_t addr[16];
	uint8_t mask[16];
};

/* One broadcast domain, as packets need it. Addresses in network byte order. */
struct dp_link {
	/* First line: what the short way reads of it (dataplane/fast.h). */
	uint16_t id;
	uint16_t port; /* DPDK port id */
	/* The lowest id of a link that is told the same answers: policy, delivery and MTU are
	 * alike. */
	uint16_t alike;
	bool fast;      /* queries may go the short way */
	bool personal;  /* policy asks who its consumers are */
	uint8_t l2_len; /* of hdr4 and hdr6: 14 or 18 */
	/* Internet checksums of what stands in them: of the IPv4 header, and of UDP's pseudo header
	 * and ports. Lengths are zero. */
	uint16_t ip_check4, udp_check4, udp_check6;
	uint32_t addr4;    /* own IPv4 address; be32 */
	uint64_t tail;     /* dp_rendered_tail() of links like it */
	uint64_t bit;      /* cache_link_bit() of the id */
	uint64_t mac_word; /* ... of mac */
	uint64_t mac_next; /* mac_word_next() of it */
	/* Headers of what we multicast here, lengths and checksums left to fill in (dp_frame_*): a
	 * line, and two. */
	uint8_t hdr4[DP_HDR_ROOM] __attribute__((aligned(64)));
	uint8_t hdr6[2 * DP_HDR_ROOM];

	uint16_t vlan;   /* 0: untagged */
	uint16_t home;   /* worker that holds the link's multicast schedule */
	uint16_t mtu;    /* bytes of IP packet we build for it */
	uint8_t mode;    /* enum dp_link_mode */
	uint8_t n_addr6; /* own IPv6 addresses, [0] is the link-local one */
	uint8_t n_pfx4;
	uint8_t n_pfx6;
	uint8_t has_addr4;
	struct mac_addr mac;
	uint32_t pfx4[DP_LINK_PREFIXES];  /* be32, host bits zero */
	uint32_t mask4[DP_LINK_PREFIXES]; /* be32 */
	uint8_t addr6[DP_LINK_ADDRS][16];
	struct dp_prefix6 pfx6[DP_LINK_PREFIXES];
	/* Columns of the world's policy for this link (policy/policy.h). */
	uint32_t col_in, col_out, col_query, col_probe;
	uint32_t query_budget; /* our own queries a second; control */
	bool wireless;         /* a station of it is on no other wireless link (control/roam.h) */
	bool isolated; /* its stations do not hear each other: what is here is told here too */
	bool unicast; /* answers go to the asker's MAC (RFC 6085), open browsers are told one by one
		       */
	bool announce;       /* what is learned elsewhere is announced here; control */
	uint8_t require;     /* DP_REQUIRE_*; control */
	uint32_t silence_ms; /* a silent station is looked for; 0: never; control */
	/* `conflicts: report`: a name that another link's station has may be claimed here too. */
	bool conflicts_report;
	uint32_t in_sig; /* of what its `in` says: another one after a reload, something may be
			    learned that was not; control */
	/* admission.link, packets a second of all workers: queries, advertisements, unknown
	 * stations; control. */
	uint32_t rate[DP_METERS + 1];
	uint16_t place; /* of stations that have none of their own (policy/names.h); 0: none */
	char name[64];  /* for show and logs */
};

struct dp_port_map {
	bool present;
	bool soft_checksum; /* kernel-backed or pcap: an unfinished UDP checksum is accepted (DESIGN
			       §4.1) */
	struct mac_addr mac;
	uint16_t n_queues; /* RX and TX queues; queue q belongs to worker q */
	uint16_t mtu;
	bool inline_pair; /* what is not ours crosses to the port `peer`, untouched */
	uint16_t peer;    /* DPDK port id */
	char name[32];
	const struct dp_link *link_of_vlan[DP_VLANS]; /* by VLAN id; [0] untagged; NULL: none */
	uint16_t id_of_vlan[DP_VLANS];                /* ... its id; 0: none */
};

/* The link's VLAN is on that port from now on. Management, while building a world. */
static inline void dp_port_map_link(struct dp_port_map *map, const struct dp_link *l)
{
	map->link_of_vlan[l->vlan] = l;
	map->id_of_vlan[l->vlan] = l->id;
}

/* A service type that is kept fresh and asked for though nobody asks; lower case. */
struct dp_pinned {
	uint8_t len;       /* of the name with its root label */
	uint8_t type_len;  /* of its two labels */
	uint8_t name[128]; /* wire name, "_ipp._tcp.local" */
};

/* admission.misses: new questions that cause traffic elsewhere, of a station, of a link's stations,
 * and of all; control. */
struct dp_misses {
	struct bucket_rate station, link, gateway;
};

struct dp_world {
	uint64_t generation; /* 1, 2, ... */
	uint32_t n_workers;
	uint32_t slot; /* which class[] slot is in force: generation & 1, the policy's own slot */
	struct policy *policy; /* control appends classes to it; workers read */
	const struct policy_table *table;
	const uint16_t *down; /* places by level: policy_names.down */
	/*
	 * [worker], [n_workers]: control; each [rules + 1]: how often a rule decided, [0]: none
	 * did. NULL: not counted. Its lcore writes, management reads.
	 */
	uint64_t *hits[DP_WORKERS_MAX + 1];
	bool personal;                       /* a link is */
	bool admission;                      /* packets are metered (dataplane/admit.h) */
	struct bucket_rate admit[DP_METERS]; /* admission.station: queries, advertisements */
	struct dp_misses misses;
	bool silence;     /* some link looks for silent stations; control */
	bool audit;       /* what policy denies and so on is noted (dataplane/audit.h) */
	uint16_t n_ids;   /* link ids are below this */
	uint32_t n_links; /* links that exist */
	uint32_t n_pinned;
	struct dp_pinned *pinned; /* [n_pinned], in the order of the file; control */
	struct dp_said *stations; /* [n_stations], by address: what the file says; control */
	uint32_t n_stations;
	struct dp_own *own;        /* our addresses of all links; may be NULL */
	struct mac_addr *gateways; /* [n_gateways]: other gateways; control */
	uint32_t n_gateways;
	char id[32];                            /* gateway.id; control */
	struct dp_port_map *port[DP_PORTS_MAX]; /* by DPDK port id; NULL: none of ours */
	uint64_t mac[DP_PORTS_MAX]; /* [n_macs]: mac_word() of the ports' (dp_world_finish()) */
	unsigned n_macs;
	/* Bit i: one of them, or none, ends in i, modulo 64; and has it as its fifth byte. */
	uint64_t mac_ends, mac_fifths;
	struct dp_link **link; /* by id; NULL: none (or removed by a reload while records remain) */
	void *owner;           /* management's: what to free with it */
};

/* Does the address lie in one of the link's prefixes? Link-local addresses always do. */
bool dp_link_on_link(const struct dp_link *l, unsigned family, const uint8_t *addr);

/* Is it one of the gateway's own addresses on the link? */
bool dp_link_own_addr(const struct dp_link *l, unsigned family, const uint8_t *addr);

/* Lcore i counts a verdict. One that everybody gets by one rule or another is no rule's. */
static inline void dp_world_hit(const struct dp_world *w, unsigned i, policy_verdict_t v)
{
	if (w->hits[i] != NULL && (v & POLICY_PERSONAL) == 0)
		COUNTER_INC(w->hits[i][v & POLICY_RULE_MASK]);
}

/* Gathers what workers look up fast, once the ports are in place. Management, while building it. */
void dp_world_finish(struct dp_world *w);

/* Does a port of ours send from this MAC (mac_word())? What one sent and another hears came around
 * a loop or a patched cable. */
static inline bool dp_world_own_mac(const struct dp_world *w, uint64_t mac)
{
	if (likely((w->mac_ends >> (mac >> 40 & 63) & 1) == 0))
		return false;
	for (unsigned i = 0; i < w->n_macs; i++)
		if (w->mac[i] == mac)
			return true;
	return false;
}

/* Or is it none at all? */
static inline bool dp_world_odd_mac(const struct dp_world *w, uint64_t mac)
{
	if (likely((w->mac_ends >> (mac >> 40 & 63) & 1) == 0))
		return false;
	return mac == 0 || dp_world_own_mac(w, mac);
}

static inline const struct dp_link *dp_world_link(const struct dp_world *w, uint16_t id)
{
	return id < w->n_ids ? w->link[id] : NULL;
}

/*
 * Lays out hdr4, hdr6 and l2_len of a link from its mac, vlan and addresses. Management, while
 * building a world.
 */
void dp_link_finish(struct dp_link *l);
