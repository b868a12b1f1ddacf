/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/blob.h"
#include "control/table.h"
#include "control/timer.h"

/*
 * Our own questions. One entry per (link, qname, qtype), whoever wants to know: identical ones are
 * coalesced by the intervals of RFC 6762 §5.2 (at least a second, doubling, at most an hour). A
 * series begins anew when nobody wanted an answer for two intervals. The first question goes at
 * once, since a consumer waits for it; unanswered ones are put twice more (RFC 8766 §5.6). Messages
 * are paced by the link's `query_budget`; what is over it waits. Control thread only.
 */

struct ctl;
struct dp_link;

#define CTL_QUESTIONS_MAX 131072
/* Browse questions, which any name makes, leave the rest of the table to owners and refreshes. */
#define CTL_QUESTIONS_BROWSE (CTL_QUESTIONS_MAX / 4 * 3)
#define CTL_QUESTION_NAMES (16u << 20) /* bytes of names, at most */

enum ctl_ask_how {
	CTL_ASK_BROWSE, /* everybody on the link: multicast, known answers go along (RFC 6762 §7.1)
			 */
	CTL_ASK_OWNER,  /* the remembered owner: by unicast where its address is known, then by
			   multicast */
	CTL_ASK_REFRESH, /* the owner, about a record we hold (§5.2, §10.4): outside the intervals,
			    at most once a second */
	CTL_ASK_PINNED,  /* as CTL_ASK_BROWSE, but by the intervals of the pinned types, outside
			    those of consumers' questions */
};

struct ctl_ask {
	const uint8_t *qname; /* wire name, any case */
	uint16_t qtype;
	uint16_t link;
	uint8_t how;      /* enum ctl_ask_how */
	bool multicast;   /* not by unicast even if that could be done */
	bool alone;       /* CTL_ASK_REFRESH: of this station, whatever others are asked */
	bool verify;      /* CTL_ASK_REFRESH: twice a second, as long as a prober waits (§8.1) */
	uint32_t station; /* the owner's; 0: not known (any more) */
};

#define CTL_Q_PENDING 0x01 /* on its link's list, to be sent */
#define CTL_Q_BROWSE 0x02
#define CTL_Q_UNICAST 0x04 /* to mac and ip */
#define CTL_Q_QU 0x08      /* invites a unicast response (§5.4: not in retransmissions) */
/* the last to ask was a refresh: the series of intervals goes on as if it had not */
#define CTL_Q_REFRESH 0x10
/* with CTL_Q_UNICAST: a frame to mac, with the address of the group (RFC 6085), since not all who
 * listen there hear what comes to its own (RFC 6762 §15.1) */
#define CTL_Q_GROUP 0x40
#define CTL_Q_HEARD 0x20 /* somebody else just asked it: it counts as sent (§7.3) */

struct ctl_question {
	struct ctl_entry entry; /* of (link, node key) */
	struct ctl_timer timer; /* the next repetition, or the end of the entry */
	struct hash128 node;    /* node key of (qname, qtype) */
	uint32_t name;          /* blob: qname */
	uint32_t next;          /* on the link's list */
	uint32_t asked_ms;      /* when it was sent last; 0: never */
	uint32_t wanted_ms;     /* when somebody wanted to know last */
	uint32_t interval_ms;   /* not asked again sooner after asked_ms */
	uint16_t link;
	uint16_t qtype;
	uint8_t flags;    /* CTL_Q_* */
	uint8_t repeats;  /* repetitions left while nobody answers */
	uint8_t families; /* of what is multicast: 1 IPv4, 2 IPv6 */
	uint8_t family;   /* CTL_Q_UNICAST without CTL_Q_GROUP: 4 or 6 */
	struct mac_addr mac;
	uint8_t ip[16];
};

struct ctl_questions {
	struct ctl_table table;
	struct blob_store *names;
	uint16_t links; /* list of links with questions to send, by ctl_link.ask_next; 0: none */
};

int ctl_questions_init(struct ctl *c);
void ctl_questions_fini(struct ctl *c);

enum ctl_asked {
	CTL_NOT_ASKED,    /* no such link, or no room (counted) */
	CTL_ASKED_BEFORE, /* a moment ago, or it waits to be sent */
	CTL_ASKED_NOW,    /* it goes out when the turn ends, or as soon as the budget lets it */
};

/* Somebody wants to know. */
enum ctl_asked ctl_question_ask(struct ctl *c, const struct ctl_ask *a);

/* Is it still there? Asks the station, and it alone, for its own (RFC 6762 §10.4). station: 0, all
 * of the link. */
enum ctl_asked ctl_question_verify(
	struct ctl *c, const uint8_t *qname, uint16_t qtype, uint16_t link, uint32_t station);

/* Would asking this put a question on the link now, rather than join one that was asked a moment
 * ago? */
bool ctl_question_is_news(struct ctl *c, const struct ctl_ask *a);

/*
 * A query to the group of a link asked this, without known answers. Ours, if it waits to be put
 * there for all to hear, counts as sent (RFC 6762 §7.3).
 */
void ctl_question_heard(struct ctl *c, const uint8_t *qname, uint16_t qtype, uint16_t link);

/* A record was added: what it answers need not be asked again. */
void ctl_question_answered(struct ctl *c, uint32_t rec);

/* Sends what this turn gathered, several questions to a message. Returns how many messages. */
unsigned ctl_question_turn(struct ctl *c);

/* emit.c: puts n questions with the same destination into as few messages as they fit. Returns how
 * many were sent. */
unsigned ctl_emit(
	struct ctl *c, const struct dp_link *l, struct ctl_question *const q[], unsigned n);

/* emit.c: messages that these questions will take at least (one per family). */
unsigned ctl_emit_cost(const struct ctl_question *q);

/* emit.c: room for questions in one message of the link, in bytes. */
uint32_t ctl_emit_room(const struct dp_link *l);
