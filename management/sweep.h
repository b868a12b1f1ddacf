/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "management/mgmt_priv.h"

/*
 * `sweep`: who offers what on which link (control/sweep.h). The reply is a line of JSON for each
 * instance found, {"found": {...}}, lines {"progress": {...}} between them, and at the end
 * {"swept":
 * {...}}. A client that leaves ends it. Management thread.
 */

/* By {"link=NAME"..., "service=TYPE|PRESET|SET"...}; none: all links, all types. NULL, or what is
 * wrong. */
json_t *mgmt_sweep(struct mgmt *m, const char *const *args, unsigned n, struct show_state *show);

/* Control is done with it. */
void mgmt_sweep_done(struct mgmt *m, struct mgmt_pending *p);

/* Frees what a request had. NULL is fine. */
void mgmt_sweep_free(struct ctl_sweep *s);
