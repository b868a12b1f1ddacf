/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "control/table.h"
#include "control/timer.h"
#include "dataplane/said.h"

/*
 * What a link demands of advertisements (`links[].require`): that their station is authenticated
 * (draft 3.8.2), that addresses lie in the link's prefixes, that they are the station's own.
 *
 * Whose an address is, is *bound*: by what network, file or command say of a station; else by the
 * answer to an ARP request or neighbour solicitation of ours, which lasts CTL_BIND_MS. Until it has
 * come, the record is not learned; then its station is asked for it. Control thread only.
 */

struct ctl;
struct ctl_person;
struct dns_rr;
struct dp_link;
struct dp_pkt;

#define CTL_BINDINGS_MAX 65536
#define CTL_BIND_MS 600000    /* an answer is believed for so long */
#define CTL_BIND_WAIT_MS 3000 /* ... and waited for, asked twice */

/* Why a record is not learned. */
enum ctl_unmet {
	CTL_MET,
	CTL_UNMET_AUTHENTICATED,
	CTL_UNMET_ON_LINK,
	CTL_UNMET_OWN,
	CTL_UNMET_ASKED, /* whose it is, is being found out: no violation yet */
};

/* Whose an address is. */
struct ctl_binding {
	struct ctl_entry entry; /* of (link, address); link 0: it was said of the station */
	struct ctl_timer timer; /* the end of it, or the second request */
	struct ip_addr addr;
	struct mac_addr mac;   /* once known */
	struct mac_addr asker; /* who claimed it, and is asked for it when it is its own */
	uint16_t link;
	uint16_t said; /* link 0: so many facts say so */
	bool known;
	uint8_t asked;     /* requests sent */
	uint8_t name[256]; /* of the record that was claimed; [0] 0: none */
};

struct ctl_bindings {
	struct ctl_table table;
};

int ctl_bindings_init(struct ctl *c);
void ctl_bindings_fini(struct ctl *c);

/* What is said of a station changes: its addresses are bound, those it had before are not. */
void ctl_bind_said(struct ctl *c, const struct dp_said *was, const struct dp_said *is);

/* The address answered from there; false: nobody had asked. */
bool ctl_bind_heard(
	struct ctl *c, uint16_t link, const struct ip_addr *addr, const struct mac_addr *mac);

/* May anything at all of the station be learned on the link? Counted, and noted. */
bool ctl_require_station(struct ctl *c, const struct dp_link *l, const struct dp_pkt *pkt);

/* The same without counting: of a station that is not heard right now. */
bool ctl_require_is_met(const struct ctl *c, const struct dp_link *l, const struct mac_addr *mac);

/* May this A or AAAA record be learned? Counted, and noted. */
bool ctl_require_address(struct ctl *c, const struct dp_link *l, const struct dp_pkt *pkt,
	const struct dns_rr *rr, const uint8_t *rdata);

/* A station is authenticated from now on, and asked for what others browse; or it is not, and what
 * it offers where that is required goes. */
void ctl_require_authenticated(struct ctl *c, uint32_t station, bool now);
