/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "base/addr.h"

#define CACHE_STATION_BREAK_MS 60000

/*
 * A station: a host on a link, identified by (link, MAC). Made when its first record is learned,
 * dropped with its last one. One writer (control), readers without a lock; type-stable like
 * records.
 */
struct cache_station {
	_Atomic uint32_t gen;    /* odd while published, as in a record; control writes, all read */
	uint16_t link;           /* link id */
	struct mac_addr mac;     /* immutable while live */
	_Atomic uint32_t cls[2]; /* consumer class by policy generation; 0: its link's */
	uint32_t n_records;      /* control: quota limits.records_per_station */
	union {
		uint32_t records; /* control: head of the record list (station_next) */
		int32_t hash_pos; /* control: once removed, position in the rte_hash */
	};
	uint32_t retry_next; /* control: list of empty ones whose removal waits for deferral */
	/* Control writes, all read: when it was last learned from; and since when, without a break
	 * of CACHE_STATION_BREAK_MS. A touch by a worker changes neither. */
	_Atomic uint32_t seen_ms;
	_Atomic uint32_t since_ms;
	uint32_t refused; /* control: records refused by a quota */
	/* Control: sources of its last mDNS messages, all 0: none; where a QU refresh goes. */
	uint8_t ip4[4];
	uint8_t ip6[16];
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct cache_station) == 64, "a station is one line");
