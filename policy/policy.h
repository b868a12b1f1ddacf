/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "policy/names.h"

/*
 * Compiled policy (DESIGN §6). Rules come down to one matrix:
 *
 *	verdict = cell[class][column]
 *
 * A *class* stands for everything about a service that a rule can ask: its type, instance and
 * provider. Services that no rule can tell apart share a class. A *column* is a place a verdict is
 * asked from: the `in` policy of a link, or the `out` policy of a link as its consumers see it;
 * links that no rule tells apart share their columns. So a verdict costs one table read, whatever
 * the number of rules.
 *
 * Questions come before there is a record, so they are judged by type alone: ask[column][type] says
 * whether any provider could match. It has columns of its own behind the matrix's, for questions
 * heard and for questions of ours.
 *
 * What a rule asks of the consumer itself (`to:` a station, user, role or place; `when:`;
 * `nearest:`) is not in the matrix. Where such rules matter for a class, the cell says so: it is
 * *personal* and names a *residual*, the rules that are left to be asked. Consumers that no rule
 *can tell apart share a *consumer* number, found when the first of them asks, with a row of its
 *own:
 *
 *	verdict, or chain = row[consumer][residual]
 *
 * A chain is a few relation tests between the two stations (policy_personal()).
 *
 * Management compiles; columns and rules never change afterwards. Classes are found when the first
 * service that needs one is learned: control alone appends the row (policy_class()), complete
 * before a record that carries the class is published, and never changes it. A host's addresses
 * serve every service of the host: their class is the union of those services' classes
 * (policy_class_union()): what any of them is permitted.
 *
 * How rules match:
 * - First match wins; no match is the default deny (verdict 0).
 * - A type matches whole labels, ASCII case aside, and subtypes through their base type. `any`
 *   matches every service and host; `workstation` hosts that offer no service.
 * - Types of the built-in never set are permitted only by a rule that names them (itself or by a
 *   set), not by `any`; a deny needs no such care.
 * - `instance:` never matches what has no instance. `from:` is the provider's link, `to:` the
 *   consumer's; in an `in` policy an advertisement comes from the link itself and goes to no
 *   consumer yet, so `to:` does not match there.
 * - `txt:` of a service whose TXT record is not known does not permit, but denies.
 * - For a question, a rule with `instance:`, `txt:` or `from:`, or a relation, may permit (some
 *provider could match) but cannot deny (another one could). Where the provider's link is known, in
 *our own questions, `from:` is decided.
 */

struct config;
struct policy;

struct policy_names;

/*
 * A verdict: index of the deciding rule + 1 (0: no rule matched, the default deny), permit in the
 * top bit. In a cell of the matrix it may be personal instead: then the low bits name a residual,
 * and the permit bit says that every consumer is permitted, by one rule or another.
 */
typedef uint16_t policy_verdict_t;
#define POLICY_PERMIT 0x8000u
#define POLICY_PERSONAL 0x4000u
#define POLICY_RULE_MASK 0x3fffu
#define POLICY_RULES_MAX 0x3ffeu

/* The class every policy has: permitted nowhere. Unclassified, or the class table is full. */
#define POLICY_CLASS_NONE 0u

/* Type classes every policy has. */
#define POLICY_TYPE_OTHER 0u /* a type that no rule names */
#define POLICY_TYPE_HOST 1u  /* no type: a host's name */

/* A station, as far as rules ask. Numbers are those of struct policy_names; 0: not known. */
struct policy_who {
	struct mac_addr mac;
	uint16_t role;
	uint32_t user;
	uint16_t place;
};

/* What a record's class depends on. Pointers are only read during the call. */
struct policy_subject {
	/*
	 * the two wire labels of the base type ("\x04_ipp\x04_tcp"), any case; NULL: a host by
	 * itself, that offers no service
	 */
	const uint8_t *type;
	uint8_t type_len; /* bytes, length bytes included */
	/* instance label without its length byte, UTF-8; NULL: none (a type or host) */
	const uint8_t *instance;
	uint8_t instance_len;
	uint16_t link;      /* provider's link id */
	const uint8_t *txt; /* rdata of the service's TXT record; NULL: not known */
	uint16_t txt_len;
	const struct policy_who *who; /* the provider; NULL: nothing is known of it */
};

/* Where the hot path reads from; immutable but for rows appended by control. */
struct policy_table {
	const _Atomic policy_verdict_t *cell; /* row-major: cell[class * n_columns + column] */
	const policy_verdict_t *ask;          /* [column * n_types + type]: may it be asked */
	uint32_t n_columns;                   /* of the matrix: in and out columns are below it */
	uint32_t n_types;                     /* type classes, POLICY_TYPE_* included */
	uint32_t slot; /* 0 or 1: which class[] of records and stations belongs to this policy */
};

/* The table of a policy, valid as long as the policy. Any thread. */
const struct policy_table *policy_table(const struct policy *p);

/*
 * Verdict on a class seen from an in or out column (not a query or probe column: those have no
 * cells). Worker, control, management.
 */
static inline policy_verdict_t policy_verdict(
	const struct policy_table *t, uint32_t cls, uint32_t column)
{
	return atomic_load_explicit(
		&t->cell[(size_t)cls * t->n_columns + column], memory_order_relaxed);
}

/* Does it permit? Of a cell: everybody the column stands for. */
static inline bool policy_permits(policy_verdict_t v)
{
	return (v & POLICY_PERMIT) != 0;
}

/* Of a cell: is it possible that it permits somebody? */
static inline bool policy_may_permit(policy_verdict_t v)
{
	return (v & (POLICY_PERMIT | POLICY_PERSONAL)) != 0;
}

/* What is between two stations: who they are, for `when:` and `nearest:`. */
struct policy_party {
	uint32_t user;
	uint16_t role, place;
};

/* What of a consumer and its party a verdict rested on: a set. Its place down to a level, in the
 * low bits; POLICY_FACT_PLACE: all of it. A level of POLICY_DOWN(). */
#define POLICY_FACT_LEVEL 0x0fu
#define POLICY_FACT_PLACE POLICY_SELF
#define POLICY_FACT_USER 0x10u
#define POLICY_FACT_ROLE 0x20u
#define POLICY_FACT_NUMBER 0x40u /* its number: what rules' `to` say of it */
#define POLICY_FACTS 0x80u       /* all of these are below it */

/* Both. */
static inline uint8_t policy_facts(uint8_t a, uint8_t b)
{
	uint8_t la = a & POLICY_FACT_LEVEL, lb = b & POLICY_FACT_LEVEL;

	return (uint8_t)(((a | b) & ~POLICY_FACT_LEVEL) | (la > lb ? la : lb));
}

#define POLICY_NO_CONSUMER 0u /* not known, or of a link where no rule asks who it is */

/* Does any rule ask who the consumers of this link are? Any thread. */
bool policy_link_is_personal(const struct policy *p, uint16_t link);

/*
 * The number of a consumer on a link: found, or given out. POLICY_NO_CONSUMER where
 * policy_link_is_personal() does not hold, and, counted in policy_stats.class_full, when there is
 * no room. Its row is complete before it returns. Control only; may allocate.
 */
uint32_t policy_consumer(struct policy *p, uint16_t link, const struct policy_who *who);

/*
 * What a personal cell of the link's out column says of one consumer and one provider; for
 * POLICY_NO_CONSUMER the default deny. The verdict may be that of a rule with `nearest:`
 * (policy_nearest()). Cost: one table read and the few relation tests of a chain. Any thread.
 */
policy_verdict_t policy_personal(const struct policy *p, policy_verdict_t cell, uint32_t consumer,
	const struct policy_party *asker, const struct policy_party *provider);

/* What of the asker policy_personal() may have looked at. Any thread. */
uint8_t policy_personal_facts(const struct policy *p, policy_verdict_t cell, uint32_t consumer);

/* `nearest:` of the rule that a permit comes from; 0: none. Any thread. */
unsigned policy_nearest(const struct policy *p, policy_verdict_t v);

/*
 * Of a verdict on a question: is it the rule's last word? Else the rule looks at providers, and
 * only their records tell whether it matches. Any thread.
 */
bool policy_decides(const struct policy *p, policy_verdict_t v);

/* Does the rule that a permit comes from want it written down (`audit: true`)? Any thread. */
bool policy_audits(const struct policy *p, policy_verdict_t v);

/* policy_ask() on the query column, for one consumer of it. Any thread. */
policy_verdict_t policy_ask_personal(
	const struct policy *p, uint32_t type, uint32_t column, uint32_t consumer);

/* What of the asker policy_ask_personal() may have looked at, on this link: POLICY_FACT_NUMBER or
 * nothing. Any thread. */
uint8_t policy_ask_facts(const struct policy *p, uint16_t link, uint32_t type);

/* Do the same rules decide on what consumers of both links ask and are shown? Any thread. */
bool policy_same_rules(const struct policy *p, uint16_t a, uint16_t b);

/* Where the places of consumers and providers are: constant. Any thread. */
const struct policy_names *policy_names_of(const struct policy *p);

/* Marks the users that rules name as spoken of, for policy_names_sweep() of the names it was
 * compiled with. Management. */
void policy_use_names(const struct policy *p, struct policy_names *names);

/*
 * May a question about this type class be asked from / on a column? For an `out` column: could any
 * provider of the type match (kind query, DESIGN §6 table, second row); for an `in` column: would
 * we learn the answer. For query and probe columns see below. One table read; any thread.
 *
 * A host's name (POLICY_TYPE_HOST) may be asked if a host by itself is permitted or any type is,
 * since its addresses come with a permitted service; the class of the records found decides.
 */
static inline policy_verdict_t policy_ask(
	const struct policy_table *t, uint32_t type, uint32_t column)
{
	return t->ask[(size_t)column * t->n_types + type];
}

/*
 * Type class of a base type (two wire labels, lower-case), for policy_ask(): POLICY_TYPE_OTHER for
 * a type no rule names; NULL: POLICY_TYPE_HOST. No allocation; any thread.
 */
uint32_t policy_type(const struct policy *p, const uint8_t *type, uint8_t type_len);

/*
 * The columns of a link. Any thread. Link ids that the policy was not compiled for get column 0,
 * which denies all.
 */

/* Kind advertisement: may it be learned. Only for subjects of the link itself. */
uint32_t policy_in_column(const struct policy *p, uint16_t link);

/* Kind advertisement: may it be shown to the link's consumers. */
uint32_t policy_out_column(const struct policy *p, uint16_t link);

/*
 * A question heard on this link, kind query: its `in` (if it has one), then its `out`, whose
 * verdict stands if both permit. With policy_ask().
 */
uint32_t policy_query_column(const struct policy *p, uint16_t link);

/*
 * A question of ours onto this provider link: its `in` (would we learn the answer), then the rules
 * of its `out` with an explicit `kind: query`, of which a first match that denies forbids it. With
 * policy_ask().
 */
uint32_t policy_probe_column(const struct policy *p, uint16_t link);

/* Does any rule ask for attributes of TXT records? Any thread. */
bool policy_needs_txt(const struct policy *p);

/*
 * Class of a subject: found, or appended. POLICY_CLASS_NONE for a link the policy was not compiled
 * for, and, counted in policy_stats.class_full, when there is no room for another class. Control
 * only; may allocate.
 */
uint32_t policy_class(struct policy *p, const struct policy_subject *s);

/*
 * Class permitted wherever one of the n is; order and repetition do not matter, and unions may be
 * members. In each column the verdict is the permit of the earliest rule that permits one of them,
 * else the deny of the earliest rule that matched one. NONE for n = 0; when there is no room, as
 * policy_class(). Control only; may allocate.
 */
uint32_t policy_class_union(struct policy *p, const uint32_t *cls, unsigned n);

/*
 * Compiles the policies of a configuration for links whose ids are link_ids[i] for config->links[i]
 * (ids < n_ids). `slot` is the class[] slot its classes go to. `names` gets the users,
 * roles and places that rules name, and outlives the policy, which keeps nothing of the
 * configuration. Management. Returns NULL with errno ENOMEM, EINVAL for a link id out of range, or
 * E2BIG when the tables would pass 64 MiB with fewer than 1024 classes or there are more than
 * POLICY_RULES_MAX rules; `why` (>= 160 bytes) says it in a line.
 */
struct policy *policy_compile(const struct config *config, struct policy_names *names,
	const uint16_t *link_ids, uint16_t n_ids, unsigned slot, char *why, size_t why_len);

/* Frees a policy nobody reads any more. NULL is fine. Management. */
void policy_free(struct policy *p);

/* For show and explain: one line per rule. Any thread; strings live as long as the policy. */
struct policy_rule_info {
	const char *policy; /* its name */
	const char *file;
	uint32_t line, col; /* 1-based; 0: unknown */
	bool permit;
	const char *text; /* the rule in one line, normalised */
};

/* Number of rules, over all policies in file order. Any thread. */
unsigned policy_rules(const struct policy *p);

/*
 * Rule idx from 0; a verdict's rule is (verdict & POLICY_RULE_MASK) - 1. Returns false past the
 * end. Any thread.
 */
bool policy_rule_info(const struct policy *p, unsigned idx, struct policy_rule_info *out);

struct policy_stats {
	uint32_t rules;
	uint32_t columns;     /* of the matrix */
	uint32_t ask_columns; /* those and the columns for questions */
	uint32_t types;       /* type classes */
	uint32_t classes;     /* in use, POLICY_CLASS_NONE included */
	uint32_t classes_max; /* room */
	uint64_t bytes;       /* of the matrix's rows in use and of the ask table */
	uint32_t residuals;   /* in use */
	uint32_t consumers;   /* in use */
	uint64_t class_full;  /* calls that found no room for a class or consumer */
};

/* A snapshot of the sizes. Any thread. */
void policy_stats(const struct policy *p, struct policy_stats *out);
