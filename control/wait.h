/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/table.h"
#include "control/timer.h"

/*
 * Queries that wait for records: a consumer that asks by QU or from another port does not ask
 *twice, so the query itself is kept (a copy of ours, no RX buffer), and replayed to its link's home
 *worker when something arrived that answers it (DESIGN §4.3). A *completing* query waits for what
 *some services lack, and is replayed in any case. Control thread only.
 *
 *	record ── node key ──▶ ctl_wait_key ──▶ ctl_wait_ref ... ──▶ ctl_waiter
 */

struct ctl;
struct rte_mbuf;

#define CTL_WAIT_MAX 4096     /* queries, and never more than a quarter of the pool's mbufs */
#define CTL_WAIT_LINK_MAX 512 /* ... of one link */
#define CTL_WAIT_KEYS 16      /* names a query can wait for */
#define CTL_WAIT_MS 6000      /* RFC 8766 §5.6: three questions and a while for the answers */
#define CTL_WAIT_COMPLETE_MS 500
/* What arrives goes into one answer: woken so long after the last record, but not longer after the
 * first. */
#define CTL_WAIT_QUIET_MS 10
#define CTL_WAIT_GATHER_MS 50

#define CTL_WAIT_COMPLETING 0x01
#define CTL_WAIT_MULTICAST 0x02 /* the answer goes to the group: open browsers hear it too */
#define CTL_WAIT_SHORT 0x04     /* there is nothing to wait for any more: replayed at once */

struct ctl_waiter {
	struct ctl_entry entry; /* of (link, sender, message): a query said twice waits once */
	struct ctl_timer timer; /* wake or deadline */
	struct rte_mbuf *m;
	uint32_t deadline_ms;
	uint32_t first_ms; /* arrival of the first record since it waits, | 1; 0: none yet */
	uint16_t link;
	uint8_t flags; /* CTL_WAIT_* */
	uint8_t n_refs;
	uint32_t ref[CTL_WAIT_KEYS];
};

struct ctl_wait_key {
	struct ctl_entry entry; /* node key */
	uint32_t refs;          /* list */
	uint32_t touched_ms;    /* its waiters were told so in this millisecond, | 1 */
};

struct ctl_wait_ref {
	uint32_t next, prev;
	uint32_t key;
	uint32_t waiter;
};

struct ctl_waits {
	struct ctl_table waiters;
	struct ctl_table keys;
	struct slab *refs;
	uint32_t max;
};

int ctl_waits_init(struct ctl *c);
void ctl_waits_fini(struct ctl *c);

/* Names a query waits for; adding one twice or one too many does nothing. */
struct ctl_wait_list {
	unsigned n;
	struct hash128 key[CTL_WAIT_KEYS];
};

void ctl_wait_for(struct ctl_wait_list *list, struct hash128 node_key);

/*
 * Keeps a copy of the query until something arrives under one of these keys, or the time of its
 * kind has passed. questions: those that wait, as in dp_pkt.ask, which the copy gets. flags:
 * CTL_WAIT_*. The mbuf stays the caller's. Refused (counted) when the table is full.
 */
void ctl_wait(struct ctl *c, struct rte_mbuf *m, const struct ctl_wait_list *list,
	uint64_t questions, unsigned flags);

/* A record was added: those who wait for its node are woken soon. */
void ctl_wait_arrived(struct ctl *c, uint32_t rec);

/*
 * query.c: is there something now to answer the waiting query with, and is it whole? If parts are
 * missing, their owners are asked, and `list` gets their names.
 */
enum ctl_ready {
	CTL_READY,
	CTL_LACKING, /* there is an answer, and its owner was asked for the rest of it */
	CTL_NOT_READY,
};
enum ctl_ready ctl_query_ready(struct ctl *c, struct ctl_waiter *w, struct ctl_wait_list *list);
