/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/wire.h"
#include "tests/packet/script.h"

/*
 * DNS messages as text: what stations send, and what is expected of the gateway. One encoder of its
 * own, so that the gateway's writer is not tested against itself.
 *
 *	? NAME TYPE [QU]                       a question
 *	NAME TTL [flush] TYPE RDATA            a record of the present section
 *	answer: authority: additional:         begins a section; it is the answer section at first
 *	anywhere:                              (expected) the record may stand in any section
 *	...                                    (expected) and whatever else
 *	! NAME TYPE                            (expected) no such record
 */

#define MESSAGE_ANYWHERE DNS_SECTIONS

struct message_entry {
	const struct script_line *at;
	uint8_t section; /* enum dns_section or MESSAGE_ANYWHERE */
	bool absent;     /* "!": rdata unused */
	bool flush;      /* records: cache-flush bit; questions: QU bit */
	bool raw;        /* rdata is sent as it is */
	uint8_t name[DNS_NAME_MAX + 1];
	uint8_t name_len;
	uint16_t rrtype;
	uint16_t rrclass; /* without its top bit */
	uint32_t ttl_lo;  /* sent, or the least that is expected */
	uint32_t ttl_hi;
	uint8_t *rdata; /* uncompressed */
	size_t rdlen;
};

struct message {
	struct message_entry *entry;
	size_t n;
	bool more; /* "..." */
};

/* Reads n lines. 0, or -1 with a reason that names the line. message_free() in both cases. */
int message_parse(
	struct message *m, const struct script_line *lines, size_t n, char why[SCRIPT_WHY]);
void message_free(struct message *m);

/*
 * Writes the message; names in PTR, SRV and the like and all owner names are compressed if
 * `compress`. counts: NULL, or what the header is to claim. Length, or -1: no room.
 */
int message_encode(const struct message *m, uint16_t id, uint16_t flags, bool compress,
	const uint16_t *counts, uint8_t *buf, size_t cap);

/* One entry as a line of text into buf; returns buf. */
const char *message_entry_text(const struct message_entry *e, char *buf, size_t size);
