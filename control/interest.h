/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/table.h"
#include "control/timer.h"

/*
 * Open browsers: which links asked a browse question within the last 75 minutes. They are told of
 * what is new, changed or withdrawn under it, by their home workers (DP_DOWN_TELL,
 * DP_DOWN_GOODBYE), since a browser that has its answer asks ever more seldom (RFC 6762 §5.2).
 * Links with `announce: true` are told of everything they may see (draft 3.3). Twice, a second
 * apart (§8.3, §8.4); goodbyes once; a record that flaps ten times a minute (control/update.h).
 * Control thread only.
 */

struct ctl;
struct dp_world;

#define CTL_INTEREST_MAX 131072         /* (question, link or station) pairs */
#define CTL_INTEREST_LINK_MAX 1024      /* ... of one link, */
#define CTL_INTEREST_STATIONS_MAX 16384 /* ... or of its stations, where they are told apart */
#define CTL_INTEREST_MS 4500000u        /* 75 minutes, the TTL of a PTR (RFC 6762 §10) */
#define CTL_TELL_MAX 8192      /* records about to be told; further ones are told at once */
#define CTL_TELL_AGAIN_MS 1000 /* between the two announcements (RFC 6762 §8.3, §8.4) */
#define CTL_TELL_PER_TURN 512  /* downcalls of one firing of a timer: rings are bounded */
/* until SRV, TXT and addresses of the same announcement are learned too */
#define CTL_TELL_DELAY_MS 50

/* "_printer._sub._http._tcp.local" and longer ones. */
#define CTL_INTEREST_NAME 127

/* A question that somebody is interested in. */
struct ctl_interest {
	struct ctl_entry entry;          /* node key of (qname, PTR) */
	uint8_t name_len;                /* 0: too long to be kept */
	uint8_t name[CTL_INTEREST_NAME]; /* qname, wire bytes */
	uint32_t links;                  /* ctl_browser list */
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

struct ctl_tell {
	uint32_t rec, gen;
	uint32_t from_ms; /* when it was learned */
};

/* Records to be told when each has waited for the same time. */
struct ctl_tell_fifo {
	struct ctl_tell *tell;  /* [CTL_TELL_MAX] */
	uint32_t head, tail;    /* count on; modulo CTL_TELL_MAX */
	struct ctl_timer timer; /* of the first in it */
};

struct ctl_interests {
	struct ctl_table questions;
	struct slab *browsers;
	struct ctl_tell_fifo first, again;
	uint32_t serial;     /* of what is being told: ctl_link.told_serial */
	uint16_t n_announce; /* links with `announce: true`, */
	uint16_t *announce;  /* ... [DP_LINKS_MAX] */
};

int ctl_interests_init(struct ctl *c);
void ctl_interests_fini(struct ctl *c);

/*
 * The browse question (qname, PTR) was asked on a link; station: by whom, where policy asks who is
 * told, and only that one is told of what not everybody may see. 0 elsewhere.
 */
void ctl_interest_asked(struct ctl *c, const uint8_t *qname, uint16_t link, uint32_t station);

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

/* A record was added (or is back from dying): tells it where it is new, or differs from what was
 * there. */
void ctl_interest_added(struct ctl *c, uint32_t rec);

/* Tells a live record, soon and again a second later. */
void ctl_interest_tell(struct ctl *c, uint32_t rec);

/* A new world: which links announce. */
void ctl_interest_world(struct ctl *c, const struct dp_world *w);

/*
 * Puts the browse question of an interest on a link, if another link browses it and policy lets us
 * ask; whether it did.
 */
bool ctl_interest_ask(struct ctl *c, uint32_t interest, uint16_t link);

/* ... asks one station of it alone, whoever browses it elsewhere. */
bool ctl_interest_ask_station(struct ctl *c, uint32_t interest, uint32_t station);

/* A station is about to go: it browses no more. */
void ctl_interest_station_gone(struct ctl *c, uint32_t station);

/* A record began to die. */
void ctl_interest_dying(struct ctl *c, uint32_t rec);
