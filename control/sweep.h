/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "control/timer.h"
#include "dns/wire.h"

/*
 * A sweep: who offers what, whatever policy says of it. Each link is asked for its service types
 * (RFC 6763 §9), then for the instances of those it has and of those that were asked for; what is
 * held of them already counts as heard. A few links at a time, by the intervals and budgets of all
 * our questions. Nothing of it is learned that would not be otherwise.
 *
 * struct ctl_sweep is management's, who makes and frees it; while the request is under way control
 * writes where said, and management reads found[] as far as `n` (acquire).
 */

#define CTL_SWEEP_TYPES 2048    /* in all */
#define CTL_SWEEP_TYPE_BYTES 86 /* "_15 letters or so._tcp.local": two labels, "local", root */
#define CTL_SWEEP_AT_ONCE 64    /* links that are being asked */

/* An instance of a service: who said so. */
struct ctl_found {
	uint16_t link;
	struct mac_addr mac;
	uint8_t family, ip[16];         /* source of the message; 0: not known */
	uint8_t type_off;               /* of the type within the name */
	uint8_t name[DNS_NAME_MAX + 1]; /* wire, its case kept */
};

struct ctl_sweep {
	/* As asked. */
	const uint16_t *link; /* ids */
	uint32_t n_links;
	uint32_t n_asked_types; /* of type[], at its beginning: asked for on every link */
	bool enumerate;         /* ask for types first */

	/* Control's, while it is under way. */
	uint8_t (*type)[CTL_SWEEP_TYPE_BYTES]; /* [CTL_SWEEP_TYPES] wire names, lower case */
	uint32_t n_types;
	uint64_t *seen; /* [max_seen] hashes of what was found; 0: free. Power of two */
	uint32_t max_seen;
	struct ctl_found *found; /* [max] */
	uint32_t max;
	_Atomic uint32_t n;          /* found: release */
	_Atomic uint32_t links_done; /* relaxed */
	_Atomic uint32_t overlooked; /* found, and no room to say so; relaxed */
	_Atomic uint32_t cancel;     /* management: end it soon */
};

struct ctl;
struct ctl_request;
struct dp_link;
struct dp_pkt;

/* A link that is being asked. */
struct ctl_sweep_link {
	uint16_t id; /* 0: free */
	bool instances;
	uint32_t until_ms;
	uint64_t has[CTL_SWEEP_TYPES / 64]; /* its types, by index of type[] */
};

/* A part of struct ctl. */
struct ctl_sweeps {
	struct ctl_request *r; /* NULL: none is under way */
	struct ctl_timer timer;
	uint32_t next; /* of the links */
	struct ctl_sweep_link at[CTL_SWEEP_AT_ONCE];
};

/* Begins what the request asks for. 0; -EBUSY: one is under way. Control thread. */
int ctl_sweep_begin(struct ctl *c, struct ctl_request *r);

/* An mDNS response came in on the link, from a station of it. Control thread. */
void ctl_sweep_heard(
	struct ctl *c, const struct dp_link *l, const struct dp_pkt *pkt, const uint8_t *dns);
