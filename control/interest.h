/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/table.h"
#include "control/timer.h"

/*
 * Open browsers: which links, or stations of them, asked a browse question within the last 75
 * minutes. What they are told is in control/tell.h. Control thread only.
 */

struct ctl;
struct dp_world;

#define CTL_INTEREST_MAX 131072         /* (question, link or station) pairs */
#define CTL_INTEREST_LINK_MAX 1024      /* ... of one link, */
#define CTL_INTEREST_STATIONS_MAX 16384 /* ... or of its stations, where they are told apart */
#define CTL_INTEREST_MS 4500000u        /* 75 minutes, the TTL of a PTR (RFC 6762 §10) */

/* "_printer._sub._http._tcp.local" and longer ones. */
#define CTL_INTEREST_NAME 127

/* A question that somebody is interested in. */
struct ctl_interest {
	struct ctl_entry entry;          /* node key of (qname, PTR) */
	uint8_t name_len;                /* 0: too long to be kept */
	uint8_t name[CTL_INTEREST_NAME]; /* qname, wire bytes */
	uint32_t links;                  /* ctl_browser list, never empty */
};

/* A link where it was asked, or one station of it. */
struct ctl_browser {
	struct ctl_timer timer;    /* the end of the interest */
	uint32_t next, prev;       /* of the question */
	uint32_t st_next, st_prev; /* of the station */
	uint32_t interest;
	uint32_t self;
	uint32_t asked_ms;
	uint32_t replayed_ms; /* when a waiting query got its answer by multicast there, | 1; 0:
				 never */
	uint32_t station;     /* 0: any */
	uint16_t link;
};

struct ctl_interests {
	struct ctl_table questions;
	struct slab *browsers;
};

int ctl_interests_init(struct ctl *c);
void ctl_interests_fini(struct ctl *c);

/*
 * The browse question (qname, PTR) was asked on a link; station: by whom, where policy asks who is
 * told, and only that one is told of what not everybody may see. 0 elsewhere.
 */
void ctl_interest_asked(struct ctl *c, const uint8_t *qname, uint16_t link, uint32_t station);

/* Who browses the question with this node key: the first, and the one after b; NULL: nobody. */
struct ctl_browser *ctl_interest_first(const struct ctl *c, struct hash128 node_key);
struct ctl_browser *ctl_interest_next(const struct ctl *c, const struct ctl_browser *b);

/*
 * After a reload: asks the browse questions that somebody is interested in, `budget` of them from
 * *cursor on, on links where by the new policy something may be learned that was not by the old one
 * (DESIGN §6). False when all have been looked at.
 */
bool ctl_interest_revive(
	struct ctl *c, const struct dp_world *was, uint32_t *cursor, unsigned budget);

/* A waiting query on that link gets its answer now, for all to hear: what was learned before is not
 * told again. */
void ctl_interest_replayed(struct ctl *c, struct hash128 node_key, uint16_t link);

/*
 * Puts the browse question of an interest on a link, if another link browses it and policy lets us
 * ask; whether it did.
 */
bool ctl_interest_ask(struct ctl *c, uint32_t interest, uint16_t link);

/* ... asks one station of it alone, whoever browses it elsewhere. */
bool ctl_interest_ask_station(struct ctl *c, uint32_t interest, uint32_t station);

/* A station is about to go: it browses no more. */
void ctl_interest_station_gone(struct ctl *c, uint32_t station);
