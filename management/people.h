/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "control/people.h"
#include "management/mgmt_priv.h"

/*
 * What was said of stations by command, over what the file says. It outlasts reloads, and ends with
 * the process. Management thread; control has its own copy, which decides.
 */

/* What was said of one MAC address. */
struct mgmt_person {
	struct policy_who who; /* only what `set` names */
	uint32_t set;          /* CTL_WHO_* */
};

/*
 * station set MAC key=value... | station remove MAC. NULL: the client waits for mgmt_answer(); else
 * what is wrong.
 */
json_t *mgmt_station(
	struct mgmt *m, const char *const *arg, unsigned n_args, struct mgmt_waiter waiter);

/* Control has heard it, or refuses. */
void mgmt_station_done(struct mgmt *m, struct mgmt_pending *p);

/* Who a station is, as rules see it: said by command, else by the file; and where its link is. */
void mgmt_who(
	const struct mgmt *m, uint16_t link, const struct mac_addr *mac, struct policy_who *out);

/* The same under a world that is not in force yet. */
void mgmt_who_then(const struct mgmt *m, const struct dp_world *w, uint16_t link,
	const struct mac_addr *mac, struct policy_who *out);

/* {"user": ..., "role": ..., "location": ...} of it, null for what is not known. */
json_t *mgmt_who_object(const struct mgmt *m, const struct policy_who *who);
