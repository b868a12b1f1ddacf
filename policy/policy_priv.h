/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a compiled policy is made of, for the files of this folder. Built by management in
 * policy_compile(), then immutable but for struct policy_classes, which belongs to control.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "policy/arena.h"
#include "policy/class.h"
#include "policy/glob.h"
#include "policy/index.h"
#include "policy/match.h"
#include "policy/names.h"
#include "policy/partition.h"
#include "policy/personal.h"
#include "policy/policy.h"
#include "policy/types.h"
#include "policy/who.h"

#define POLICY_BYTES_MAX ((uint64_t)64 << 20) /* matrix and ask table together */
#define POLICY_CLASSES_MIN 1024u              /* room that a policy must have */
#define POLICY_CLASSES_MAX (1u << 18)         /* more rooms are not made for small matrices */

#define POLICY_NO_COLUMN UINT32_MAX
#define POLICY_COLUMN_DENY 0u /* denies all: no policy, unknown link */
#define POLICY_NO_LINK UINT32_MAX

struct policy_rule {
	bool permit;
	bool any;
	bool has_glob, has_txt;
	bool has_from, has_to;
	/*
	 * It asks of the consumer what its link does not tell: `to` a station, user, role or place,
	 * a relation, or the nearest.
	 */
	bool personal;
	uint8_t kind;                                   /* CONFIG_KIND_* mask */
	uint8_t same;                                   /* CONFIG_SAME_* */
	uint8_t level;                                  /* of SAME_LOCATION; 0: to the end */
	uint16_t nearest;                               /* 0: all */
	uint32_t part;                                  /* index of its policy */
	uint32_t glob;                                  /* id, with has_glob */
	uint32_t txt;                                   /* id, with has_txt */
	const struct policy_who_set *from_who, *to_who; /* NULL: none */
	struct policy_set types;      /* type classes it names; POLICY_TYPE_HOST for workstation */
	struct policy_set from;       /* provider-link classes, over all policies */
	struct policy_set from_block; /* the same by the blocks of its own policy (n_from) */
	struct policy_set to_block;   /* consumer links by the blocks of its own policy (n_to) */
};

/* One policy of the file. Its criteria sort all links into blocks that it tells apart. */
struct policy_part {
	uint32_t rule, n_rules; /* in policy.rules */
	uint32_t n_from, n_to;  /* blocks of links by `from`, by `to`; 0: no link uses it */
	uint32_t *in_col;    /* [n_from] column of links whose `in` this is, or POLICY_NO_COLUMN */
	uint32_t *out_col;   /* [n_to] column of links whose `out` this is, the same */
	bool explicit_query; /* it has a rule with kind: query alone */
	struct policy_matcher matcher;
	bool personal;     /* it has a personal rule for advertisements */
	bool personal_ask; /* ... for queries */
	/* [n_types] Of a policy with personal_ask, by type class: do the answers of its rules to
	 * questions depend on what their `to` says of a station? */
	const uint8_t *asks_who;
};

/* By link id. */
struct policy_link {
	uint32_t in, out, query, probe; /* columns */
	uint32_t from;              /* provider-link class, or POLICY_NO_LINK: not compiled for */
	bool personal;              /* who its consumers are matters */
	uint32_t in_part, out_part; /* its policies; POLICY_NO_ID: none */
	uint32_t in_to, out_to;     /* its block by `to` in them */
};

/* Ascending ids. */
struct policy_ids {
	const uint16_t *v;
	uint32_t n;
};

/* What a type's classes depend on: the rules and globs for kind advertisement, of policies in use.
 */
struct policy_lookup {
	struct policy_ids *rules; /* [n_types] that name the type */
	struct policy_ids *globs; /* [n_types] of those */
	struct policy_ids any_rules;
	struct policy_ids any_globs;
};

struct policy {
	/* Workers. */
	struct policy_table table;
	struct policy_types types;
	struct policy_link *links; /* [n_links] by id */
	uint32_t n_links;

	const struct policy_names *names;
	uint16_t *nearest; /* [n_rules] */
	bool *audit;       /* [n_rules] */

	/* Control and management. */
	bool needs_txt; /* some rule asks for an attribute of TXT records */
	struct policy_named from_named, to_named; /* of stations, by the rules' two sides */
	struct policy_rule *rules;
	struct policy_rule_info *info; /* [n_rules] */
	uint32_t n_rules;
	struct policy_part *parts;
	uint32_t n_parts;
	struct policy_globs globs;
	struct policy_lookup lookup;
	policy_verdict_t *ask; /* table.ask, n_ask * n_types */
	uint32_t n_ask;
	size_t ask_bytes, cell_bytes; /* as allocated */
	struct policy_arena arena;

	/* Control writes. */
	struct policy_classes classes __attribute__((aligned(64)));
	struct policy_people people;
};

static inline policy_verdict_t policy_verdict_of(
	const struct policy *p, const struct policy_rule *r)
{
	uint32_t id = (uint32_t)(r - p->rules) + 1;

	return (policy_verdict_t)(id | (r->permit ? POLICY_PERMIT : 0));
}
