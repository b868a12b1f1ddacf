/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

#include "base/addr.h"

/*
 * Stations that move from one wireless link to another (draft 3.8.3). A wireless station is on one
 * link at a time: heard on another, or reported there, it is not on the first any more, and its
 * services follow at once. What its name said of addresses does not: it has others now, and is
 * asked for them and for all the rest, which it has CTL_ROAM_TTL to confirm. Whoever was told of
 * the services hears of the new addresses, and of no goodbye and no conflict. A wired host may be
 * on several links with one address; there RFC 6762 §9 decides (conflict.h). Control thread only.
 */

struct ctl;

#define CTL_ROAM_MOVES                                                                             \
	4 /* of one address in CTL_ROAM_MS; then it stays where it is: two stations,               \
	   * or a forger, may have the address */
#define CTL_ROAM_MS 60000
#define CTL_ROAM_TTL 60 /* seconds that what came along is believed, at most */

/* The address was heard on the link, where it has no station yet. */
void ctl_roam_seen(struct ctl *c, uint16_t link, const struct mac_addr *mac);

/* The network says that it is on the link. */
void ctl_roam_reported(struct ctl *c, uint16_t link, const struct mac_addr *mac);
