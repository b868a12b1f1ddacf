/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "management/people.h"
#include "management/radius_packet.h"

/*
 * What the network says of stations, by accounting sessions (RFC 2866): one per MAC address, the
 * one that began last. Messages come late, twice and out of order: one of an older session than the
 * present one says nothing any more, and a session that ended does not begin again. Management
 * thread.
 */

#define MGMT_ENDED_MS 600000 /* an ended session is remembered for so long */
#define MGMT_ENDED_MAX 131072

enum mgmt_accounted {
	MGMT_ACCOUNTED,         /* control is told: mgmt_radius_told() with the slot follows */
	MGMT_ACCOUNTED_ALREADY, /* nothing new */
	MGMT_ACCOUNTED_STALE,   /* of a session that is not the present one */
	MGMT_ACCOUNTED_NO_MEMORY,
};

/* Start, Interim-Update or Stop. nas: who sent it, where it does not say so. slot: of its reply. */
enum mgmt_accounted mgmt_session_account(
	struct mgmt *m, const struct radius_request *r, const uint8_t nas[16], unsigned slot);

/* Accounting-On or -Off: all sessions of the NAS have ended. Returns how many. */
unsigned mgmt_sessions_end(struct mgmt *m, const uint8_t nas[16]);

/* A command said that the station left. Control is told by that. */
void mgmt_session_end(struct mgmt *m, struct mgmt_person *p);

/* Another configuration is in force: what attributes mean may have changed. */
void mgmt_sessions_world(struct mgmt *m);

/* Control has taken in what was said (MGMT_PENDING_SESSION). */
void mgmt_session_done(struct mgmt *m, struct mgmt_pending *p);

/* Tells control what is new, forgets what ended long ago. Returns how much was done. */
unsigned mgmt_sessions_turn(struct mgmt *m);

void mgmt_sessions_free(struct mgmt *m);
