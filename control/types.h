/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/table.h"

/*
 * The service types with a PTR record now, from which workers make up the answer to
 * _services._dns-sd._udp (RFC 6763 §9). Published as a whole, at most once a turn, when it has
 * changed; the old list is freed by deferral. Control thread only.
 */

struct ctl;

#define CTL_TYPES_MAX 16384 /* further types are answered, but not enumerated */

struct ctl_types {
	struct ctl_table table; /* struct ctl_type, by node key */
	uint32_t *node;         /* node indexes, dense; [CTL_TYPES_MAX] */
	uint32_t n;
	bool changed;
};

int ctl_types_init(struct ctl *c);
void ctl_types_fini(struct ctl *c);

/* A record was added, or is being removed; those that are no PTR of a service type do not matter.
 */
void ctl_types_added(struct ctl *c, uint32_t rec);
void ctl_types_removing(struct ctl *c, uint32_t rec);

/* Publishes the list if it changed. */
void ctl_types_turn(struct ctl *c);
