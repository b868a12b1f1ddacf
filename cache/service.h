/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "cache/read.h"

/*
 * What resolves a service: SRV, TXT and the addresses of its host (RFC 6763 §12). Any RCU-online
 * thread.
 */

enum cache_service_state {
	CACHE_SERVICE_COMPLETE,
	CACHE_SERVICE_INCOMPLETE, /* SRV, TXT or addresses missing or expired: the owner may be
				     asked */
	CACHE_SERVICE_HIDDEN,     /* addresses are known, none is any use on another link (RFC 8766
				     §5.5.2), or its name or its host's is another's (RFC 6762 §9) */
};

/* Node of (name, rrtype), or 0; name is checked wire bytes of any case. */
uint32_t cache_find(const struct cache_view *v, const uint8_t *name, uint16_t rrtype);

/* Is anything of this name held on the link (by the station with this MAC; NULL: by any), of the
 * types that names are claimed with? */
bool cache_name_held(const struct cache_view *v, const uint8_t *name, uint16_t link,
	const struct mac_addr *mac, uint32_t now_ms);

/* State of a host, as far as its addresses on `link` go. */
enum cache_service_state cache_host_state(
	const struct cache_view *v, const uint8_t *host, uint16_t link, uint32_t now_ms);

/* What is held of an instance on a link: index of the first record held, 0: none. */
struct cache_service {
	uint32_t srv, txt;
};

/*
 * State of the instance with this wire name as its provider on `link` advertises it. *out (may be
 * NULL) tells what is there.
 */
enum cache_service_state cache_service_state(const struct cache_view *v, const uint8_t *instance,
	uint16_t link, uint32_t now_ms, struct cache_service *out);

/*
 * Does the record belong to a service nobody on another link could reach: a PTR to it, its SRV or
 * its TXT (RFC 8766 §5.5.2)? Records in their last second count too, so that the goodbye of a
 * hidden service stays as hidden as it was.
 */
bool cache_record_hidden(const struct cache_view *v, const struct cache_record *r, uint32_t now_ms);
