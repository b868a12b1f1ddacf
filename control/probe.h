/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "control/names.h"
#include "control/table.h"
#include "control/timer.h"

/*
 * Does the owner of a name still live (RFC 6762 §8.1, §10.4; draft 3.5)? It is asked for all of the
 * records of the name; one that is heard again confirms it. An owner that stays silent loses the
 * name on that link; but one whose name was announced elsewhere keeps it if it answers ARP. Control
 * thread only.
 */

struct ctl;
struct dp_viewer;
struct dp_link;

#define CTL_DOUBTS_MAX 1024

enum ctl_doubt_why {
	/* Somebody probes for it: the questions go out at once, after 1 s and 3 s, and the name is
	 * let go after the ten seconds of §10.4. A probe alone moves nothing. */
	CTL_DOUBT_PROBED,
	/* Somebody announced it on another link: asked at once and after half a second, let go
	 * after a second. */
	CTL_DOUBT_MOVED,
};

struct ctl_doubt {
	struct ctl_entry entry; /* of (name, seat) */
	struct ctl_timer timer;
	uint32_t from_ms;
	struct ctl_seat seat; /* of the owner */
	uint8_t why;          /* enum ctl_doubt_why */
	uint8_t asked;        /* questions put */
	bool present;         /* its owner answers ARP, if not mDNS */
	struct mac_addr mac;  /* ... which was asked for; zero: not yet */
	uint8_t name[256];
};

struct ctl_probes {
	struct ctl_table doubts;
};

int ctl_probes_init(struct ctl *c);
void ctl_probes_fini(struct ctl *c);

/*
 * A probe for the name was heard on l that only an owner unheard of for a while could object to:
 * the owners whose records the prober may see are asked. The worker answers the next probe if one
 * of them lives.
 */
void ctl_probe(struct ctl *c, const struct dp_link *l, const struct dp_viewer *prober,
	const uint8_t *name);

/*
 * A station of the link answered our ARP request or neighbour solicitation. An owner that is only
 * slow, or lost our questions, has not moved away (draft 3.5). False: nobody waited to hear from
 * it.
 */
bool ctl_probe_present(struct ctl *c, uint16_t link, const struct mac_addr *mac);

/* Begins to ask the owner of the name at the seat, if it is not being asked as urgently already. */
void ctl_doubt(struct ctl *c, const uint8_t *name, struct ctl_seat seat, enum ctl_doubt_why why);
