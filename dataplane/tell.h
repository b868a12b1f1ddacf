/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "dataplane/worker_priv.h"

/*
 * What control has told unasked (DP_DOWN_TELL, DP_DOWN_GOODBYE), on both families of the link,
 * since who listens is not known: by the schedule to the link, or at once to one station that may
 * see what not everybody may. It may have changed since control looked, so it is judged again.
 * Worker thread.
 */
void dp_tell(struct dp_worker *w, const struct dp_downcall *d);
