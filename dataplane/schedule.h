/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/wheel.h"
#include "dataplane/world.h"

/*
 * The multicast schedule of the links a worker is home of (RFC 6762 §6, §6.4): which records wait
 * to be sent to a link's group, and when each was sent last. Belongs to the home worker alone;
 * bounded; no allocation after start.
 */

struct dp_worker;

#define DP_SCHED_ITEMS 16384 /* records waiting, all links of a worker */
#define DP_LAST_SETS 16384   /* power of two; four entries each */

#define DP_SCHED_TYPE                                                                              \
	0x01 /* node of a service type, rec is its index: answer to type enumeration */
#define DP_SCHED_GOODBYE 0x02 /* with TTL 0 (RFC 6762 §10.1) */
#define DP_SCHED_DELAY 0x04   /* others may answer too: 20-120 ms from now (RFC 6762 §6, §6.3) */
#define DP_SCHED_PROBE 0x08   /* defends a name: again after 250 ms instead of a second (§6) */
#define DP_SCHED_NSEC 0x20    /* a negative answer made from rec (RFC 6762 §6.1) */
#define DP_SCHED_AGAIN 0x10   /* set by the schedule: it was sent before, at sent_ms */

/* A record that waits for its multicast on (link, family). */
struct dp_sched_item {
	uint32_t next; /* index; 0: last */
	uint32_t rec;  /* record index; with DP_SCHED_TYPE a node index */
	uint32_t gen;
	uint32_t due_ms;      /* sent at the latest then */
	uint32_t earliest_ms; /* may go with others from then on */
	uint32_t sent_ms;     /* DP_SCHED_AGAIN: when it was sent before */
	uint32_t flags;
};

/* What waits on one (link, family), in order of arrival. */
struct dp_sched_queue {
	struct wheel_item timer; /* at the least due_ms */
	uint32_t head, tail;
	uint16_t link;
	uint8_t family;
};

/* When a record was last multicast on (link, family): four ways a set, one line. */
struct dp_last {
	uint32_t rec; /* with the top bit: a type's node; with the next one: a negative answer */
	uint32_t gen;
	union {
		uint32_t sent_ms; /* DP_LAST_SENT */
		uint32_t item;    /* DP_LAST_WAITING: the item, which keeps sent_ms meanwhile */
	};
	uint16_t link;
	uint8_t family; /* 0: unused */
	uint8_t flags;  /* DP_LAST_* */
};

#define DP_LAST_WAITING 0x01 /* it is on the schedule, as `item` */
#define DP_LAST_SENT 0x02    /* it was sent at sent_ms; never both */

struct dp_schedule {
	struct wheel wheel;
	uint32_t free; /* list of free items */
	uint32_t waiting;
	struct dp_sched_item *item;   /* [DP_SCHED_ITEMS + 1] */
	struct dp_sched_queue *queue; /* [DP_LINKS_MAX * 2] */
	struct dp_last *last;         /* [DP_LAST_SETS * 4] */
};

/* 0 or -ENOMEM. */
int dp_schedule_init(struct dp_schedule *s, unsigned socket, uint32_t now_ms);
void dp_schedule_fini(struct dp_schedule *s);

/*
 * Puts a record on the schedule of (link, family). With DP_SCHED_DELAY it is sent 20-120 ms from
 * now, so that several responders do not collide and answers to queries that follow each other go
 * together; else as soon as possible. In both cases not within a second of its last multicast there
 * (250 ms with DP_SCHED_PROBE): then it is sent when that time is over, since who asks now may not
 * have heard it. False: the schedule is full.
 */
bool dp_schedule_add(struct dp_worker *w, const struct dp_link *l, unsigned family, uint32_t rec,
	uint32_t gen, unsigned flags);

/* Was the record multicast on (link, family) within the last `ms`, or does it wait there? flags:
 * DP_SCHED_TYPE, DP_SCHED_NSEC or 0. Only the link's home worker knows. */
bool dp_schedule_recent(struct dp_worker *w, const struct dp_link *l, unsigned family, uint32_t rec,
	uint32_t gen, unsigned flags, uint32_t ms);

/*
 * Somebody else multicast the records in w->known (identity, TTL) on (link, family): what waits of
 * them with no more TTL counts as sent (RFC 6762 §7.4). Looks at a bounded number of items.
 */
void dp_schedule_heard(struct dp_worker *w, const struct dp_link *l, unsigned family);

/* Sends what may go now on (link, family), if anything is due. */
void dp_schedule_kick(struct dp_worker *w, const struct dp_link *l, unsigned family);

/* Runs the timers; returns how many fired. */
unsigned dp_schedule_turn(struct dp_worker *w, unsigned budget);
