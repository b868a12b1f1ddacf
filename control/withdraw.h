/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/timer.h"
#include "dataplane/world.h"

/*
 * What goes when something else went (draft 3.6): the records of a withdrawn service; everything of
 * a link that lost its carrier; what was announced onto a link we leave. Control thread only.
 */

struct ctl;

#define CTL_LOST_MS 3000 /* a carrier that is back by then was not away */

/* Of each link. */
struct ctl_lost {
	struct ctl_timer timer;
	bool gone; /* no carrier for CTL_LOST_MS: its records are being withdrawn */
	bool back; /* it has one again: what is browsed is to be asked there */
};

/* The sweeps under way. */
struct ctl_withdrawals {
	uint32_t lost_links; /* with gone set */
	uint32_t back_links; /* with back set */
	uint32_t record;     /* next slot to be looked at */
	uint32_t left;       /* slots left of this pass; 0: no pass is under way */
	uint16_t link;       /* whose questions are asked */
	uint32_t question;   /* next interest */
};

/*
 * A record began to die. If it is the PTR of a service and its owner says so, its SRV and TXT go
 * with it; the addresses of its host are nobody's then, unless another service of the host needs
 * them, or policy permits hosts for themselves (control/grant.h).
 */
void ctl_withdraw_dying(struct ctl *c, uint32_t rec);

/* The port's carrier went or came. */
void ctl_withdraw_port(struct ctl *c, uint16_t port, bool up);

/* The link is removed, or has another port: what was of its carrier is no more. */
void ctl_withdraw_stop(struct ctl *c, uint16_t link);

/* A part of the sweeps; returns how much was done. */
unsigned ctl_withdraw_turn(struct ctl *c);

/*
 * Says goodbye on a link with `announce: true` that we leave, to all services it was told of (RFC
 * 6762 §10.1), from record index *at on, `budget` slots of the cache at most. True: all said.
 */
bool ctl_withdraw_announced(struct ctl *c, const struct dp_link *l, uint32_t *at, unsigned budget);
