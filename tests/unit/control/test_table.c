/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness.h"

#include "control/table.h"

TestSuite(table, .init = start_bare, .fini = stop);

struct item {
	struct ctl_entry entry;
	uint32_t value;
};

static struct hash128 key(uint32_t n)
{
	return hash_bytes(&(struct sip_key){{3, 4}}, &n, sizeof(n));
}

Test(table, holds_what_was_added_until_it_is_removed)
{
	struct ctl_table t;
	uint32_t idx[100];

	cr_assert_eq(ctl_table_init(&t, "test", sizeof(struct item), 100, SLAB_SOCKET_ANY), 0);
	for (uint32_t i = 0; i < 100; i++) {
		idx[i] = ctl_table_add(&t, key(i));
		cr_assert_neq(idx[i], 0);
		cr_assert_eq(((struct item *)ctl_table_at(&t, idx[i]))->value, 0);
		((struct item *)ctl_table_at(&t, idx[i]))->value = i + 1;
	}
	cr_assert_eq(ctl_table_add(&t, key(100)), 0, "a full table refuses");
	for (uint32_t i = 0; i < 100; i += 2)
		ctl_table_del(&t, idx[i]);
	cr_assert_eq(ctl_table_count(&t), 50);
	for (uint32_t i = 0; i < 100; i++) {
		uint32_t found = ctl_table_find(&t, key(i));

		cr_assert_eq(found, i % 2 == 0 ? 0 : idx[i]);
	}
	cr_assert_neq(ctl_table_add(&t, key(100)), 0);
	ctl_table_clear(&t);
	cr_assert_eq(ctl_table_count(&t), 0);
	for (uint32_t i = 0; i <= 100; i++)
		cr_assert_eq(ctl_table_find(&t, key(i)), 0);
	ctl_table_fini(&t);
}

Test(table, tells_keys_of_one_bucket_apart)
{
	struct hash128 a = {5, 1}, b = {5, 2}, c = {5 + 1024, 1};
	struct ctl_table t;
	uint32_t ia, ib;

	cr_assert_eq(ctl_table_init(&t, "test", sizeof(struct item), 10, SLAB_SOCKET_ANY), 0);
	ia = ctl_table_add(&t, a);
	ib = ctl_table_add(&t, b);
	cr_assert_eq(ctl_table_find(&t, a), ia);
	cr_assert_eq(ctl_table_find(&t, b), ib);
	cr_assert_eq(ctl_table_find(&t, c), 0);
	ctl_table_del(&t, ib);
	cr_assert_eq(ctl_table_find(&t, a), ia);
	ctl_table_fini(&t);
}
