/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

#include "control/control.h"
#include "control/sweep.h"

/*
 * What management asks of control. A request belongs to control from ctl_submit() until it comes
 * back from ctl_reply(); then `status` is valid. Control works on one at a time, in budgeted turns.
 */

enum ctl_request_op {
	/*
	 * Classify all records under world->policy (its class slot), remove what its `in` policies
	 * no longer permit, publish the world, start its new links (IGMP/MLD reports, DAD), stop
	 * removed ones (their records are purged). Comes back when it is in force AND no worker can
	 * hold the old one, so `old` may be freed. status 0.
	 */
	CTL_REQ_WORLD,
	CTL_REQ_PORT_STATE, /* port, up: carrier changed; up starts its links' host duties again */
	/*
	 * said: all that is said of said.who.mac by network and command; set 0: nothing any more.
	 * left: and it left the network. link: where it is, by the network's word; 0: unsaid.
	 * status 0, -ENOENT, -ENOSPC.
	 */
	CTL_REQ_STATION,
	CTL_REQ_FLUSH, /* remove records: all, or of `link` if not 0. status = how many */
	/* sweep (sweep.h): comes back when it is done, others are worked on meanwhile. status 0, or
	 * -EBUSY: one is under way */
	CTL_REQ_SWEEP,
	/* frame, link: an mbuf for the link's home worker, as if it had come in at frame->port; the
	 * request's no more. status 0 */
	CTL_REQ_RECEIVE,
};

struct ctl_request {
	uint16_t op;
	uint16_t link;
	uint16_t port;
	uint16_t up;
	struct dp_world *world;  /* CTL_REQ_WORLD: to publish */
	struct dp_world *old;    /* ... back: the one it replaced, NULL at first */
	struct dp_said said;     /* CTL_REQ_STATION */
	bool left;               /* ... */
	struct ctl_sweep *sweep; /* CTL_REQ_SWEEP; management's */
	struct rte_mbuf *frame;  /* CTL_REQ_RECEIVE */
	int64_t status;          /* 0 or more, or a negative errno */
	void *cookie;            /* management's */
};

/*
 * Management thread. -ENOSPC: too many under way. What is said of stations waits for no world that
 * is coming into force.
 */
int ctl_submit(struct ctl *c, struct ctl_request *r);

/* Management thread: a finished request, or NULL. */
struct ctl_request *ctl_reply(struct ctl *c);
