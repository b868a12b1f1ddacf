/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Rows of verdicts on questions, by type class. Used while compiling only.
 */

#include <stdint.h>

#include "policy/policy.h"

struct policy_part;

/* Rows that grow in number; row ids stay, pointers to rows don't. */
struct policy_rows {
	policy_verdict_t *v; /* [n * width] */
	uint32_t *left;      /* [n] verdicts that no rule has decided yet */
	uint32_t n, cap;
	uint32_t width;
};

static inline policy_verdict_t *policy_row(const struct policy_rows *rows, uint32_t id)
{
	return rows->v + (size_t)id * rows->width;
}

/* Appends an undecided row. 0, -ENOMEM, or -E2BIG if all rows would pass POLICY_BYTES_MAX. */
int policy_rows_add(struct policy_rows *rows, uint32_t *id);

void policy_rows_free(struct policy_rows *rows);

/*
 * Would an `in` policy learn the type's answers from a link of from-block f: decided in row[f],
 * where that is not POLICY_NO_ID.
 */
void policy_ask_learn(const struct policy *p, const struct policy_part *part,
	struct policy_rows *rows, const uint32_t *row);

/*
 * Could a provider of the type match a question from a consumer on a link of to-block t: decided in
 * row[t], where that is not POLICY_NO_ID. The same for `in` and `out` policies.
 */
void policy_ask_query(const struct policy *p, const struct policy_part *part,
	struct policy_rows *rows, const uint32_t *row);

/*
 * The same for one consumer on a link of to-block `to`, all of whose criteria can be told: row
 * `row` is decided. matched: the n rules of the policy that ask for a station and mean this one,
 * ascending (policy_matcher_find()).
 */
void policy_ask_consumer(const struct policy *p, const struct policy_part *part, uint32_t to,
	const uint16_t *matched, uint32_t n, struct policy_rows *rows, uint32_t row);

/*
 * What the rules with an explicit kind: query say about our question onto a link of these blocks; 0
 * where none matches.
 */
void policy_ask_explicit(const struct policy *p, const struct policy_part *part, uint32_t from,
	uint32_t to, struct policy_rows *rows, uint32_t row);

/* part.asks_who. 0 or -ENOMEM. */
int policy_ask_who(struct policy *p, struct policy_part *part);

/*
 * A host's name may be asked if some type may, since its addresses come with a permitted service:
 * finishes a row of n_types verdicts.
 */
void policy_ask_host(policy_verdict_t *row, uint32_t n_types);
