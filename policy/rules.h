/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

struct config;
struct policy;

/* Writes down every rule for people: p->info. 0 or -ENOMEM. */
int policy_rules_describe(struct policy *p, const struct config *config);
