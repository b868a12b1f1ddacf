/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "dataplane/capture.h"
#include "management/mgmt_priv.h"

/*
 * Frames of a link as workers saw and sent them (dataplane/capture.h): for `capture`, which writes
 * them as pcapng to whoever asked, and for the self-test. One user at a time. Management thread.
 */

/* Frames of the link, of `station` alone if it is not NULL. 0 or -EBUSY. */
int mgmt_tap_open(struct mgmt *m, const struct dp_link *l, const struct mac_addr *station);

/* A copy, the caller's, or NULL: none is there. */
struct rte_mbuf *mgmt_tap_read(struct mgmt *m);

/* How many were lost since it was opened. */
uint64_t mgmt_tap_lost(const struct mgmt *m);
void mgmt_tap_close(struct mgmt *m);

/*
 * Starts a capture by {"link=NAME", "station=MAC", "name=GLOB"}: the reply is a line, {"capture":
 * NAME}, then pcapng until the client has no more to say; then how many frames were lost. NULL, or
 * what is wrong.
 */
json_t *mgmt_capture(struct mgmt *m, const char *const *args, unsigned n, struct show_state *show,
	struct text *out);
