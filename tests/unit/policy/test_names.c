/* SPDX-License-Identifier: BSD-3-Clause */

/* Numbers of users and access points: given out, kept while something speaks of them, taken back.
 */

#include <stdio.h>

#include <criterion/criterion.h>

#include "policy/names.h"

static struct policy_names *names;

static void setup(void)
{
	names = policy_names_create();
}

static void teardown(void)
{
	policy_names_destroy(names);
}

TestSuite(names, .init = setup, .fini = teardown);

Test(names, keep_their_numbers)
{
	uint32_t ann = policy_names_user(names, "ann"), bob = policy_names_user(names, "bob");

	cr_expect_neq(ann, 0);
	cr_expect_neq(bob, 0);
	cr_expect_neq(ann, bob);
	cr_expect_eq(policy_names_user(names, "ann"), ann);
	cr_expect_str_eq(policy_user_name(names, bob), "bob");
	cr_expect_eq(policy_names_user(names, NULL), 0);
	cr_expect_null(policy_user_name(names, 0));
	cr_expect_null(policy_user_name(names, 99));
	cr_expect_eq(policy_names_count(names), 2);
}

Test(names, rest_before_they_are_taken_back)
{
	uint32_t ann = policy_names_user(names, "ann"), bob = policy_names_user(names, "bob");
	uint16_t ap = policy_names_ap(names, "ap-1");

	policy_names_use_user(names, ann);
	cr_expect_eq(policy_names_sweep(names), 0);
	/* Spoken of again while it rests: it is who it was. */
	cr_expect_eq(policy_names_user(names, "bob"), bob);
	policy_names_use_user(names, ann);
	cr_expect_eq(policy_names_sweep(names), 1, "ap-1 rested twice, bob once");
	cr_expect_null(policy_ap_name(names, ap));
	policy_names_use_user(names, ann);
	cr_expect_eq(policy_names_sweep(names), 1);
	cr_expect_null(policy_user_name(names, bob));
	cr_expect_eq(policy_names_count(names), 1);
	/* The number is another's then, and the name has another. */
	cr_expect_eq(policy_names_user(names, "carl"), bob);
	cr_expect_neq(policy_names_user(names, "bob"), bob);
	cr_expect_str_eq(policy_user_name(names, ann), "ann");
	cr_expect_str_eq(policy_user_name(names, bob), "carl");
}

Test(names, made_up_each_time_do_not_pile_up)
{
	uint32_t ann = policy_names_user(names, "ann"), most = 0;
	char name[32];

	for (unsigned round = 0; round < 50; round++) {
		for (unsigned i = 0; i < 5000; i++) {
			uint32_t id;

			snprintf(name, sizeof(name), "%u-%u", round, i);
			id = policy_names_user(names, name);
			cr_assert_neq(id, 0);
			cr_assert_str_eq(policy_user_name(names, id), name);
			most = id > most ? id : most;
		}
		cr_expect_eq(policy_names_added(names), 5000 + (round == 0));
		policy_names_use_user(names, ann);
		cr_assert_eq(policy_names_sweep(names), round == 0 ? 0 : 5000);
		cr_expect_eq(policy_names_added(names), 0);
		cr_expect_eq(policy_names_count(names), 5001);
	}
	cr_expect_leq(most, 10001);
	cr_expect_eq(policy_names_user(names, "ann"), ann);
}

Test(names, of_places_stay)
{
	uint16_t hall = policy_names_place(names, "campus/hall");

	policy_names_sweep(names);
	policy_names_sweep(names);
	cr_expect_str_eq(policy_place_path(names, hall), "campus/hall");
	cr_expect_eq(policy_names_place(names, "campus/hall"), hall);
}
