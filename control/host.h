/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bucket.h"
#include "control/timer.h"
#include "dataplane/world.h"

/*
 * What makes switches and stations treat the gateway as a host of each link: ARP, neighbour
 * discovery, IGMP and MLD for 224.0.0.251 and ff02::fb (RFC 4541 lets a snooping switch starve who
 * did not report). Control thread only.
 */

struct ctl;
struct rte_mbuf;

#define CTL_HOST_RATE 100 /* host duty packets handled per link and second */
#define CTL_HOST_BURST 200
#define CTL_START_RATE 1000 /* frames a second when links start (DESIGN §3) */

/* What a starting link has to send, least bit first; each costs one to a few frames. */
/* reports come first: a snooping switch then lets the answers to DAD through */
#define CTL_DUTY_MLD 0x01
#define CTL_DUTY_DAD 0x02 /* RFC 4862 §5.4: is anybody using our IPv6 addresses? */
#define CTL_DUTY_ARP 0x04 /* RFC 5227 §2.3: this IPv4 address is ours */
#define CTL_DUTY_IGMP 0x08
#define CTL_DUTY_SEEK 0x20 /* draft 4.3: is another gateway here? */
#define CTL_DUTY_SELF 0x40 /* ... here is one (RFC 6762 §8.3) */
#define CTL_DUTY_NA 0x10   /* RFC 4861 §7.2.6: these IPv6 addresses are ours */
#define CTL_DUTY_PIN                                                                               \
	0x80 /* RFC 6762 §5.2: what is pinned is asked for; at the start and ever after */

/* Of each link. */
struct ctl_host {
	/* What is let in, at CTL_HOST_RATE: ARP and ND; IGMP and MLD apart, so that a flood of the
	 * one does not silence our groups. */
	struct bucket_level shed, group_shed;
	struct ctl_timer start; /* the next round of the start */
	struct ctl_timer igmp;  /* a report in answer to a query, within its response time */
	struct ctl_timer mld;
	/* clock_ms() | 1 until which an older querier is taken to be there (RFC 3376 §7.2.1, RFC
	 * 3810 §8.2.1); 0: none. */
	uint32_t igmp_v1_ms, igmp_v2_ms, mld_v1_ms;
	uint32_t defended_ms; /* clock_ms() | 1 of our last answer to a claim on addr4; 0: never */
	uint8_t duties;       /* CTL_DUTY_* to send */
	uint8_t round;        /* of the start */
	bool listed;          /* on the list of links with duties */
	uint16_t next;
};

/* Of all links together. */
struct ctl_duties {
	struct bucket pace;
	struct bucket_rate shed;
	struct ctl_timer timer; /* when the pace has tokens again */
	uint16_t head, tail;    /* links with duties, in order */
};

void ctl_host_init(struct ctl *c);

/* The link is new, changed, or has its carrier back: reports, DAD and announcements, paced over all
 * links. */
void ctl_host_start(struct ctl *c, uint16_t link);

/* One more duty of the link (CTL_DUTY_*): it has its turn when the pace allows. */
void ctl_host_owes(struct ctl *c, uint16_t link, uint8_t duty);

/* The link is gone: nothing of it is sent any more. */
void ctl_host_stop(struct ctl *c, uint16_t link);

/* Says on the link that we leave the groups (RFC 3376 §5.1, RFC 3810 §6.1). */
void ctl_host_leave(struct ctl *c, const struct dp_link *l);

/* Sends what starting links have to send, as far as the pace allows. Returns how many duties were
 * done. */
unsigned ctl_host_turn(struct ctl *c);

/* One packet of DP_UP_HOST; the mbuf stays the caller's. */
void ctl_host_input(struct ctl *c, struct rte_mbuf *m);

/* A host duty packet taken apart as far as all of them are alike. Lengths are checked against the
 * data. */
struct ctl_in {
	const struct dp_link *l;
	struct mac_addr smac;
	const uint8_t *l3; /* ARP, IPv4 or IPv6 header */
	size_t l3_len;     /* bytes from there to the end of the data */
	const uint8_t *l4; /* ICMPv6 or IGMP */
	size_t l4_len;     /* as the IP header says */
};

/* Of each protocol: handle a packet; true if it asked for something of ours. */
bool ctl_arp_input(struct ctl *c, const struct ctl_in *in);
bool ctl_nd_input(struct ctl *c, const struct ctl_in *in);
bool ctl_igmp_input(struct ctl *c, const struct ctl_in *in);
bool ctl_mld_input(struct ctl *c, const struct ctl_in *in);

/* Somebody answered from this address: false if nobody of us had asked. */
bool ctl_host_present(
	struct ctl *c, uint16_t link, const struct ip_addr *addr, const struct mac_addr *mac);

/* Ask for the MAC of an address of the link; the answer goes to ctl_host_present(). */
void ctl_arp_ask(struct ctl *c, const struct dp_link *l, const uint8_t ip4[4]);
void ctl_nd_ask(struct ctl *c, const struct dp_link *l, const uint8_t ip6[16]);
void ctl_arp_announce(struct ctl *c, const struct dp_link *l);
void ctl_nd_probe(struct ctl *c, const struct dp_link *l); /* DAD for all our addresses */
void ctl_nd_announce(
	struct ctl *c, const struct dp_link *l); /* unsolicited advertisements of them */

enum ctl_report {
	CTL_REPORT_JOIN,    /* we have begun to listen */
	CTL_REPORT_CURRENT, /* we are listening: in answer to a query */
	CTL_REPORT_LEAVE,
};

void ctl_igmp_report(struct ctl *c, const struct dp_link *l, enum ctl_report what);
void ctl_mld_report(struct ctl *c, const struct dp_link *l, enum ctl_report what);
