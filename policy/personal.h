/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Rules that ask who the consumer is (policy.h: residuals, consumers, chains). All of it is found
 * while the policy is in use and only grows: control appends, everybody reads. A number is given
 * out after what it stands for is complete.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "policy/arena.h"
#include "policy/ask.h"
#include "policy/index.h"
#include "policy/policy.h"

struct policy;

#define POLICY_RESIDUALS_MAX 0x3fffu
#define POLICY_CHAINS_MAX 0x3fffu
#define POLICY_CONSUMERS_MAX 0xffffu

/*
 * What is left to be asked of a class in an out column: rules that match the provider's side, in
 * order, and the verdict behind them. Or a union: what any of several residuals permits.
 */
struct policy_residual {
	const uint16_t *v; /* [n] rules, by number; of a union: residuals */
	uint32_t n;
	const uint16_t *open; /* [n_open] of these rules, those that ask for no station */
	uint32_t n_open;
	uint32_t part;        /* the policy */
	policy_verdict_t end; /* where none of the rules matches */
	bool is_union;
	bool of_all; /* no rule of it asks for a station: every consumer's cell is the same */
};

/* One relation test, or with SAME_NONE the end of a residual: then the verdict stands. */
struct policy_step {
	uint8_t same; /* CONFIG_SAME_* */
	uint8_t level;
	policy_verdict_t verdict;
};

struct policy_chain {
	const struct policy_step *v; /* [n] */
	uint32_t n;
	uint8_t facts; /* POLICY_FACT_*: what of the asker its tests look at */
};

struct policy_consumer {
	/* [cap] by residual: a verdict, or POLICY_PERSONAL and a chain. Replaced as it grows; old
	 * ones stay until the policy goes. */
	_Atomic(policy_verdict_t *) cell;
	uint32_t cap;
	uint32_t part;         /* the policy it is shown things by */
	const uint16_t *rules; /* [n_rules] its personal rules whose `to` matches, ascending */
	uint32_t n_rules;
};

/* Control writes; workers read residual, consumer[].cell, chain and ask. */
struct policy_people {
	struct policy_residual *residual; /* [POLICY_RESIDUALS_MAX + 1]; 0: none */
	struct policy_consumer *consumer; /* [POLICY_CONSUMERS_MAX + 1]; 0: none */
	struct policy_chain *chain;       /* [POLICY_CHAINS_MAX + 1]; 0: none */
	policy_verdict_t *ask;            /* [POLICY_CONSUMERS_MAX + 1][n_types] */
	_Atomic uint32_t n_residuals, n_consumers;
	uint32_t n_chains, n_ask;
	size_t ask_bytes;
	uint64_t bytes, bytes_max; /* taken of rows and lists, and the bound */
	struct policy_arena arena;
	struct policy_index by_residual, by_consumer, by_chain, by_ask;
	struct policy_index by_key; /* consumers by what rules can ask of them; into keys */
	uint32_t *keys;             /* [KEY_WORDS] one behind the other: the consumer, the key */
	uint32_t n_keys, keys_cap;
	struct policy_rows rows; /* of the call at hand */
	uint16_t *list;          /* [list_cap] the same */
	uint32_t list_cap;
	struct policy_step *steps; /* [steps_cap] the same */
	uint32_t steps_cap;
};

/* Have the two in common what the step wants? Any thread. */
bool policy_related(const struct policy *p, const struct policy_step *s,
	const struct policy_party *a, const struct policy_party *b);

/* Sets up for a policy with personal rules; bytes_max: of what it may take. 0 or -ENOMEM. */
int policy_people_init(struct policy *p, uint64_t bytes_max);
void policy_people_fini(struct policy *p);

/* The cell for rules (ascending) that end in a verdict: a residual, found or appended. 0, the
 * default deny, where there is no room. Control. */
policy_verdict_t policy_residual(
	struct policy *p, uint32_t part, const uint16_t *rules, uint32_t n, policy_verdict_t end);

/* The cell for what any of n cells permits. Control. */
policy_verdict_t policy_residual_union(struct policy *p, const policy_verdict_t *cells, uint32_t n);

/* --- between personal.c and consumer.c -------------------------------------------------------- */

/* Memory of x, NULL beyond its bound. */
void *policy_people_take(struct policy_people *x, size_t n, size_t size);

/* Counts a class or consumer there was no room for. */
void policy_no_room(struct policy *p);

/* Makes room for n residuals in a consumer's row; fills the cell of one. */
int policy_row_grow(struct policy_people *x, struct policy_consumer *c, uint32_t n);
void policy_row_fill(struct policy *p, struct policy_consumer *c, uint32_t id);
