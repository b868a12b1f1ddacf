/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * How long a large policy takes to compile, and a new class to be found, for five shapes of it:
 *
 *	shared	4,000 links with one policy of 10,000 rules
 *	own	4,000 links with a policy each, of 2 or 3 rules
 *	pairs	4,000 links with one policy of 10,000 rules, each between two links (from, to)
 *	people	4,000 links with one policy of 10,000 rules about roles, users, places and relations
 *	users	4,000 links with one policy of 10,000 rules, each for one user
 *
 * Of the last two also a new consumer, and a verdict for one.
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

static struct config_location places[1 + 20 + 400];
static char paths[1 + 20 + 400][32], users[RULES][16];
static const char *user_list[RULES],
	*role_list[8] = {"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7"};
static uint32_t place_list[RULES];

/* A campus of twenty buildings with twenty floors each. */
static void make_places(struct config *c)
{
	for (uint32_t i = 0; i < 421; i++) {
		if (i == 0)
			strcpy(paths[i], "campus");
		else if (i <= 20)
			snprintf(paths[i], sizeof(paths[i]), "campus/b%u", i);
		else
			snprintf(paths[i], sizeof(paths[i]), "campus/b%u/f%u", 1 + (i - 21) / 20,
				(i - 21) % 20);
		places[i] = (struct config_location){.path = paths[i]};
	}
	c->locations = places;
	c->n_locations = 421;
	for (uint32_t i = 0; i < RULES; i++) {
		snprintf(users[i], sizeof(users[i]), "user-%u", i);
		user_list[i] = users[i];
	}
}

static void clear_sides(void)
{
	for (uint32_t i = 0; i < RULES; i++) {
		rules[i].from = rules[i].to = (struct config_link_list){0};
		rules[i].to_who = (struct config_who){0};
		rules[i].same = CONFIG_SAME_NONE;
		rules[i].nearest = 0;
	}
}

static void set_people(void)
{
	clear_sides();
	for (uint32_t i = 0; i < RULES; i++) {
		struct config_who *to = &rules[i].to_who;

		place_list[i] = 1 + i * 11 % 420;
		if (i % 2)
			*to = (struct config_who){.roles = &role_list[i % 8], .n_roles = 1};
		if (i % 3 == 0) {
			to->locations = &place_list[i];
			to->n_locations = 1;
		}
		if (i % 7 == 0) {
			to->users = &user_list[i];
			to->n_users = 1;
		}
		if (i % 5 == 1) {
			rules[i].same = i % 10 == 1 ? CONFIG_SAME_USER : CONFIG_SAME_LOCATION;
			rules[i].level = i % 10 == 1 ? 0 : 1 + i % 3;
		}
		if (rules[i].permit && i % 11 == 0)
			rules[i].nearest = 10;
	}
}

static void set_users(void)
{
	clear_sides();
	for (uint32_t i = 0; i < RULES; i++)
		rules[i].to_who = (struct config_who){.users = &user_list[i], .n_users = 1};
}

/* Stations of all kinds find their numbers; then every subject's verdict for each. */
static void ask(struct policy *p, struct policy_names *names, const uint32_t *cls)
{
	enum { STATIONS = 2000 };
	static uint32_t number[STATIONS];
	static struct policy_party party[STATIONS];
	const struct policy_table *t = policy_table(p);
	double start = now_ms(), found, asked;
	unsigned permits = 0;

	for (uint32_t i = 0; i < STATIONS; i++) {
		struct policy_who who = {.user = policy_names_user(names, users[i * 5]),
			.role = policy_names_role(names, role_list[i % 8]),
			.place = policy_names_place(names, paths[1 + i % 420])};

		number[i] = policy_consumer(p, (uint16_t)(i * 2), &who);
		party[i] = (struct policy_party){who.user, who.role, who.place};
	}
	found = now_ms();
	for (uint32_t i = 0; i < STATIONS; i++) {
		uint32_t col = policy_out_column(p, (uint16_t)(i * 2));

		for (uint32_t k = 0; k < SUBJECTS; k++) {
			policy_verdict_t v = policy_verdict(t, cls[k], col);

			if (v & POLICY_PERSONAL)
				v = policy_personal(
					p, v, number[i], &party[i], &party[(i + k) % STATIONS]);
			permits += policy_permits(v);
		}
	}
	asked = now_ms();
	printf("        %u stations %6.1f us each, %u verdicts %5.1f ns each (%u permits)\n",
		STATIONS, (found - start) * 1e3 / STATIONS, STATIONS * SUBJECTS,
		(asked - found) * 1e6 / ((double)STATIONS * SUBJECTS), permits);
}

static int run(const char *shape, const struct config *c)
{
	struct policy_stats st;
	char why[160] = "";
	double start = now_ms(), compiled, classed;
	struct policy_names *names = policy_names_create();
	struct policy *p = policy_compile(c, names, ids, LINKS, 0, why, sizeof(why));
	static uint32_t cls[SUBJECTS];

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
		cls[i] = policy_class(p, &s);
	}
	classed = now_ms();
	if (policy_link_is_personal(p, 0)) {
		printf("%s:\n", shape);
		ask(p, names, cls);
	}
	policy_stats(p, &st);
	printf("%-7s compile %7.1f ms, %u subjects %6.1f us each: %u rules, %u types, %u columns, "
	       "%u for questions, %u of %u classes, %.1f MiB\n",
		shape, compiled - start, SUBJECTS, (classed - compiled) * 1e3 / SUBJECTS, st.rules,
		st.types, st.columns, st.ask_columns, st.classes, st.classes_max,
		(double)st.bytes / (1 << 20));
	if (st.consumers > 0)
		printf("        %u residuals, %u consumers, %llu without room\n", st.residuals,
			st.consumers, (unsigned long long)st.class_full);
	policy_free(p);
	policy_names_destroy(names);
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
	make_places(&c);
	set_people();
	rc |= run("people", &c);
	set_users();
	rc |= run("users", &c);
	return rc;
}
