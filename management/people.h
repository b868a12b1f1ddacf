/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "control/people.h"
#include "management/mgmt_priv.h"

/*
 * What was said of stations by the network (sessions.h) and by command, over what the file says. It
 * outlasts reloads, and ends with the process. Management thread; control has a copy of what
 * network and commands say together, which decides.
 */

struct mgmt_session;

/* What was said of one MAC address. */
struct mgmt_person {
	struct mac_addr mac;          /* first: found by it */
	struct dp_said command;       /* set 0: nothing */
	struct dp_said network;       /* likewise */
	struct mgmt_session *session; /* what the network said it by; NULL: nothing */
};

/* NULL: nothing was said of the address. */
struct mgmt_person *mgmt_person_find(const struct mgmt *m, const struct mac_addr *mac);

/* Found or made; NULL: no memory. */
struct mgmt_person *mgmt_person_get(struct mgmt *m, const struct mac_addr *mac);

/* Forgets a person of which nothing is said any more. */
void mgmt_person_release(struct mgmt *m, struct mgmt_person *p);

/*
 * Tells control what network and commands say of a person now; left, link: as in struct
 * ctl_request. 0, or -ENOSPC: control is busy, and `pending` still the caller's.
 */
int mgmt_person_submit(struct mgmt *m, const struct mgmt_person *p, bool left, uint16_t link,
	struct mgmt_pending *pending);

/*
 * station set MAC key=value... | station show|remove MAC. NULL: the client waits for mgmt_answer();
 * else what is wrong.
 */
json_t *mgmt_station(
	struct mgmt *m, const char *const *arg, unsigned n_args, struct mgmt_waiter waiter);

/* Control has heard it, or refuses. */
void mgmt_station_done(struct mgmt *m, struct mgmt_pending *p);

/* All that is said of an address: by command, else the network, else the file of a world. */
void mgmt_said(const struct mgmt *m, const struct dp_world *w, const struct mac_addr *mac,
	struct dp_said *out);

/* Who a station is, as rules see it: of this; and where its link is. */
void mgmt_who(
	const struct mgmt *m, uint16_t link, const struct mac_addr *mac, struct policy_who *out);

/* The same under a world that is not in force yet. */
void mgmt_who_then(const struct mgmt *m, const struct dp_world *w, uint16_t link,
	const struct mac_addr *mac, struct policy_who *out);

/* {"user": ..., "role": ..., "location": ...} of it, null for what is not known. */
json_t *mgmt_who_object(const struct mgmt *m, const struct policy_who *who);
