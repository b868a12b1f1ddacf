/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "tests/packet/frame.h"
#include "tests/packet/script.h"
#include "tests/packet/station.h"

/*
 * What stations send of ARP, neighbour discovery, IGMP and MLD:
 *
 *	arp who-has ADDRESS            arp is-at ADDRESS
 *	ns ADDRESS [dad]               na ADDRESS
 *	igmp v1|v2|v3 [GROUP]          a query, general without GROUP
 *	mld v1|v2 [GROUP]
 *
 * `word` begins with the kind. spec: MACs, tags and what is wrong are filled in; addresses too if
 * the line named them (family 0: chosen here). Length of the frame in buf, or 0 with a reason.
 */
size_t hostframe_build(struct frame_spec *spec, const struct station *from, char **word, unsigned n,
	uint8_t *buf, char why[SCRIPT_WHY]);

/* Is it a kind that hostframe_build() knows? */
bool hostframe_is(const char *word);
