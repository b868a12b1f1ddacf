/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/timer.h"
#include "dataplane/world.h"
#include "dns/service.h"

/*
 * The gateway's own service, by which other gateways know it (draft 4.3): on each link
 * "ID MAC._linkspan._udp.local" on the host "linkspan-MAC.local" with our addresses of that link.
 * Its names are not probed for (RFC 6762 §8.1): the MAC in them makes them ours alone. It is no
 * record of the cache, is subject to no policy and never crosses. Control thread only.
 */

struct ctl;

/* Of each link. */
struct ctl_self {
	struct ctl_timer answer; /* it was asked for */
	uint32_t said_ms;        /* clock_ms() | 1 of the last time; 0: never */
};

/* Says it to the group (§8.3). */
void ctl_self_announce(struct ctl *c, const struct dp_link *l);

/* ... that it is gone (§10.1). */
void ctl_self_leave(struct ctl *c, const struct dp_link *l);

/* Asks who else is a gateway here. */
void ctl_self_seek(struct ctl *c, const struct dp_link *l);

/* Is the question for us alone to answer? Then it is, in 20 to 120 ms and once a second (§6). */
bool ctl_self_asked(struct ctl *c, const struct dp_link *l, const uint8_t *qname,
	const struct dns_service_name *sd);

/* Is it the instance by which a gateway with this MAC announces itself? */
bool ctl_self_names(const uint8_t *instance, const struct mac_addr *mac);

/* The link is gone or changed. */
void ctl_self_stop(struct ctl *c, uint16_t link);
