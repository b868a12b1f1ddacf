/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "management/mgmt_priv.h"

/*
 * `selftest`: is a service of one link found from another? An announcement of a station that does
 * not exist is put before the workers as if it had come in on the one link, then a question of
 * another such station on the other (CTL_REQ_RECEIVE); the answer is taken from what is sent there
 * (capture.h). All between is what packets of real stations go through: meters, policy, cache. At
 * the end the service says goodbye. Stations that browse for the type see it meanwhile.
 * Management thread.
 */

/*
 * By {"from=LINK", "to=LINK", "service=TYPE"}; without links the first pair between which policy
 * lets the type be found, without a type the first that it lets. The client waits: NULL; or what is
 * wrong.
 */
json_t *mgmt_selftest(
	struct mgmt *m, const char *const *args, unsigned n, struct mgmt_waiter waiter);

/* What is due of it. Returns how much was done. */
unsigned mgmt_selftest_turn(struct mgmt *m);

void mgmt_selftest_free(struct mgmt *m);
