/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "management/mgmt_priv.h"

/*
 * What GET /metrics tells: the Prometheus text format, version 0.0.4. All that is counted over all
 * links is always there, at zero too, so that alerts can rest on it. Of single links only what is
 * not zero: thousands of links have some seventy counters each. Management thread.
 */

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Writes the next families of metrics. *cursor: 0 at first. Returns true while there is more. */
bool mgmt_metrics_page(struct mgmt *m, uint32_t *cursor, struct text *out);
