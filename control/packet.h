/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/world.h"

struct ctl;
struct rte_mbuf;

/* Frames that control makes itself, in mbufs of dp_shared.pool. Control thread only. */

#define CTL_IP4_RA_LEN 24u /* IPv4 header with the router alert option (RFC 2113) */
#define CTL_IP6_LEN 40u
#define CTL_HOPOPTS_LEN 8u /* hop-by-hop header with the router alert option (RFC 2711) */

/*
 * A frame of the link with an Ethernet header (and the VLAN tag) from us to dmac, and `len` zeroed
 * bytes behind it: returns where they begin. NULL, counted, if no mbuf is to be had.
 */
uint8_t *ctl_frame_new(struct ctl *c, const struct dp_link *l, const uint8_t dmac[6],
	uint16_t ethertype, size_t len, struct rte_mbuf **m);

/* Hands a finished frame to the worker that owns the port's TX queue; takes the mbuf. False: lost,
 * ring full (counted). */
bool ctl_frame_send(struct ctl *c, const struct dp_link *l, struct rte_mbuf *m);

/* The group's MAC address (RFC 1112 §6.4; RFC 2464 §7). group: 4 or 16 bytes. */
void ctl_group_mac4(const uint8_t group[4], uint8_t mac[6]);
void ctl_group_mac6(const uint8_t group[16], uint8_t mac[6]);

/* Fills an IPv4 header of CTL_IP4_RA_LEN bytes: TTL 1, router alert, our address as source,
 * checksum. len: of all. */
void ctl_ip4_ra_fill(
	const struct dp_link *l, uint8_t *ip, const uint8_t dst[4], uint8_t proto, size_t len);

/* Fills an IPv6 header for `payload` bytes. */
void ctl_ip6_fill(uint8_t *ip, const uint8_t src[16], const uint8_t dst[16], uint8_t next,
	uint8_t hops, size_t payload);

/* ICMPv6 checksum (RFC 4443 §2.3) of `len` bytes, as to be stored; 0 when a stored one is right. */
uint16_t ctl_icmp6_sum(const uint8_t *ip, const uint8_t *icmp, size_t len);
