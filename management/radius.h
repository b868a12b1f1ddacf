/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "management/mgmt_priv.h"

/*
 * The RADIUS accounting listener (RFC 2866): a socket, who may speak to it, duplicates, replies.
 * What requests say is sessions.h's to know. A reply goes when control has taken in what was said,
 * so who has it may rely on it. Management thread.
 */

#define RADIUS_NO_SLOT UINT32_MAX

#define RADIUS_COUNTERS(X)                                                                         \
	X(requests, "datagrams received")                                                          \
	X(replies, "replies sent")                                                                 \
	X(accounted, "requests that said something new")                                           \
	X(repeated, "requests that said what was known")                                           \
	X(stale, "requests of a session that is not the present one, or has ended")                \
	X(duplicates, "requests received again (RFC 2866 2)")                                      \
	X(unknown_client, "datagrams from nobody that radius.clients lists")                       \
	X(bad_secret, "requests whose authenticator is wrong")                                     \
	X(malformed, "datagrams that are no whole accounting request")                             \
	X(no_station, "requests without a MAC address in Calling-Station-Id")                      \
	X(other_status, "requests with an Acct-Status-Type that says nothing of stations")         \
	X(nas_restarts, "Accounting-On and -Off: all sessions of a NAS ended")                     \
	X(no_memory, "requests not kept for want of memory")

enum radius_counter {
#define RADIUS_COUNTER_ENUM(name, text) RADIUS_C_##name,
	RADIUS_COUNTERS(RADIUS_COUNTER_ENUM)
#undef RADIUS_COUNTER_ENUM
		RADIUS_N_COUNTERS
};

struct mgmt_radius *mgmt_radius_create(void);
void mgmt_radius_destroy(struct mgmt *m);

/*
 * Makes ready what a configuration says, beside what is in use: the socket bound, the secret read.
 * 0, or a negative errno with why. Then comes _commit(), or _cancel().
 */
int mgmt_radius_prepare(struct mgmt *m, const struct config *config, char *why);
void mgmt_radius_commit(struct mgmt *m);
void mgmt_radius_cancel(struct mgmt *m);

/* The socket is ready. Returns how many datagrams were taken. */
unsigned mgmt_radius_ready(struct mgmt *m);

/* Control knows what the request with this slot said: it is replied to. */
void mgmt_radius_told(struct mgmt *m, unsigned slot);

/* By index, for metrics. */
const char *mgmt_radius_name(unsigned counter);
const char *mgmt_radius_text(unsigned counter);
uint64_t mgmt_radius_count(const struct mgmt *m, unsigned counter);

/* {"requests": ..., ...}, null if nothing is listened to. */
json_t *mgmt_radius_show(const struct mgmt *m);
