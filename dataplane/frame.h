/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/world.h"

/*
 * Frames of our own: Ethernet (+ VLAN tag in the frame), IP, UDP around a DNS message that is
 * already in place. TTL or hop limit 255 (RFC 6762 §11), source our address on the link and port
 * 5353, checksums computed in software. Used by workers (answers) and control (our queries).
 */

/* Where it goes. */
struct dp_dest {
	uint8_t family;     /* 4 or 6 */
	uint8_t group;      /* 1: L3 group address and port 5353; addr and port unused */
	uint8_t unicast_l2; /* 1: to dmac although the L3 destination is the group (RFC 6085) */
	struct mac_addr dmac;
	uint8_t addr[16]; /* network order */
	uint16_t port;    /* host order */
};

/* Bytes before the DNS message on this link: L2 + IP + UDP. */
static inline size_t dp_frame_headroom(const struct dp_link *l, unsigned family)
{
	return (size_t)l->l2_len + (family == 4 ? 20 : 40) + 8;
}

/* DNS bytes that fit one packet of the link's MTU. */
static inline size_t dp_frame_room(const struct dp_link *l, unsigned family)
{
	return (size_t)l->mtu - (family == 4 ? 20 : 40) - 8;
}

/*
 * Fills the headers in front of `dns` (dp_frame_headroom() bytes are writable there) for `dns_len`
 * bytes. Returns the start of the frame; its length is headroom + dns_len. Any thread.
 */
uint8_t *dp_frame_fill(
	const struct dp_link *l, const struct dp_dest *dest, uint8_t *dns, size_t dns_len);
