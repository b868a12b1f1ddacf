/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * How long a large policy takes to compile, and a new class to be found, for three shapes of it:
 *
 *	shared	4,000 links with one policy of 10,000 rules
 *	own	4,000 links with a policy each, of 2 or 3 rules
 *	pairs	4,000 links with one policy of 10,000 rules, each between two links (from, to)
 *
 * Prints figures and asserts none.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/names.h"
#include "policy/policy.h"
#include "yaml/config.h"

#define LINKS 4000u
#define RULES 10000u
#define TYPES 200u
#define PER_RULE 4u
#define SUBJECTS 1000u

static char type_text[TYPES][24], globs[RULES][24];
static struct config_type_ref refs[RULES][PER_RULE];
static struct config_rule rules[RULES];
static uint32_t ends[RULES][2];
static struct config_link links[LINKS];
static struct config_policy policies[LINKS];
static uint16_t ids[LINKS];

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void fill(void)
{
	for (uint32_t i = 0; i < TYPES; i++)
		snprintf(type_text[i], sizeof(type_text[i]), "_type-%u._tcp", i);
	for (uint32_t i = 0; i < RULES; i++) {
		for (uint32_t j = 0; j < PER_RULE; j++) {
			const char *t = type_text[(i * 7 + j * 31) % TYPES];

			refs[i][j] = (struct config_type_ref){t, t};
		}
		rules[i] = (struct config_rule){
			.permit = i % 3 != 0,
			.kind = i % 10 == 9 ? CONFIG_KIND_QUERY : CONFIG_KIND_BOTH,
			.services = {.types = refs[i], .n_types = PER_RULE},
		};
		if (i % 5 == 0) {
			snprintf(globs[i], sizeof(globs[i]), "Room %u *", i);
			rules[i].instance = globs[i];
		}
		if (i % 50 == 49)
			rules[i].services = (struct config_services){.any = true};
	}
	for (uint32_t i = 0; i < LINKS; i++) {
		links[i] = (struct config_link){.name = "link"};
		ids[i] = (uint16_t)i;
	}
}

/* Every rule between two links; `any` without them would end the policy early. */
static void set_pairs(void)
{
	for (uint32_t i = 0; i < RULES; i++) {
		ends[i][0] = i * 13 % LINKS;
		ends[i][1] = i * 29 % LINKS;
		rules[i].from = (struct config_link_list){.links = &ends[i][0], .n = 1};
		rules[i].to = (struct config_link_list){.links = &ends[i][1], .n = 1};
	}
}

static void set_shared(struct config *c)
{
	policies[0] = (struct config_policy){.name = "shared", .rules = rules, .n_rules = RULES};
	c->n_policies = 1;
	for (uint32_t i = 0; i < LINKS; i++)
		links[i].policy_in = links[i].policy_out = 0;
}

static void set_own(struct config *c)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < LINKS; i++) {
		uint32_t n = RULES / LINKS + (i % 2);

		policies[i] =
			(struct config_policy){.name = "own", .rules = rules + at, .n_rules = n};
		links[i].policy_in = links[i].policy_out = i;
		at += n;
	}
	c->n_policies = LINKS;
}

static int run(const char *shape, const struct config *c)
{
	struct policy_stats st;
	char why[160] = "";
	double start = now_ms(), compiled, classed;
	struct policy *p =
		policy_compile(c, policy_names_create(), ids, LINKS, 0, why, sizeof(why));

	compiled = now_ms();
	if (!p) {
		fprintf(stderr, "%s: %s\n", shape, why);
		return 1;
	}
	for (uint32_t i = 0; i < SUBJECTS; i++) {
		uint8_t wire[32];
		char instance[32];
		const char *text = type_text[i % TYPES];
		size_t len = strlen(text) - 5;
		struct policy_subject s = {.type = wire, .type_len = (uint8_t)(len + 6)};

		wire[0] = (uint8_t)len;
		memcpy(wire + 1, text, len);
		memcpy(wire + 1 + len, "\4_tcp", 5);
		s.instance = (const uint8_t *)instance;
		s.instance_len = (uint8_t)snprintf(instance, sizeof(instance), "Room %u x", i * 10);
		s.link = (uint16_t)(i * 3 % LINKS);
		policy_class(p, &s);
	}
	classed = now_ms();
	policy_stats(p, &st);
	printf("%-7s compile %7.1f ms, %u subjects %6.1f us each: %u rules, %u types, %u columns, "
	       "%u for questions, %u of %u classes, %.1f MiB\n",
		shape, compiled - start, SUBJECTS, (classed - compiled) * 1e3 / SUBJECTS, st.rules,
		st.types, st.columns, st.ask_columns, st.classes, st.classes_max,
		(double)st.bytes / (1 << 20));
	policy_free(p);
	return 0;
}

int main(void)
{
	struct config c = {
		.file = "bench.yaml", .links = links, .n_links = LINKS, .policies = policies};
	int rc;

	fill();
	set_shared(&c);
	rc = run("shared", &c);
	set_own(&c);
	rc |= run("own", &c);
	set_pairs();
	set_shared(&c);
	rc |= run("pairs", &c);
	return rc;
}
