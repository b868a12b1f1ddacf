/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

#include "control/timer.h"
#include "dataplane/world.h"

/*
 * A link's meters are shared out to the workers of its port (`admission.link`, DESIGN §4.2): evenly
 * at first; and where a worker has too little, by what each of them receives, anew every 100 ms, as
 * long as that is so. Control thread.
 */

struct ctl;

struct ctl_share {
	struct ctl_timer timer; /* armed while parts differ */
	uint32_t short_ms;      /* when a worker was last seen to have had too little */
	uint64_t shed;          /* packets over the link's meters, by all workers, as last seen */
	uint64_t heard[DP_WORKERS_MAX]; /* packets received, likewise */
};

/* The links of a world that is about to be in force: all evenly. */
void ctl_share_world(struct ctl *c, const struct dp_world *w);

/* DP_UP_SHORT: a worker dropped a packet that was over its part. */
void ctl_share_short(struct ctl *c, uint16_t link);
