/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "tests/packet/cross.h"
#include "tests/packet/dissect.h"
#include "tests/packet/gather.h"
#include "tests/packet/gateway.h"
#include "tests/packet/pcap.h"
#include "tests/packet/repeat.h"
#include "tests/packet/script.h"
#include "tests/packet/station.h"

/*
 * One scenario under way: its script, its gateway, what the gateway sent. Statements live in
 * statement.c, send.c and expect.c; each returns 0, or -1 after scenario_fail().
 */

#define SCENARIO_LINKS 4200
#define SCENARIO_WHY 65536

/* A frame the gateway sent. */
struct capture {
	struct dissected d;
	const struct dp_link *link; /* one of scenario.link */
	bool taken;                 /* an `expect` has had it */
	bool copy; /* to all, of what one station was just answered (RFC 6762 §5.4) */
};

/* Frames nobody expects but which are fine (`ignore`); per link. */
#define IGNORE_HOST 0x1
#define IGNORE_QUERIES 0x2
#define IGNORE_ANSWERS 0x4
#define IGNORE_COPIES 0x8

struct invariants;

struct scenario {
	const char *path;
	struct script script;
	size_t at; /* statement under way */

	char *yaml;       /* the configuration in force */
	const char *name; /* ... of its place, for errors */
	unsigned workers; /* 0: the configuration's */
	bool render;      /* keep answers rendered */
	const struct dp_fast_version *fast;
	uint64_t seed;
	unsigned queues; /* of each port; 0: as many */
	bool soft_checksum;
	bool cold;         /* the scenario begins with the start itself */
	uint64_t start_us; /* clock at the start of the gateway */
	bool started;
	struct gateway gateway;

	/* Every link there ever was; a change of VLAN or address makes a new entry. */
	struct dp_link link[SCENARIO_LINKS];
	bool gone[SCENARIO_LINKS]; /* not in the present world */
	unsigned n_links;
	unsigned ignore[SCENARIO_LINKS];
	struct station station[STATIONS_MAX];
	unsigned n_stations;

	struct repeater repeater;
	struct crossing crossing;
	struct gather gather; /* of fragments */
	struct capture *capture;
	size_t n_captures;
	uint64_t mark_us; /* times of `expect` count from here: the last send or elapse */
	uint64_t sums[DP_N_OUTCOMES];        /* before the last send */
	uint64_t accounted;                  /* frames known to have ended in an outcome */
	uint64_t log_lines;                  /* before the last send */
	uint64_t second, in_second, busiest; /* frames the gateway sent, by seconds of its clock */
	struct invariants *invariants;
	struct pcap *pcap; /* NULL: none wanted */

	char note[256]; /* said beside its name when it passed */
	char *why;      /* SCENARIO_WHY bytes; empty while all is well */
};

/* How all scenarios are run. */
struct scenario_options {
	unsigned workers;                   /* 0: as the scenario says */
	bool plain;                         /* keep no answers rendered */
	const struct dp_fast_version *fast; /* else say them by this code */
	uint64_t seed;                      /* of all randomness */
	struct pcap *pcap;                  /* what the gateway sent; NULL: not wanted */
};

/* Runs the scenario file, or replays a capture (its name ends in .pcap). 0; or -1, s->why tells.
 * scenario_free() in both cases. */
int scenario_run(struct scenario *s, const char *path, const struct scenario_options *o);
void scenario_free(struct scenario *s);

/* Notes why it failed, at the statement under way; always -1. */
int scenario_fail(struct scenario *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for another line. */
int scenario_fail_at(struct scenario *s, const struct script_line *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Starts the gateway unless it runs. */
int scenario_start(struct scenario *s);

/* Notes links of the present world. */
int scenario_learn_links(struct scenario *s);

/* Turns everything at the present time and takes in what was sent. */
int scenario_settle(struct scenario *s);

/* Lets time pass up to the next thing that happens, at most to until_us. */
int scenario_step(struct scenario *s, uint64_t until_us);

/* ... and all of it. */
int scenario_advance(struct scenario *s, uint64_t until_us);

/* Fails if something was sent that nobody expected. */
int scenario_no_leftovers(struct scenario *s);

/* Is the frame one nobody need expect? */
bool scenario_ignores(const struct scenario *s, const struct capture *c);

/* By name, as it is or was last; NULL after scenario_fail(). */
struct station *scenario_station(struct scenario *s, const char *name);
const struct dp_link *scenario_link(struct scenario *s, const char *name);

/* All of what was sent and not yet taken, from mark on, into why. */
void scenario_show(struct scenario *s, uint64_t from_us);

/* The lines of the block that opens at the statement under way; moves s->at to its end. */
int scenario_block(struct scenario *s, const struct script_line **first, size_t *n);

/* statement.c: the one at s->at; moves s->at to its last line. */
int statement_run(struct scenario *s);

/* replay.c: the capture at s->path, from the start of a gateway on. */
int replay_run(struct scenario *s);

/* send.c */
int statement_send(struct scenario *s, struct script_words *w);

/* expect.c */
int statement_expect(struct scenario *s, struct script_words *w);
