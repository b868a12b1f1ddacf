/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/service.h"

/*
 * Compiled policy (DESIGN §6). Rules come down to one matrix:
 *
 *	verdict = cell[class][column]
 *
 * A *class* stands for everything about a service that a rule can ask: its type, instance and provider. Services
 * that no rule can tell apart share a class. A *column* is a place a verdict is asked from: the `in` policy of a
 * link, or the `out` policy of a link as its consumers see it; links that no rule tells apart share their columns.
 * So a verdict costs one table read, whatever the number of rules.
 *
 * Management compiles; columns and rules never change afterwards. Classes are found when the first service that
 * needs one is learned: control alone appends the row (policy_class()), complete before a record that carries the
 * class is published, and never changes it. A host's addresses serve every service of the host: their class is the
 * union of those services' classes (policy_class_union()): what any of them is permitted.
 */

struct config;
struct policy;

/* A verdict: index of the deciding rule + 1 (0: no rule matched, the default deny), permit in the top bit. */
typedef uint16_t policy_verdict_t;
#define POLICY_PERMIT 0x8000u
#define POLICY_RULE_MASK 0x7fffu
#define POLICY_RULES_MAX 0x7ffeu

/* Classes every policy has. */
#define POLICY_CLASS_NONE 0u /* permitted nowhere: unclassified, or the class table is full (counted) */

/* What a record's class depends on. Pointers are only read during the call. */
struct policy_subject {
	const uint8_t *type;	 /* the two wire labels of the base type ("\x04_ipp\x04_tcp"), any case; NULL: a host by itself */
	uint8_t type_len;
	const uint8_t *instance; /* instance label without its length byte, UTF-8; NULL: none (a type or host) */
	uint8_t instance_len;
	uint16_t link;		 /* provider's link id */
};

/* Where the hot path reads from; immutable but for rows appended by control. */
struct policy_table {
	const _Atomic policy_verdict_t *cell; /* row-major: cell[class * n_columns + column] */
	uint32_t n_columns;
	uint32_t n_types;		      /* type classes; 0: a type no rule names */
	const policy_verdict_t *ask;	      /* [column * n_types + type]: may it be asked */
	uint32_t slot;			      /* 0 or 1: which class[] of records and stations belongs to this policy */
};

/* The table of a policy, valid as long as the policy. Any thread. */
const struct policy_table *policy_table(const struct policy *p);

/* Verdict on a class seen from a column. Worker, control, management. */
static inline policy_verdict_t
policy_verdict(const struct policy_table *t, uint32_t cls, uint32_t column)
{
	return atomic_load_explicit(&t->cell[(size_t)cls * t->n_columns + column], memory_order_relaxed);
}

static inline bool
policy_permits(policy_verdict_t v)
{
	return (v & POLICY_PERMIT) != 0;
}

/*
 * May a question about this type class be asked from / on a column? For an `out` column: could any provider of the
 * type match (kind query, DESIGN §6 table, second row); for an `in` column: would we learn the answer. One table read.
 */
static inline policy_verdict_t
policy_ask(const struct policy_table *t, uint32_t type, uint32_t column)
{
	return t->ask[(size_t)column * t->n_types + type];
}

/*
 * Type class of a base type (two wire labels, lower-case), for policy_ask(): 0 for a type no rule names; NULL: the class of
 * hosts. No allocation; worker.
 */
uint32_t policy_type(const struct policy *p, const uint8_t *type, uint8_t type_len);

/* The columns of a link. Any thread. Link ids that the policy was not compiled for get a column that denies all. */
uint32_t policy_in_column(const struct policy *p, uint16_t link);  /* kind advertisement: may it be learned */
uint32_t policy_out_column(const struct policy *p, uint16_t link); /* kind advertisement: may it be shown */
/* kind query, combined: the link's `in` for consumers' questions, then its `out`. Used with policy_ask(). */
uint32_t policy_query_column(const struct policy *p, uint16_t link);
/* A question of ours on this provider link: its `in` and explicit `kind: query` rules of its `out`. With policy_ask(). */
uint32_t policy_probe_column(const struct policy *p, uint16_t link);

/* Class of a subject: found, or appended (control only). POLICY_CLASS_NONE when the table is full. */
uint32_t policy_class(struct policy *p, const struct policy_subject *s);

/* Class permitted wherever one of the n is (control only); order and repetition do not matter. */
uint32_t policy_class_union(struct policy *p, const uint32_t *cls, unsigned n);

/*
 * Compiles the policies of a configuration for links whose ids are link_ids[i] for config->links[i] (ids < n_ids). `slot` is
 * the class[] slot its classes go to. Management. Returns NULL with errno ENOMEM, or E2BIG when the matrix would pass
 * 64 MiB with fewer than 1024 classes or there are more than POLICY_RULES_MAX rules; `why` (>= 160 bytes) says it in a line.
 */
struct policy *policy_compile(const struct config *config, const uint16_t *link_ids, uint16_t n_ids, unsigned slot, char *why, size_t why_len);

/* Frees a policy nobody reads any more. NULL is fine. Management. */
void policy_free(struct policy *p);

/* For show and explain: one line per rule. Management; strings live as long as the policy. */
struct policy_rule_info {
	const char *policy; /* its name */
	const char *file;
	uint32_t line, col;
	bool permit;
	const char *text; /* the rule in one line, normalised */
};

unsigned policy_rules(const struct policy *p);
/* idx from 0; a verdict's rule is (verdict & POLICY_RULE_MASK) - 1. Returns false past the end. */
bool policy_rule_info(const struct policy *p, unsigned idx, struct policy_rule_info *out);

struct policy_stats {
	uint32_t rules, columns, classes, classes_max, types;
	uint64_t bytes;
	uint64_t class_full; /* subjects that found no room for a class */
};

void policy_stats(const struct policy *p, struct policy_stats *out);
