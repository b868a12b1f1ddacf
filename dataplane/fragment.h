/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "dataplane/frame.h"

/* Messages of one record that is larger than the link's MTU (RFC 6762 §17). Worker thread. */

struct dp_worker;

/* DNS bytes of the largest message: 9000 bytes with IP and UDP headers (RFC 6762 §17). */
size_t dp_large_room(unsigned family);

/* Where its DNS message is built: in w->large, headers in front of it. */
uint8_t *dp_large_dns(struct dp_worker *w, const struct dp_link *l, unsigned family);

/*
 * Sends the `len` bytes at dp_large_dns() to dest in IP fragments, each within the link's MTU; all
 * or, for want of mbufs (counted), none.
 */
bool dp_large_send(
	struct dp_worker *w, const struct dp_link *l, const struct dp_dest *dest, size_t len);
