/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

struct config;
struct policy;

/*
 * Finds the columns: sets links[], parts[], table.n_columns and the ask table. Rules are in classes
 * already. Links that no rule tells apart share columns. 0, -ENOMEM, or -E2BIG for too large a
 * table.
 */
int policy_columns(struct policy *p, const struct config *config, const uint16_t *link_ids);
