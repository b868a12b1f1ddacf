/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "dataplane/world.h"
#include "load.h"
#include "management/link_ids.h"
#include "yaml/load.h"

/* How many records each id is said to have. */
static uint32_t held[DP_LINKS_MAX];

static uint32_t records(void *arg, uint16_t id)
{
	(void)arg;
	return held[id];
}

/* A configuration with these links, VLANs in their order. */
static struct config *with_links(const char *const *names, unsigned n)
{
	char *text = malloc(200 + 100 * n);
	struct config *config;
	int at;

	cr_assert_not_null(text);
	at = sprintf(text, "gateway: {id: t}\nports: [{name: p, device: net_null0}]\nlinks:\n");

	for (unsigned i = 0; i < n; i++)
		at += sprintf(text + at, "  - {name: %s, port: p, vlan: %u}\n", names[i], i + 1);
	config = load(text);
	free(text);
	return config;
}

#define LINKS(...)                                                                                 \
	with_links((const char *const[]){__VA_ARGS__},                                             \
		sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static uint16_t id_of(const struct link_ids *ids, const char *name)
{
	const struct link_id *e = link_ids_find(ids, name);

	return e != NULL ? e->id : 0;
}

Test(link_ids, are_given_from_one_in_file_order)
{
	struct config *c = LINKS("b", "a", "c");
	struct link_ids *ids = link_ids_make(NULL, c, records, NULL);

	cr_assert_not_null(ids);
	cr_assert_eq(id_of(ids, "b"), 1);
	cr_assert_eq(id_of(ids, "a"), 2);
	cr_assert_eq(id_of(ids, "c"), 3);
	cr_assert_eq(ids->of_config[1], 2);
	cr_assert_eq(ids->next, 4);
	cr_assert_null(link_ids_find(ids, "d"));
	link_ids_free(ids);
	config_free(c);
}

Test(link_ids, stay_with_their_names_when_the_file_is_turned_over)
{
	struct config *one = LINKS("a", "b", "c"), *two = LINKS("c", "new", "a");
	struct link_ids *first = link_ids_make(NULL, one, records, NULL);
	struct link_ids *second = link_ids_make(first, two, records, NULL);

	cr_assert_eq(id_of(second, "a"), 1);
	cr_assert_eq(id_of(second, "c"), 3);
	cr_assert_eq(id_of(second, "new"), 4, "not the id of a name that just left");
	cr_assert_eq(second->of_config[0], 3);
	cr_assert_not(link_ids_find(second, "b")->present);
	link_ids_free(first);
	link_ids_free(second);
	config_free(one);
	config_free(two);
}

Test(link_ids, of_a_link_that_comes_back_are_the_same_while_its_records_last)
{
	struct config *with = LINKS("a", "b"), *without = LINKS("a");
	struct link_ids *first = link_ids_make(NULL, with, records, NULL), *second, *third, *back;

	second = link_ids_make(first, without, records, NULL);
	held[2] = 5;
	third = link_ids_make(second, without, records, NULL);
	back = link_ids_make(third, with, records, NULL);
	cr_assert_eq(id_of(back, "b"), 2);
	cr_assert(link_ids_find(back, "b")->present);
	link_ids_free(back);

	/* Without records the name is forgotten at the next reload. */
	held[2] = 0;
	back = link_ids_make(third, without, records, NULL);
	cr_assert_null(link_ids_find(back, "b"));
	link_ids_free(first);
	link_ids_free(second);
	link_ids_free(third);
	link_ids_free(back);
	config_free(with);
	config_free(without);
}

/* All ids there are, then one link makes room for another. */
Test(link_ids, are_given_again_when_none_is_fresh_and_no_record_is_left)
{
	enum { ALL = DP_LINKS_MAX - 1 };
	static struct config_link links[ALL];
	static char names[ALL][16];
	struct config c = {.links = links, .n_links = ALL};
	struct link_ids *first, *second, *third;

	for (unsigned i = 0; i < ALL; i++) {
		snprintf(names[i], sizeof(names[i]), "l%u", i + 1);
		links[i].name = names[i];
	}
	first = link_ids_make(NULL, &c, records, NULL);
	cr_assert_not_null(first);
	cr_assert_eq(first->next, DP_LINKS_MAX);

	/* The running world still has l7: its id is not free in the same reload. */
	links[6].name = "other";
	cr_assert_null(link_ids_make(first, &c, records, NULL));
	cr_assert_eq(errno, E2BIG);

	c.n_links = 6;
	second = link_ids_make(first, &c, records, NULL);
	cr_assert_not_null(second);
	c.n_links = 7;
	held[7] = 1; /* l7 has a record left, l8 has none */
	third = link_ids_make(second, &c, records, NULL);
	cr_assert_not_null(third);
	cr_assert_eq(id_of(third, "other"), 8);
	cr_assert(link_ids_find(third, "other")->reused);
	cr_assert_not(link_ids_find(third, "l1")->reused);
	link_ids_free(first);
	link_ids_free(second);
	link_ids_free(third);
}
