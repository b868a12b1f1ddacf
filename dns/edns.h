/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The options inside the rdata of an OPT record (RFC 6891 §6.1.2) and the two that mDNS stacks
 * send: the sleep proxy's owner option and the time-since-received option, whose index counts the
 * records of the very message it came in. Neither may be copied into a message built anew.
 * Pure functions for any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_OPT_OWNER 4
#define DNS_OPT_TSR 65002

struct dns_opt {
	uint16_t code;
	uint16_t len;        /* bytes at data */
	const uint8_t *data; /* within the rdata given to dns_opt_next() */
};

/* Owner option (draft-cheshire-edns0-owner-option): who is asleep behind this proxy. */
struct dns_opt_owner {
	uint8_t version;
	uint8_t sequence;
	uint8_t mac[6];      /* primary MAC, the station's identity */
	uint8_t wake_mac[6]; /* where to send the magic packet; the primary one if none is given */
};

/* Time since received (draft-ietf-dnssd-tsr). */
struct dns_opt_tsr {
	uint32_t seconds;  /* since the record was registered */
	uint32_t key_hash; /* of the registering host's key */
	uint16_t index;    /* of the record meant, counted from the message's first record */
};

/*
 * Reads the option at *pos of rdata and moves *pos behind it; start with *pos = 0. Returns 1 when
 * opt was filled, 0 at the end, -EBADMSG if an option does not fit (the rest is lost).
 */
int dns_opt_next(const uint8_t *rdata, size_t rdlen, size_t *pos, struct dns_opt *opt);

/* Reads an owner option of 8, 14, 18 or 20 bytes. Returns 0, or -EINVAL for anything else. */
int dns_opt_owner(const struct dns_opt *opt, struct dns_opt_owner *owner);

/* Reads a TSR option of 10 bytes. Returns 0, or -EINVAL for anything else. */
int dns_opt_tsr(const struct dns_opt *opt, struct dns_opt_tsr *tsr);
