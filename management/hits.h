/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "management/mgmt_priv.h"

struct policy;

/* How often each rule decided (dp_world.hits), over reloads too where the rule stays the same.
 * Management thread. */

/* Of a rule of the policy in force, by its number from 0; or of none that matched (the default
 * deny): UINT32_MAX. */
uint64_t mgmt_rule_hits(const struct mgmt *m, uint32_t rule);

/* A world replaces another, which nobody reads any more: rules with the same policy, wording and
 * place among their like keep their counts. */
void mgmt_hits_carry(struct mgmt *m, const struct dp_world *from, const struct dp_world *to);

/* {"added": [...], "removed": [...], "count": {...}}: rules of the one policy that the other has
 * not, "POLICY: RULE". NULL without memory. */
json_t *mgmt_rules_changed(const struct policy *from, const struct policy *to);
