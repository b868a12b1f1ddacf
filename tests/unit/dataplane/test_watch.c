/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench.h"

#include <criterion/criterion.h>

/* What is kept rests on names: that a change of one of them ends it, and nothing else does. */

TestSuite(watch, .init = bench_start, .fini = bench_stop);

static struct cache_deps names(unsigned n, const uint64_t *key)
{
	struct cache_deps d;

	cache_deps_begin(&d);
	for (unsigned i = 0; i < n; i++)
		cache_deps_name(&d, key[i]);
	return d;
}

#define NAMES(...)                                                                                 \
	names(sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), (uint64_t[]){__VA_ARGS__})

static unsigned mark_of(uint64_t key)
{
	return atomic_load(&bench.shared.watched[0][key % DP_WATCH_MARKS]);
}

/* It was found out again, and is good for a while. */
static void keep(struct dp_watched *e, const struct cache_deps *d, uint32_t ms)
{
	cr_assert(dp_watch_covers(bench.worker, e, d));
	e->until_ms = bench.worker->now_ms + ms;
}

Test(watch, a_change_ends_what_rests_on_it)
{
	struct cache_deps both = NAMES(1, 2), one = NAMES(2, 3);
	struct dp_worker *w = bench.worker;
	struct dp_watched a = {0}, b = {0};

	cr_assert_eq(dp_watch_init(w, 64, 0), 0);
	cr_assert_not(dp_watch_covers(w, &a, &both));
	cr_assert(dp_watch_names(w, &a, &both));
	cr_assert(dp_watch_names(w, &b, &one));
	cr_assert_not(dp_watch_good(&a, w->now_ms), "nothing was found out after they were marked");
	keep(&a, &both, 500);
	keep(&b, &one, 500);
	cr_assert_eq(mark_of(2), 2);
	dp_watch_stale(w, 4);
	dp_watch_stale(w, 1);
	cr_assert_not(dp_watch_good(&a, w->now_ms));
	cr_assert(dp_watch_good(&b, w->now_ms));
	cr_assert_not(dp_watch_good(&b, w->now_ms + 500));
	keep(&a, &both, 500);
	dp_watch_stale(w, 2);
	cr_assert_not(dp_watch_good(&a, w->now_ms));
	cr_assert_not(dp_watch_good(&b, w->now_ms));
	dp_watch_drop(w, &a);
	cr_assert_eq(mark_of(1), 0);
	cr_assert_eq(mark_of(2), 1);
}

Test(watch, names_add_up)
{
	struct cache_deps first = NAMES(1, 2), more = NAMES(2, 3, 4), all = NAMES(4, 1);
	struct dp_worker *w = bench.worker;
	struct dp_watched e = {0};

	cr_assert_eq(dp_watch_init(w, 64, 0), 0);
	cr_assert(dp_watch_names(w, &e, &first));
	cr_assert_not(dp_watch_covers(w, &e, &more));
	cr_assert(dp_watch_names(w, &e, &more));
	cr_assert(dp_watch_covers(w, &e, &first));
	cr_assert(dp_watch_covers(w, &e, &all));
	cr_assert_eq(mark_of(2), 1, "once");
}

/* More than an answer can have: what it once was is forgotten. */
Test(watch, names_of_another_time_go)
{
	struct dp_worker *w = bench.worker;
	struct dp_watched e = {0};
	struct cache_deps d;

	cr_assert_eq(dp_watch_init(w, 1024, 0), 0);
	for (uint64_t from = 100; from < 1000; from += 40) {
		cache_deps_begin(&d);
		for (uint64_t key = from; key < from + 40; key++)
			cache_deps_name(&d, key);
		cr_assert(dp_watch_names(w, &e, &d));
		cr_assert(dp_watch_covers(w, &e, &d));
	}
	cr_assert_eq(mark_of(100), 0);
	cr_assert_eq(mark_of(999), 1);
}

Test(watch, no_room)
{
	struct cache_deps three = NAMES(1, 2, 3), one = NAMES(9);
	struct dp_worker *w = bench.worker;
	struct dp_watched e = {0};

	cr_assert_eq(dp_watch_init(w, 3, 0), 0);
	cr_assert_not(dp_watch_names(w, &e, &three));
	cr_assert_eq(e.dep, 0);
	cr_assert_eq(mark_of(1), 0);
	cr_assert(dp_watch_names(w, &e, &one));
}

Test(watch, too_much_changed)
{
	struct dp_worker *w = bench.worker;
	struct cache_deps d = NAMES(1);
	struct dp_watched e = {0};

	cr_assert_eq(dp_watch_init(w, 64, 0), 0);
	cr_assert(dp_watch_names(w, &e, &d));
	keep(&e, &d, 500);
	dp_watch_turn(w);
	cr_assert(dp_watch_good(&e, w->now_ms));
	atomic_fetch_add(&bench.shared.stale[0], 1);
	dp_watch_turn(w);
	cr_assert_not(dp_watch_good(&e, w->now_ms));
}

/* The clock wraps in 49.7 days: what was kept half of that ago is not good again. */
Test(watch, weeks_later)
{
	struct dp_worker *w = bench.worker;
	struct cache_deps d = NAMES(1);
	struct dp_watched e = {0};

	cr_assert_eq(dp_watch_init(w, 64, 0), 0);
	cr_assert(dp_watch_names(w, &e, &d));
	keep(&e, &d, 500);
	for (uint64_t ms = 0; ms < 60ull * 24 * 3600 * 1000; ms += 1000) {
		w->now_ms += 1000;
		dp_watch_turn(w);
		cr_assert_not(
			dp_watch_good(&e, w->now_ms), "after %lu s", (unsigned long)ms / 1000);
	}
}
