/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_ether.h>
#include <rte_udp.h>

#include "dataplane/fast_question.h"
#include "dataplane/port.h"
#include "dataplane/sieve.h"
#include "dataplane/worker_priv.h"
#include "dns/wire.h"

/* The reading of the short way: is a frame mDNS to the group, without a fault, and what does it
 * ask? By the instruction set the file is compiled for. */

/* Frames of a burst that go through the passes together: what is fetched for them, and what is
 * found out about them, stays in the first cache until it is used. */
#define TOGETHER 16

/* A packet on the short way, from the first pass to the last. */
struct fast {
	struct dp_rendered_key key;
	const struct dp_link *l;
	struct rte_mbuf *m;
	uint8_t *udp;         /* in the frame */
	uint64_t who, caller; /* dp_regular_who(), dp_regular_hash() */
	struct dp_regular *regular;
	uint64_t told; /* dp_interest_tag(), should it be a browse question */
	uint64_t kept; /* ... with who asks, if policy wants to know: finds the entry */
	const struct dp_rendered_set *set;
	const struct dp_rendered *e;
	int room; /* bytes behind the IP header */
	bool v6;
	uint8_t at; /* in the burst */
};

/* mac_word() of the source. */
static inline uint64_t mac_of(const struct fast *f)
{
	return f->who >> 16;
}

/* The hash of the question, whoever asks. */
static inline uint64_t hash_of(const struct fast *f)
{
	return f->told ^ f->caller;
}

/* Bytes of its IP header. */
static __rte_always_inline unsigned l3_len(bool v6)
{
	return v6 ? 40 : 20;
}

static __rte_always_inline uint8_t *ip_of(const struct fast *f, bool v6)
{
	return f->udp - l3_len(v6);
}

/*
 * What the first line of mDNS to the group looks like: port 5353, tagged or not, no IP options, no
 * fragment; and of a plain question over IPv4, its DNS header too. Where a mask is zero anything
 * may stand.
 */
struct shape {
	uint8_t value[64], mask[64];
} __attribute__((aligned(64)));

#define VALUE(at, value, mask) [at] = (value),
#define MASK(at, value, mask) [at] = (mask),

/* One field a line; t: bytes of the tag. */
/* clang-format off */
#define ZERO(X, at)  X(at, 0, 0xff)
#define ZERO2(X, at) ZERO(X, at) ZERO(X, (at) + 1)
#define ZERO4(X, at) ZERO2(X, at) ZERO2(X, (at) + 2)
#define PORT(X, at)  X(at, 0x14, 0xff) X((at) + 1, 0xe9, 0xff)
#define TAG(X)       X(12, 0x81, 0xff) ZERO(X, 13)
#define GROUP4(X, t) \
	X(0, 0x01, 0xff) ZERO(X, 1) X(2, 0x5e, 0xff) ZERO2(X, 3) X(5, 0xfb, 0xff) \
	X(12 + (t), 0x08, 0xff) ZERO(X, 13 + (t))       /* IPv4 */ \
	X(14 + (t), 0x45, 0xff)                         /* version, header length */ \
	X(20 + (t), 0, 0x3f) ZERO(X, 21 + (t))          /* more fragments, offset */ \
	X(23 + (t), 17, 0xff)                           /* UDP */ \
	X(30 + (t), 224, 0xff) ZERO2(X, 31 + (t)) X(33 + (t), 251, 0xff) \
	PORT(X, 34 + (t)) PORT(X, 36 + (t))
#define PLAIN4(X, t) \
	GROUP4(X, t) \
	ZERO2(X, 44 + (t)) ZERO(X, 46 + (t)) X(47 + (t), 1, 0xff) /* flags, one question */ \
	ZERO4(X, 48 + (t)) ZERO2(X, 52 + (t))                     /* and nothing else */
#define GROUP6(X, t) \
	X(0, 0x33, 0xff) X(1, 0x33, 0xff) ZERO2(X, 2) ZERO(X, 4) X(5, 0xfb, 0xff) \
	X(12 + (t), 0x86, 0xff) X(13 + (t), 0xdd, 0xff) /* IPv6 */ \
	X(14 + (t), 0x60, 0xf0)                         /* version */ \
	X(20 + (t), 17, 0xff)                           /* UDP */ \
	X(38 + (t), 0xff, 0xff) X(39 + (t), 0x02, 0xff) /* ff02::fb */ \
	ZERO4(X, 40 + (t)) ZERO4(X, 44 + (t)) ZERO4(X, 48 + (t)) ZERO(X, 52 + (t)) \
	X(53 + (t), 0xfb, 0xff) \
	PORT(X, 54 + (t)) PORT(X, 56 + (t))
/* clang-format on */

/* [tagged] */
static const struct shape plain4[2] = {
	{{PLAIN4(VALUE, 0)}, {PLAIN4(MASK, 0)}},
	{{TAG(VALUE) PLAIN4(VALUE, 4)}, {TAG(MASK) PLAIN4(MASK, 4)}},
};
static const struct shape group4[2] = {
	{{GROUP4(VALUE, 0)}, {GROUP4(MASK, 0)}},
	{{TAG(VALUE) GROUP4(VALUE, 4)}, {TAG(MASK) GROUP4(MASK, 4)}},
};
static const struct shape group6[2] = {
	{{GROUP6(VALUE, 0)}, {GROUP6(MASK, 0)}},
	{{TAG(VALUE) GROUP6(VALUE, 4)}, {TAG(MASK) GROUP6(MASK, 4)}},
};

/* Of a plain one: with room for any answer. All pools have that much (DP_PORT_ROOM), behind the
 * headroom that AF_XDP adds as well. */
static __rte_always_inline bool roomy(const struct rte_mbuf *m)
{
	_Static_assert(DP_PORT_ROOM - DP_PORT_XDP_HEADROOM >= DP_HDR_MAX + DP_RENDERED_DNS + 64,
		"room for any answer");
	return m->data_off <= RTE_PKTMBUF_HEADROOM + DP_PORT_XDP_HEADROOM;
}

/* IPv4's header sums up. *sum: of the addresses, which UDP's pseudo header has. */
static __rte_always_inline bool ip_sums_up(const uint8_t *ip, bool v6, uint64_t *sum)
{
	if (!v6) {
		*sum = load64(ip + 12);
		return sums_up(add_around3(*sum, load64(ip), load32(ip + 8)));
	}
	*sum = add_around(
		add_around3(load64(ip + 8), load64(ip + 16), load64(ip + 24)), load64(ip + 32));
	return true;
}

/* The datagram's length is all lengths', and the frame has it. */
static __rte_always_inline bool lengths_agree(const struct fast *f, bool v6)
{
	const uint8_t *ip = ip_of(f, v6);
	int udp_len = dns_load16(f->udp + 4);

	return udp_len <= f->room &&
	       (v6 ? dns_load16(ip + 4) == udp_len : dns_load16(ip + 2) == udp_len + 20);
}

/* The checksums of IP and UDP. dns: the sum of the message. */
static __rte_always_inline bool all_sums_up(const struct fast *f, bool v6, uint64_t dns)
{
	const uint8_t *udp = f->udp;
	uint64_t sum;

	if (unlikely(!ip_sums_up(ip_of(f, v6), v6, &sum)))
		return false;
	/* The length is in the pseudo header too. */
	sum = add_around3(sum, dns + load16(udp + 4) + rte_cpu_to_be_16(17), load64(udp));
	return likely(sums_up(sum)) || (load16(udp + 6) == 0 && !v6) ||
	       (f->m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD;
}

/* Is the DNS header behind udp that of one question, and nothing else? */
static inline bool asks_plainly(const uint8_t *udp)
{
	return load64(udp + 10) == rte_cpu_to_be_64(UINT64_C(0x0000000100000000)) &&
	       load16(udp + 18) == 0;
}

/* As dp_source_is_martian(). */
static __rte_always_inline bool from_mars(const uint8_t *ip, bool v6)
{
	static const bool mars4[256] = {[0] = true, [127] = true, [224 ... 255] = true};

	if (!v6)
		return mars4[ip[12]];
	return ip[8] == 0xff ||
	       (load64(ip + 8) == 0 && (load64(ip + 16) & ~rte_cpu_to_be_64(1)) == 0);
}

/* The question of a plain one: its key, and its checksums are right. */
static __rte_always_inline bool read_question(struct fast *f, const bool v6)
{
	const uint8_t *udp = f->udp, *ip = ip_of(f, v6);
	const uint16_t len_be = load16(udp + 4);
	const unsigned udp_len = dns_load16(udp + 4), name_len = udp_len - (8 + 12 + 4);
	uint64_t sum;

	/* All lengths are the same, and below 256: the upper bytes are 0. */
	if (name_len - 1 >= DP_RENDERED_NAME || (int)udp_len > f->room ||
		(v6 ? load16(ip + 4) != len_be : load16(ip + 2) != len_be + rte_cpu_to_be_16(20)))
		return false;
	read_key(udp + 20, name_len, f->l->tail, &f->key, &sum);
	/* The id, and that it is one question. */
	return all_sums_up(f, v6, sum + load16(udp + 8) + rte_cpu_to_be_16(1));
}
