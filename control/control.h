/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_ring.h>

#include "cache/cache.h"
#include "dataplane/shared.h"

/*
 * The control lcore: the only writer of cache, stations, policy class rows and the world pointer.
 * It never blocks: no file, no socket, no lock, no waiting for RCU (DESIGN §3).
 */

struct ctl;

struct ctl_params {
	struct cache_limits limits;
	struct sip_key hash_key; /* random in production, fixed in tests */
	uint64_t seed;           /* of jitter */
	unsigned socket;         /* NUMA node of its memory */
};

/*
 * Makes the control state and the cache, and puts the cache's view into s->cache. Before the lcores
 * start. NULL with errno set.
 */
struct ctl *ctl_create(struct dp_shared *s, const struct ctl_params *p, uint64_t now_us);

/* After workers and control have left their loops: frees everything, worlds excepted
 * (management's). */
void ctl_destroy(struct ctl *c);

/* One turn: upcalls, requests, timers, deferral; budgeted. Control thread only. Returns how much
 * was done; 0: idle. */
unsigned ctl_turn(struct ctl *c, uint64_t now_us);

/* When the next timer is due (clock_ms); false: none. */
bool ctl_next(const struct ctl *c, uint32_t *at_ms);

/* The cache, for readers' statistics. */
struct cache *ctl_cache(struct ctl *c);

/* mbufs control holds (waiting queries); 0 after a drained test. */
unsigned ctl_held(const struct ctl *c);

/* What control counts; written by control, read relaxed by anybody. X(name, text). */
#define CTL_COUNTERS(X)                                                                            \
	X(responses, "advertisements looked at")                                                   \
	X(responses_reflected, "advertisements that are a repeater's copy from another link")      \
	X(records_learned, "records new to the cache")                                             \
	X(records_refreshed, "records heard again")                                                \
	X(responses_gateways, "responses of other gateways: nothing is learned of them")           \
	X(gateways_found, "other gateways that announced themselves")                              \
	X(gateways_overlooked, "other gateways not noted: too many")                               \
	X(failures_observed, "records given up since their owner answers nobody (RFC 6762 10.5)")  \
	X(questions_heard, "our questions left to somebody who just asked them (RFC 6762 7.3)")    \
	X(stations_left, "stations that left the network: what they offered was withdrawn")        \
	X(stations_moved, "stations that came from another wireless link")                         \
	X(moves_refused, "stations that moved too often to be believed")                           \
	X(stations_doubted, "silent stations that were asked whether they are still there")        \
	X(refused_unauthenticated, "advertisements of stations that are not authenticated")        \
	X(refused_off_link, "addresses announced that do not lie in their link's prefixes")        \
	X(refused_not_own, "addresses announced that are another station's")                       \
	X(refused_until_bound, "addresses not learned yet: whose they are is being found out")     \
	X(bindings_refused, "addresses whose owner is not remembered: table full")                 \
	X(askers_refused, "queries of stations there was no room to know")                         \
	X(askers_forgotten, "stations that have not asked for long")                               \
	X(owner_options, "EDNS owner options read: stations behind a sleep proxy")                 \
	X(tsr_options, "EDNS time-since-received options read")                                    \
	X(options_broken, "EDNS options of these kinds that are not as they must be")              \
	X(records_copied, "records from another MAC that lengthen no life: a repeater's copy")     \
	X(records_changed, "records with a new TTL or owner")                                      \
	X(goodbyes, "records withdrawn by their owner")                                            \
	X(goodbyes_doubted, "goodbyes to another station's records: it is asked (RFC 6762 10.1)")  \
	X(records_denied, "records policy kept out of the cache")                                  \
	X(records_refused, "records refused by a limit")                                           \
	X(records_ignored, "records that never cross (link-local names, foreign domains, OPT)")    \
	X(questions_missed, "questions nothing was cached for")                                    \
	X(questions_coalesced, "questions nothing was cached for, asked already a moment ago")     \
	X(questions_denied, "questions that policy keeps off every provider link")                 \
	X(questions_refused, "questions not asked for want of room, or too many at once")          \
	X(questions_no_owner, "questions about a name whose owner is not known")                   \
	X(queries_sent, "mDNS queries of ours put on links")                                       \
	X(queries_over_budget, "mDNS queries put off by query_budget")                             \
	X(refreshes, "records whose owner was asked again before they expire")                     \
	X(pinned_asked, "questions for pinned types put on links")                                 \
	X(waiting_answered, "waiting queries answered when records arrived")                       \
	X(waiting_expired, "waiting queries given up")                                             \
	X(waiting_refused, "waiting queries not kept: table full")                                 \
	X(told, "records told to open browsers and links that announce")                           \
	X(withdrawn, "goodbyes told to open browsers")                                             \
	X(told_once, "records told without the repetition a second later: too many")               \
	X(updates_put_off, "records not told: more than ten updates of it in a minute")            \
	X(interest_refused, "open browsers not remembered: table full")                            \
	X(probes_unsure, "probes for names whose owner was asked first (RFC 6762 8.1)")            \
	X(names_doubted, "names whose owner was asked whether it still lives")                     \
	X(names_confirmed, "names whose owner was asked, and lives")                               \
	X(names_let_go, "names withdrawn since their owner did not answer (RFC 6762 10.4)")        \
	X(names_not_doubted, "names whose owner could not be asked: table full, or link gone")     \
	X(names_in_conflict, "claims to a name that another link's host has (RFC 6762 9)")         \
	X(ties_broken, "probes passed on to a station that lost the tie-break (RFC 6762 8.2)")     \
	X(conflicts_overlooked, "claims to another host's name not looked into: table full")       \
	X(host_answers, "ARP and ND answers sent")                                                 \
	X(group_reports, "IGMP and MLD reports sent")                                              \
	X(host_ignored, "host duty packets that asked for nothing of ours")                        \
	X(host_shed, "host duty packets shed by their budget")                                     \
	X(stale_untold, "changes not told one by one: all rendered answers of a worker are stale") \
	X(down_full, "messages to workers lost: ring full")                                        \
	X(no_mbuf, "frames not built for want of an mbuf")                                         \
	X(deferral_full, "work put off since deferral was full")

enum ctl_counter {
#define CTL_COUNTER_ENUM(name, text) CTL_C_##name,
	CTL_COUNTERS(CTL_COUNTER_ENUM)
#undef CTL_COUNTER_ENUM
		CTL_N_COUNTERS
};

/* Control's tables, each bounded. X(name, its table). */
#define CTL_TABLES(X)                                                                              \
	X(people, &c->people.persons)                                                              \
	X(bindings, &c->bindings.table)                                                            \
	X(silences, &c->silences.table)                                                            \
	X(questions, &c->questions.table)                                                          \
	X(waiting, &c->waits.waiters)                                                              \
	X(interests, &c->interests.questions)                                                      \
	X(doubts, &c->probes.doubts)                                                               \
	X(conflicts, &c->conflicts.table)                                                          \
	X(groups, &c->grants.groups)

enum ctl_table_name {
#define CTL_TABLE_ENUM(name, table) CTL_T_##name,
	CTL_TABLES(CTL_TABLE_ENUM)
#undef CTL_TABLE_ENUM
		CTL_N_TABLES
};

/* Its name, and how many entries are in use: a turn old. Any thread. */
const char *ctl_table_name(unsigned table);
uint32_t ctl_table_in_use(const struct ctl *c, unsigned table);

/* Frees that wait until no worker can see what they free. A turn old. */
struct ctl_deferral {
	uint32_t waiting, most, room; /* now, ever, at most */
	uint64_t done, refused;
};

/* Any thread. */
void ctl_deferral(const struct ctl *c, struct ctl_deferral *out);

const char *ctl_counter_name(unsigned counter);
const char *ctl_counter_text(unsigned counter);
uint64_t ctl_counter(const struct ctl *c, unsigned counter);
