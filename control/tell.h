/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

#include "control/timer.h"

/*
 * What is new, changed or withdrawn is told to open browsers of its question (control/interest.h),
 * by their home workers (DP_DOWN_TELL, DP_DOWN_GOODBYE), since a browser that has its answer asks
 * ever more seldom (RFC 6762 §5.2). Links with `announce: true` are told of everything they may see
 * (draft 3.3). Twice, a second apart (§8.3, §8.4); goodbyes once; a record that flaps ten times a
 * minute (control/update.h). Control thread only.
 */

struct ctl;
struct dp_world;

#define CTL_TELL_MAX 8192      /* records about to be told; further ones are told at once */
#define CTL_TELL_AGAIN_MS 1000 /* between the two announcements (RFC 6762 §8.3, §8.4) */
#define CTL_TELL_PER_TURN 512  /* downcalls of one firing of a timer: rings are bounded */
/* until SRV, TXT and addresses of the same announcement are learned too */
#define CTL_TELL_DELAY_MS 50

struct ctl_tell {
	uint32_t rec, gen;
	uint32_t from_ms; /* when it was learned */
};

/* Tells a record; returns how many links and stations. */
typedef unsigned (*ctl_say_fn)(struct ctl *c, uint32_t rec, uint32_t from_ms);

/* Records to be told when each has waited for the same time. */
struct ctl_tell_fifo {
	struct ctl_tell *tell;  /* [CTL_TELL_MAX] */
	uint32_t delay_ms;      /* ... for so long, */
	ctl_say_fn say;         /* ... and how */
	uint32_t head, tail;    /* count on; modulo CTL_TELL_MAX */
	struct ctl_timer timer; /* of the first in it */
};

struct ctl_tells {
	struct ctl_tell_fifo first, again;
	uint32_t serial;     /* of what is being told: ctl_link.told_serial */
	uint16_t n_announce; /* links with `announce: true`, */
	uint16_t *announce;  /* ... [DP_LINKS_MAX] */
};

/* 0 or -ENOMEM. */
int ctl_tells_init(struct ctl *c);
void ctl_tells_fini(struct ctl *c);

/* A new world: which links announce. */
void ctl_tells_world(struct ctl *c, const struct dp_world *w);

/* Tells a live record, soon and again a second later. */
void ctl_tell_soon(struct ctl *c, uint32_t rec);

/* A record was added (or is back from dying): tells it where it is new, or differs from what was
 * there. */
void ctl_tell_added(struct ctl *c, uint32_t rec);

/* A record began to die. */
void ctl_tell_dying(struct ctl *c, uint32_t rec);
