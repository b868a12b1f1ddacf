/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Configurations made by hand, for tests of policy/ that need no YAML, and questions to the policy
 * compiled from one, by names.
 */

#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"
#include "yaml/config.h"

struct build;

/* One rule. Lists are separated by commas. */
struct build_rule {
	/*
	 * one of the two: types ("_ipp._tcp"), "any", "workstation", or a named set with its types,
	 * "print:_ipp._tcp+_ipps._tcp"
	 */
	const char *permit, *deny;
	const char *instance;
	const char *from, *to; /* names of links */
	enum config_kind kind; /* 0: both */
	const char *txt;
	/* Lists: MAC prefixes "02:00", roles, users, paths of places. */
	const char *from_mac, *from_role, *from_user, *from_place;
	const char *to_mac, *to_role, *to_user, *to_place;
	enum config_same same;
	uint32_t level, nearest;
};

struct build *build_new(void);
void build_free(struct build *b);

/* Adds a link whose `in` and `out` are those policies (NULL: omitted). */
void build_link(struct build *b, const char *name, const char *in, const char *out);

/* Adds a rule to a policy, which is made if need be. */
void build_rule(struct build *b, const char *policy, struct build_rule rule);

#define PERMIT(b, policy, services, ...)                                                           \
	build_rule(b, policy, (struct build_rule){.permit = (services), ##__VA_ARGS__})
#define DENY(b, policy, services, ...)                                                             \
	build_rule(b, policy, (struct build_rule){.deny = (services), ##__VA_ARGS__})

/* The configuration so far; valid until the next link or rule, or build_free(). */
const struct config *build_config(struct build *b);

/* Compiles it; a failure fails the test. Link ids are not the indexes: see build_id(). */
struct policy *build_policy(struct build *b);

/* Link id that build_policy() gives to the link of that index. */
uint16_t build_id_of(uint32_t index);

/* Link id by name. */
uint16_t build_id(struct build *b, const char *link);

/* Wire form of "_ipp._tcp" as it is written; returns its length. Test data: no checks. */
uint8_t build_wire(const char *type, uint8_t wire[128]);

/* Names for policies that are compiled without a build; they stay. */
struct policy_names *shared_names(void);

/* What users, roles and places are numbered by; build_policy() has numbered those of the rules. */
struct policy_names *build_names(struct build *b);

/* A station: MAC "02:00:00:00:00:01", names or NULL. */
struct policy_who build_who(
	struct build *b, const char *mac, const char *role, const char *user, const char *place);

/* Class of a service: type "_ipp._tcp" or NULL, instance text or NULL. */
uint32_t build_class(struct build *b, struct policy *p, const char *type, const char *instance,
	const char *link);

/* May the service be learned / shown on a link to consumers? */
policy_verdict_t verdict_in(struct build *b, struct policy *p, const char *link, const char *type,
	const char *instance);
policy_verdict_t verdict_out(struct build *b, struct policy *p, const char *link, const char *type,
	const char *instance, const char *provider);

/* May the type (NULL: a host's name) be asked? */
policy_verdict_t ask_heard(struct build *b, struct policy *p, const char *link, const char *type);
policy_verdict_t ask_ours(struct build *b, struct policy *p, const char *link, const char *type);

/* The verdict of a rule by its number over all policies, from 1. */
#define YES(rule) ((policy_verdict_t)((rule) | POLICY_PERMIT))
#define NO(rule) ((policy_verdict_t)(rule))
#define DEFAULT NO(0)
