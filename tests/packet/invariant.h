/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "tests/packet/scenario.h"

/*
 * What must hold of every frame the gateway sends, whatever a scenario expects: headers, addresses
 * and checksums (RFC 6762 §11, DESIGN §4.5), form of the message (§18), nothing back onto the link
 * it came from, no link-local address, no record by multicast twice in a second (§6).
 */

struct invariants *invariants_create(void);
void invariants_free(struct invariants *v);

/* A station on the link has advertised these records: they are not to be told there. */
void invariants_advertised(
	struct invariants *v, const struct dp_link *l, const uint8_t *dns, size_t len);

/* From now on records may be told on links where a station advertised them as well. */
void invariants_allow_echo(struct invariants *v);

/* From now on records are multicast to defend names, so again after 250 ms (RFC 6762 §6). */
void invariants_defending(struct invariants *v);

/* Judges one frame; c->d.problem gets what is wrong. */
void invariants_check(struct invariants *v, const struct scenario *s, struct capture *c);
