/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "cache/service.h"
#include "dns/name.h"

/* What a reader remembers of its lookups is never believed for longer than it is so. */

static struct cache_view view;
static struct cache_deps deps;

static void start_reader(void)
{
	start_roomy();
	view = *fx.view;
	view.memo = aligned_alloc(64, sizeof(*view.memo));
	memset(view.memo, 0, sizeof(*view.memo));
	memset(&deps, 0, sizeof(deps));
	view.deps = &deps;
}

static void stop_reader(void)
{
	free(view.memo);
	stop();
}

TestSuite(memo, .init = start_reader, .fini = stop_reader);

static uint8_t name[DNS_NAME_MAX];

/* By this reader, from a name that always lies in the same place. */
static uint32_t find(const char *text, uint16_t type)
{
	cr_assert_gt(dns_name_from_text(text, name), 0);
	return cache_find(&view, name, type);
}

Test(memo, finds_what_the_index_finds)
{
	LEARN("h.local", DNS_TYPE_A, "10.0.0.1");
	LEARN("i.local", DNS_TYPE_A, "10.0.0.2");
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_eq(find("h.local", DNS_TYPE_A), node_of("h.local", DNS_TYPE_A));
		cr_assert_eq(find("H.Local", DNS_TYPE_A), node_of("h.local", DNS_TYPE_A));
		cr_assert_eq(find("i.local", DNS_TYPE_A), node_of("i.local", DNS_TYPE_A));
		cr_assert_eq(find("h.local", DNS_TYPE_AAAA), 0);
	}
	cr_assert_neq(find("h.local", DNS_TYPE_A), 0);
}

Test(memo, sees_what_came_and_what_went)
{
	uint32_t node;

	cr_assert_eq(find("h.local", DNS_TYPE_A), 0);
	LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .ttl = 120);
	node = find("h.local", DNS_TYPE_A);
	cr_assert_neq(node, 0);
	elapse(120000 + CACHE_HINT_MS); /* its owner is forgotten too: so is the node */
	cr_assert_eq(node_of("h.local", DNS_TYPE_A), 0);
	cr_assert_eq(find("h.local", DNS_TYPE_A), 0);
	/* The slot may be another's now. */
	LEARN("other.local", DNS_TYPE_A, "10.0.0.9");
	cr_assert_eq(find("h.local", DNS_TYPE_A), 0);
	cr_assert_eq(find("other.local", DNS_TYPE_A), node_of("other.local", DNS_TYPE_A));
}

Test(memo, an_answer_rests_on_what_is_remembered_too)
{
	LEARN("h.local", DNS_TYPE_A, "10.0.0.1");
	for (unsigned i = 0; i < 2; i++) {
		cache_deps_begin(&deps);
		find("h.local", DNS_TYPE_A);
		find("h.local", DNS_TYPE_AAAA);
		cr_assert_eq(deps.n, 2);
		cr_assert_eq(deps.key[0],
			cache_node_at(fx.view, node_of("h.local", DNS_TYPE_A))->key.lo);
	}
}
