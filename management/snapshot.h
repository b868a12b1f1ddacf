/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "cache/service.h"
#include "management/mgmt_priv.h"

/*
 * Copies of cache records, taken as an RCU reader of at most SHOW_SLOTS slots and rendered after
 * going offline, so that control's grace periods never wait for a socket or an allocation of ours.
 * Management thread.
 */

#define SNAPSHOT_BYTES (256u << 10) /* names and rdata of a page */
#define SNAPSHOT_ADDRS 16           /* addresses of a host that are shown */

/* Wire bytes within the snapshot's arena; len 0: there are none. */
struct snapshot_bytes {
	uint32_t off;
	uint16_t len;
};

struct snapshot_record {
	struct snapshot_bytes name, rdata;
	uint32_t ttl, ttl_left; /* seconds */
	uint16_t rrtype, flags, link;
	struct mac_addr mac;
};

struct snapshot_addr {
	uint8_t family;
	uint8_t bytes[16];
	bool link_local;
};

struct snapshot_service {
	struct snapshot_bytes instance; /* whole name */
	struct snapshot_bytes type;     /* "_ipp._tcp.local" */
	struct snapshot_bytes host;     /* SRV target; none: SRV is missing */
	struct snapshot_bytes txt;
	enum cache_service_state state;
	uint32_t ttl_left;
	uint32_t cls;   /* by the policy in force */
	bool contested; /* not extended: an older owner of the name lives elsewhere */
	uint16_t link, port;
	uint16_t n_addrs;
	struct mac_addr mac;
	struct snapshot_addr addr[SNAPSHOT_ADDRS];
};

struct snapshot_station {
	uint32_t n_records, n_services;
	uint32_t queries;           /* let in */
	uint32_t refused;           /* records refused, and packets over a meter */
	uint32_t first_ms, seen_ms; /* ago: known since; heard last, in any way */
	uint16_t link;
	bool asker; /* kept because it asks */
	struct mac_addr mac;
	uint8_t ip4[4], ip6[16];
};

struct snapshot {
	unsigned n;
	size_t used;
	union {
		struct snapshot_record record[1000];
		struct snapshot_service service[1000];
		struct snapshot_station station[1000];
	};
	uint8_t bytes[SNAPSHOT_BYTES];
};

static inline const uint8_t *snapshot_at(const struct snapshot *s, struct snapshot_bytes b)
{
	return s->bytes + b.off;
}

/*
 * Copies what the slots from `cursor` hold. Returns the cursor to go on with, 0 at the end.
 */
uint32_t snapshot_records(struct mgmt *m, uint32_t cursor, struct snapshot *s);
uint32_t snapshot_services(struct mgmt *m, uint32_t cursor, struct snapshot *s);
uint32_t snapshot_stations(struct mgmt *m, uint32_t cursor, struct snapshot *s);
