/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "dataplane/worker_priv.h"

/* What resolves a service: SRV, TXT and the addresses of its host (RFC 6763 §12). Worker thread. */

enum dp_service_state {
	DP_SERVICE_COMPLETE,
	DP_SERVICE_INCOMPLETE, /* SRV, TXT or addresses missing or expired: the owner may be asked
				*/
	DP_SERVICE_HIDDEN, /* the host's addresses are known, and none can be used from another link
			      (RFC 8766 §5.5.2) */
};

/*
 * State of the instance with this wire name as its provider on `link` advertises it.
 */
enum dp_service_state dp_service_state(struct dp_worker *w, const uint8_t *instance, uint16_t link);

/* The same for a host name, as far as its addresses go. */
enum dp_service_state dp_host_state(struct dp_worker *w, const uint8_t *host, uint16_t link);

/* Node of (name, rrtype), or 0. */
uint32_t dp_find(struct dp_worker *w, const uint8_t *name, uint16_t rrtype);
