/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <criterion/criterion.h>
#include <stdint.h>

#include "control/request.h"
#include "dataplane/msg.h"
#include "dataplane/pkt.h"
#include "dns/reader.h"

/*
 * Control alone, between rings: what workers would send up is put into them by hand, and what comes
 *down is taken out and kept as a log. Time is ours. The links of the test configuration:
 *
 *	1 lab     10.10.0.0/24, fd00:10::/64	printers
 *	2 desk    10.20.0.0/24, fd00:20::/64	sees printing and files
 *	3 guest   10.30.0.0/24, fd00:30::/64	sees printing only
 */

/* Records and questions are written down in few words, the rest of the fields being zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

enum { LAB = 1, DESK, GUEST };

#define START_MS 1000000u

/* A record in words: name, type, TTL, data (a name; an address; text of TXT), with the flush bit
 * for unique types. */
struct rr {
	const char *name;
	uint16_t type;
	uint32_t ttl;
	const char *data;
	bool shared;   /* no flush bit although the type is unique */
	int section;   /* enum dns_section; 0: answer */
	uint16_t port; /* of SRV */
};

struct ask {
	const char *name;
	uint16_t type;
	bool qu;
};

/* What came down, in order. */
struct down {
	struct dp_downcall call;
	uint32_t at_ms;
	/* DP_DOWN_TX */
	uint8_t frame[2048];
	size_t len;
	uint16_t vlan;
	const uint8_t *l3, *l4; /* ARP / IP header; what is behind IP and its options */
	uint16_t ethertype;
	uint8_t proto;
	const uint8_t *dns; /* mDNS messages only, else NULL */
	size_t dns_len;
	/* DP_DOWN_REPLAY */
	struct dp_pkt pkt;
};

#define DOWN_LOG 4096

struct harness {
	struct dp_shared shared;
	struct ctl *ctl;
	struct policy_names *names;
	struct dp_world *world;
	uint64_t now_us;
	struct down *log; /* [DOWN_LOG] */
	unsigned n;
	uint32_t records; /* limits.records of the next start(); 0: 2000 */
	uint64_t generation;
	bool answered; /* the worker found answers to what is asked: control only hears of interest
			*/
	bool paused;   /* upcalls wait for a turn of the test's own */
};

extern struct harness h;
extern const char *const campus; /* the configuration above */

void start(
	void); /* EAL, control, the campus world in force, its start-up frames done and forgotten */
void stop(void);

void start_bare(void); /* without a world */
/* Builds a world of a configuration; links that share a name keep their id. Submits it; reply not
 * awaited. */
struct ctl_request *submit_world(const char *yaml);
/* The same, and turns until it is in force. Frees the old one. */
void load_world(const char *yaml);
void world_free(struct dp_world *w);

/* Turns until nothing is left to do, and logs what comes down. */
void turn(void);
/* Lets time pass, turning at each of control's timers. */
void elapse(uint32_t ms);
void forget(void); /* empties the log */
uint32_t now_ms(void);

struct mac_addr station_mac(unsigned station);
/* 10.<link>0.0.<station> of a link */
void station_ip4(uint16_t link, unsigned station, uint8_t ip[4]);

/* A response of a station of a link to the group over IPv4. */
void hear_from(uint16_t link, unsigned station, const uint8_t *src4, uint8_t flags,
	const struct rr *rr, unsigned n);
#define HEAR(link, station, ...)                                                                   \
	hear_from(link, station, NULL, DP_PKT_GROUP, (const struct rr[]){__VA_ARGS__},             \
		sizeof((const struct rr[]){__VA_ARGS__}) / sizeof(struct rr))

/* A query a worker has looked at; ask and incomplete as in dp_pkt. */
void query(uint16_t link, unsigned station, uint64_t ask, uint64_t incomplete, const struct ask *q,
	unsigned n);
#define QUERY(link, station, missed, lacking, ...)                                                 \
	query(link, station, missed, lacking, (const struct ask[]){__VA_ARGS__},                   \
		sizeof((const struct ask[]){__VA_ARGS__}) / sizeof(struct ask))

/* An upcall made elsewhere. */
void upcall(const struct dp_upcall *u);

/* Index of the record, 0 if it is not held. */
uint32_t find(uint16_t link, const char *name, uint16_t type, const char *data);
struct cache_record *record(uint32_t idx);
/* Is it there and may this link see it? */
bool visible(uint32_t rec, uint16_t to);

/* Counts what came down: op, link (0: any). */
unsigned count(unsigned op, uint16_t link);
/* The n-th of that kind; fails the test if there are not so many. */
const struct down *nth(unsigned op, uint16_t link, unsigned n);
/* mDNS messages of ours on a link with this question; the n-th of them, or NULL. */
const struct down *asked(uint16_t link, const char *name, uint16_t type, unsigned n);
unsigned times_asked(uint16_t link, const char *name, uint16_t type);
/* Does the message ask this? *qu tells the bit. */
bool has_question(const struct down *d, const char *name, uint16_t type, bool *qu);
unsigned answers_in(const struct down *d);
bool is_multicast(const struct down *d);

uint64_t counter(unsigned c);
