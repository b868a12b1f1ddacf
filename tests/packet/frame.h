/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/* Frames that stations send, right ones and wrong ones. Sums are computed here, not by DPDK. */

#define FRAME_MAX 9400 /* bytes */
#define FRAME_TAGS 3
#define FRAME_EXTS 12

enum frame_sum {
	FRAME_SUM_GOOD,
	FRAME_SUM_BAD,
	FRAME_SUM_ZERO,
	FRAME_SUM_PARTIAL, /* the sum of the pseudo header alone, as veth leaves it */
};

/* A length field: right, off by, or set to. */
struct frame_lie {
	enum { FRAME_TRUE, FRAME_ADD, FRAME_SET } how;
	int value;
};

/* How to make a frame. All zero but the addresses is a good, untagged UDP frame. */
struct frame_spec {
	struct mac_addr smac, dmac;
	struct ip_addr src, dst; /* of one family */
	uint16_t sport, dport;
	uint8_t ttl;
	uint16_t tpid[FRAME_TAGS], tci[FRAME_TAGS]; /* outermost first */
	unsigned n_tags;
	enum frame_sum udp_sum;
	bool bad_ip_sum;
	bool ip_options; /* IPv4: a router alert */
	struct frame_lie ip_len, udp_len;
	uint8_t version;         /* 0: the family's */
	uint16_t fragment;       /* 16-bit IPv4 field or the one of an IPv6 fragment header */
	bool fragment_header;    /* IPv6: put one in */
	uint32_t ip_id;          /* identification, IPv4's or the fragment header's */
	uint8_t ext[FRAME_EXTS]; /* IPv6: these headers, 8 bytes each */
	unsigned n_ext;
	bool cut_set;
	int cut;      /* cut_set: bytes to leave, negative: to take away */
	unsigned pad; /* zero bytes behind the packet */
};

/* Each returns the length of the frame in buf (FRAME_MAX bytes), 0: no room. */
size_t frame_udp(const struct frame_spec *s, const uint8_t *data, size_t len, uint8_t *buf);

/* The UDP datagram alone. */
size_t frame_datagram(const struct frame_spec *s, const uint8_t *data, size_t len, uint8_t *buf);
size_t frame_ip(
	const struct frame_spec *s, uint8_t proto, const uint8_t *data, size_t len, uint8_t *buf);
size_t frame_ether(
	const struct frame_spec *s, uint16_t type, const uint8_t *data, size_t len, uint8_t *buf);

/* Ones' complement sum of the bytes, big-endian words, folded, not inverted. */
uint16_t frame_sum16(uint32_t start, const uint8_t *data, size_t len);

/* The pseudo header's sum for a payload of len bytes. */
uint16_t frame_pseudo_sum(
	const struct ip_addr *src, const struct ip_addr *dst, uint8_t proto, size_t len);

/* Group MAC of a multicast address. */
struct mac_addr frame_group_mac(const struct ip_addr *group);
