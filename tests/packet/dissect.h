/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"
#include "dns/wire.h"

/* Frames that the gateway sent, taken apart. Whatever is malformed ends up in `problem`. */

enum dissect_kind {
	DISSECT_RESPONSE, /* mDNS with QR */
	DISSECT_QUERY,    /* mDNS without */
	DISSECT_HOST,     /* ARP, ND, IGMP, MLD; see text */
	DISSECT_OTHER,
};

struct dissect_rr {
	uint8_t section;
	bool flush; /* questions: QU */
	uint16_t rrtype;
	uint16_t rrclass;
	uint32_t ttl;
	uint8_t name[DNS_NAME_MAX + 1];
	uint8_t *rdata; /* uncompressed */
	uint16_t rdlen;
	uint16_t wire_rdlen; /* as it stood in the message */
};

struct dissected {
	uint64_t at_us; /* when it was sent */
	uint16_t port;  /* DPDK port */
	enum dissect_kind kind;
	struct mac_addr smac, dmac;
	unsigned n_tags;
	uint16_t tci;  /* of the one tag */
	size_t ip_len; /* bytes of the IP packet, as its header says; of the largest fragment */
	unsigned fragments; /* it came in that many; 0: in one frame */
	size_t whole_len;   /* fragments: bytes of the packet made of them */
	struct ip_addr src, dst;
	uint8_t ttl; /* or hop limit */
	uint16_t sport, dport;
	uint16_t id, flags;
	struct dissect_rr *rr; /* questions first, then records */
	size_t n_rr;
	char text[256];    /* DISSECT_HOST: in one line */
	char problem[256]; /* empty: well-formed */
};

/* To everybody on the link: by the MAC, since a frame to one station may have the group's address
 * (RFC 6085). */
static inline bool dissect_to_all(const struct dissected *d)
{
	return mac_is_multicast(&d->dmac);
}

void dissect(struct dissected *d, const uint8_t *frame, size_t len);
void dissect_free(struct dissected *d);

/* Prints it for people; origin_us: what times count from. link: its name. */
void dissect_print(const struct dissected *d, const char *link, uint64_t origin_us, FILE *out);

/* One question or record in a line; returns buf. */
const char *dissect_rr_text(const struct dissect_rr *r, char *buf, size_t size);
