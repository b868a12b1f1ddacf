/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>

#include "base/lanes.h"

/*
 * What control was told lately, so that it is not told again with every packet: who is interested
 * in what, which stations are new. Of a station that is a regular (fast.h) on a link where open
 * browsers are told one by one, it is noted in a line with the regular; else, and of those that
 * browse for more than a line has room for, in a hashed table of such lines. Taken for another
 * (once in 2^23 a way), a thing is told a minute late, or a question that nothing answers not for a
 * second. Worker thread.
 */

#define DP_TOLD_SETS 4096
#define DP_TOLD_WAYS 16

/* A way is 23 bits of a hash, a bit that is set, and below them the time in dp_told_now(); 0: free.
 * What was told last of those with the same four bits of it is where these say. */
struct dp_told {
	uint32_t way[DP_TOLD_WAYS];
} __attribute__((aligned(64)));

/* In units of 1.024 s: what is told for longer than DP_TOLD_MAX of them is gone from the table. */
#define DP_TOLD_AGES 0xff
#define DP_TOLD_MAX 128
#define DP_TOLD_UNITS(ms) ((ms) >> 10)

/* Once a minute and question, control hears again that somebody is interested in a browse
 * question. */
#define DP_INTEREST_UNITS DP_TOLD_UNITS(60000)

/* What nothing was found for is told to control each time somebody asks, who may wait for it; but
 * not twice in such a unit, over the same family. */
#define DP_MISSED_UNITS 1

struct dp_link;
struct dp_worker;

static inline uint32_t dp_told_now(uint32_t now_ms)
{
	return DP_TOLD_UNITS(now_ms) & DP_TOLD_AGES;
}

static inline uint32_t dp_told_tag(uint64_t tag)
{
	return ((uint32_t)tag & ~(uint32_t)DP_TOLD_AGES) | UINT32_C(1) << 31;
}

/* Where it is looked for first. */
static inline unsigned dp_told_home(uint64_t tag)
{
	return (uint32_t)tag >> 28;
}

/* Where it is found; DP_TOLD_WAYS: nowhere. */
static inline unsigned dp_told_way(const struct dp_told *t, uint64_t tag)
{
	uint32_t ways = lanes_equal(t->way, ~(uint32_t)DP_TOLD_AGES, dp_told_tag(tag));

	return ways != 0 ? (unsigned)__builtin_ctz(ways) : DP_TOLD_WAYS;
}

/* Was it, within so many units? Notes nothing. */
static inline bool dp_told_lately(
	const struct dp_told *t, uint64_t tag, uint32_t now_ms, uint32_t units)
{
	uint32_t told = t->way[dp_told_home(tag)];
	unsigned way;

	if (unlikely((told ^ dp_told_tag(tag)) > DP_TOLD_AGES)) {
		way = dp_told_way(t, tag);
		if (way == DP_TOLD_WAYS)
			return false;
		told = t->way[way];
	}
	return ((dp_told_now(now_ms) - told) & DP_TOLD_AGES) < units;
}

/* Was this told to control within so many units? Else it is noted as told now. */
bool dp_told_news(struct dp_told *t, uint64_t tag, uint32_t now_ms, uint32_t units);

/* Where it is noted what was told of no station in particular. */
struct dp_told *dp_told_set(struct dp_worker *w, uint64_t tag);

/* Where it is noted what was told of a station; tag: as it will be asked for. */
struct dp_told *dp_told_of(
	struct dp_worker *w, const struct dp_link *l, uint64_t mac_word, uint64_t tag);

/* As dp_told_news(), of the interest of a station, for DP_INTEREST_UNITS. What its line has no room
 * for within a minute, since it browses for more than that, is noted in the table. */
bool dp_told_interest(
	struct dp_worker *w, const struct dp_link *l, uint64_t mac_word, uint64_t tag);

/* As dp_told_lately(), of the interest of a station whose line does not have it. */
bool dp_told_beyond(struct dp_worker *w, uint64_t tag);

/* Once a turn: forgets what was told long ago, before its time looks like a late one. */
void dp_told_turn(struct dp_worker *w);
