/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Policy read rule by rule from the configuration, as DESIGN §6 says it and with nothing compiled:
 * what the compiled tables are held against.
 */

#include <stdint.h>

#include "policy/policy.h"
#include "yaml/config.h"

struct naive_subject {
	const char *type;            /* "_ipp._tcp", any case; NULL: a host by itself */
	const char *instance;        /* NULL: none */
	uint32_t link;               /* index of the provider's link */
	const char *txt;             /* "key=value" strings, '\n' between; NULL: not known */
	const struct naive_who *who; /* the provider; NULL: nothing is known */
};

/* A station by its names; NULL: not known. */
struct naive_who {
	const char *mac; /* "02:00:00:00:00:01" */
	const char *role, *user, *place;
};

/* May it be learned from its own link? */
policy_verdict_t naive_in(const struct config *c, const struct naive_subject *s);

/* May it be shown to that station on link `to`? */
policy_verdict_t naive_out(const struct config *c, const struct naive_subject *s, uint32_t to,
	const struct naive_who *consumer);

/*
 * The asker may be NULL, somebody: then a rule that asks who it is may permit and can't deny.
 *
 * May a question for `type` heard on that link be answered at all / be sent onto it by us? For a
 * host's name (NULL), `types` are all the types there are, n of them.
 */
policy_verdict_t naive_heard(const struct config *c, uint32_t link, const struct naive_who *asker,
	const char *type, const char *const *types, unsigned n);
policy_verdict_t naive_ours(const struct config *c, uint32_t link, const char *type,
	const char *const *types, unsigned n);

/* What one of several verdicts permits. */
policy_verdict_t naive_union(const policy_verdict_t *v, unsigned n);

/* Does a glob match, tried in every way? */
bool naive_glob(const char *glob, const char *label);
