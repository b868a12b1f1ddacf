/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "dataplane/frame.h"
#include "dataplane/worker_priv.h"

/* Records -> messages -> frames (DESIGN §4.5). Worker thread. */

/*
 * Sends w->items to dest on link l, in as many messages as the link's MTU asks for, with what
 * resolves them as additional records (RFC 6763 §12). q: the query that is answered, NULL for
 * what is told unasked; viewer: the one station that
 * hears it, NULL: the group. A legacy query gets one message with its id and questions (RFC 6762
 * §6.7).
 */
void dp_build_answers(struct dp_worker *w, const struct dp_link *l, const struct dp_dest *dest,
	const struct dp_query *q, const struct dp_viewer *viewer);
