/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* How a personal verdict comes about, for explain: the same residuals that rows are made of. */

#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"

enum policy_answer {
	POLICY_NO,
	POLICY_YES,
	POLICY_OPEN, /* it depends on who asks */
};

/* One rule that is left to be asked, in their order. */
struct policy_trace {
	unsigned rule;              /* from 0 */
	enum policy_answer to;      /* is the consumer one that the rule asks for? */
	uint8_t same, level;        /* CONFIG_SAME_*: what it wants in common, if anything */
	enum policy_answer related; /* ... have they that? */
	unsigned nearest;           /* of what it permits, so many instances; 0: all */
	bool decides;               /* the first of which both hold */
};

/*
 * Walks the rules behind a personal cell for a consumer (NULL: anybody on the link) and a provider,
 * into out[max]; returns how many there are. *v: the verdict; for anybody, that of the first rule
 * that holds whoever it is. Any thread, while the policy lives.
 */
unsigned policy_trace(const struct policy *p, policy_verdict_t cell,
	const struct policy_who *consumer, const struct policy_who *provider,
	struct policy_trace *out, unsigned max, policy_verdict_t *v);
