/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench.h"

#include <criterion/criterion.h>

#include <string.h>

#include <rte_ip.h>
#include <rte_udp.h>

#include "dns/wire.h"

/* Every way a frame can end before its DNS message is looked at. */

struct frame {
	uint8_t b[2048];
	size_t len;
	size_t ip, udp, dns;
	struct rte_mbuf *m;
};

static const uint8_t station[6] = {0x02, 0, 0, 0, 0, 5};

static void l2(struct frame *f, unsigned vlan, uint16_t type)
{
	static const uint8_t group[6] = {1, 0, 0x5e, 0, 0, 0xfb};

	memset(f, 0, sizeof(*f));
	memcpy(f->b, group, 6);
	memcpy(f->b + 6, station, 6);
	f->len = 12;
	if (vlan != 0) {
		dns_store16(f->b + f->len, 0x8100);
		dns_store16(f->b + f->len + 2, (uint16_t)vlan);
		f->len += 4;
	}
	dns_store16(f->b + f->len, type);
	f->len += 2;
	f->ip = f->len;
}

/* Checksums and lengths of what stands in the frame. */
static void seal4(struct frame *f)
{
	struct rte_ipv4_hdr *h = (struct rte_ipv4_hdr *)(f->b + f->ip);
	struct rte_udp_hdr *u = (struct rte_udp_hdr *)(f->b + f->udp);

	h->total_length = rte_cpu_to_be_16((uint16_t)(f->len - f->ip));
	u->dgram_len = rte_cpu_to_be_16((uint16_t)(f->len - f->udp));
	h->hdr_checksum = 0;
	h->hdr_checksum = (uint16_t)~rte_raw_cksum(h, f->udp - f->ip);
	u->dgram_cksum = 0;
	u->dgram_cksum = rte_ipv4_udptcp_cksum(h, u);
}

/* A query of 12 bytes from 10.10.0.5 to the group. */
static void query4(struct frame *f)
{
	l2(f, 10, 0x0800);
	f->b[f->len] = 0x45;
	f->b[f->len + 8] = 255;
	f->b[f->len + 9] = 17;
	memcpy(f->b + f->len + 12, "\x0a\x0a\x00\x05\xe0\x00\x00\xfb", 8);
	f->udp = f->len + 20;
	dns_store16(f->b + f->udp, 5353);
	dns_store16(f->b + f->udp + 2, 5353);
	f->dns = f->udp + 8;
	f->len = f->dns + 12;
	seal4(f);
}

static void seal6(struct frame *f, size_t ext)
{
	struct rte_ipv6_hdr *h = (struct rte_ipv6_hdr *)(f->b + f->ip);
	struct rte_udp_hdr *u = (struct rte_udp_hdr *)(f->b + f->udp);

	h->payload_len = rte_cpu_to_be_16((uint16_t)(f->len - f->udp));
	u->dgram_len = h->payload_len;
	u->dgram_cksum = 0;
	u->dgram_cksum = rte_ipv6_udptcp_cksum(h, u);
	h->payload_len = rte_cpu_to_be_16((uint16_t)(f->len - f->udp + ext));
}

static void query6(struct frame *f, size_t ext)
{
	static const uint8_t src[16] = {0xfe, 0x80, [15] = 5};
	static const uint8_t dst[16] = {0xff, 0x02, [15] = 0xfb};

	l2(f, 10, 0x86dd);
	f->b[f->len] = 0x60;
	f->b[f->len + 6] = ext ? 0 : 17;
	f->b[f->len + 7] = 255;
	memcpy(f->b + f->len + 8, src, 16);
	memcpy(f->b + f->len + 24, dst, 16);
	f->len += 40;
	if (ext) {
		f->b[f->len] = 17;
		f->b[f->len + 1] = (uint8_t)(ext / 8 - 1);
		f->len += ext;
	}
	f->udp = f->len;
	dns_store16(f->b + f->udp, 5353);
	dns_store16(f->b + f->udp + 2, 5353);
	f->dns = f->udp + 8;
	f->len = f->dns + 12;
	seal6(f, ext);
	if (ext) {
		/* rte_ipv6_udptcp_cksum takes the next header from the base header: redo it as UDP.
		 */
		struct rte_ipv6_hdr h;
		uint8_t flat[1024];

		memcpy(&h, f->b + f->ip, sizeof(h));
		h.proto = 17;
		h.payload_len = rte_cpu_to_be_16((uint16_t)(f->len - f->udp));
		memcpy(flat, f->b + f->udp, f->len - f->udp);
		((struct rte_udp_hdr *)flat)->dgram_cksum = 0;
		((struct rte_udp_hdr *)(f->b + f->udp))->dgram_cksum =
			rte_ipv6_udptcp_cksum(&h, flat);
	}
}

static int run(struct frame *f)
{
	int rc;

	f->m = bench_frame(f->b, f->len);
	rc = dp_classify(bench.worker, f->m);
	return rc;
}

#define ENDS(f, outcome)                                                                           \
	do {                                                                                       \
		cr_expect_eq(run(f), -1 - DP_##outcome);                                           \
		rte_pktmbuf_free((f)->m);                                                          \
	} while (0)
#define PASSES(f)                                                                                  \
	do {                                                                                       \
		cr_expect_eq(run(f), 0);                                                           \
		rte_pktmbuf_free((f)->m);                                                          \
	} while (0)

TestSuite(classify, .init = bench_start, .fini = bench_stop);

Test(classify, finds_the_message)
{
	struct frame f;
	struct dp_pkt *p;

	query4(&f);
	cr_assert_eq(run(&f), 0);
	p = dp_pkt(f.m);
	cr_expect_eq(p->link, 1);
	cr_expect_eq(p->family, 4);
	cr_expect_eq(p->flags, DP_PKT_GROUP);
	cr_expect_eq(p->dns_off, f.dns);
	cr_expect_eq(p->dns_len, 12);
	cr_expect_eq(p->sport, 5353);
	cr_expect_arr_eq(p->smac.b, station, 6);
	rte_pktmbuf_free(f.m);
}

Test(classify, walks_ipv4_options_and_ipv6_extension_headers)
{
	struct frame f;

	query4(&f);
	memmove(f.b + f.udp + 8, f.b + f.udp, f.len - f.udp);
	memset(f.b + f.udp, 1, 8); /* no-operation options */
	f.udp += 8;
	f.len += 8;
	f.b[f.ip] = 0x47;
	seal4(&f);
	PASSES(&f);

	query6(&f, 0);
	PASSES(&f);
	query6(&f, 16);
	PASSES(&f);
	query6(&f, 16);
	f.b[f.ip + 40 + 1] = 200; /* longer than the packet */
	ENDS(&f, bad_ip);
}

Test(classify, refuses_lengths_that_lie)
{
	struct frame f;

	query4(&f);
	f.len = 10;
	ENDS(&f, bad_frame);
	query4(&f);
	f.len = f.ip + 19;
	ENDS(&f, bad_ip);
	query4(&f);
	f.len -= 1;
	ENDS(&f, truncated);
	query4(&f);
	f.b[f.ip] = 0x44;
	ENDS(&f, bad_ip);
	query4(&f);
	dns_store16(f.b + f.udp + 4, 7);
	ENDS(&f, bad_udp);
	query4(&f);
	dns_store16(f.b + f.udp + 4, 4000);
	ENDS(&f, truncated);
	query4(&f);
	f.len = f.dns;
	seal4(&f);
	ENDS(&f, bad_dns);
	query6(&f, 0);
	f.len -= 1;
	ENDS(&f, truncated);
}

Test(classify, checks_checksums)
{
	struct frame f;
	struct rte_udp_hdr *u;

	query4(&f);
	f.b[f.ip + 10] ^= 1;
	ENDS(&f, bad_checksum);
	query4(&f);
	f.b[f.dns + 1] ^= 1;
	ENDS(&f, bad_checksum);
	/* None at all is good on IPv4 only (RFC 768, RFC 8200 §8.1). */
	query4(&f);
	dns_store16(f.b + f.udp + 6, 0);
	PASSES(&f);
	query6(&f, 0);
	dns_store16(f.b + f.udp + 6, 0);
	ENDS(&f, bad_checksum);
	/* What a kernel left unfinished, on a port that is kernel-backed. */
	query4(&f);
	u = (struct rte_udp_hdr *)(f.b + f.udp);
	u->dgram_cksum = rte_ipv4_phdr_cksum((struct rte_ipv4_hdr *)(f.b + f.ip), 0);
	PASSES(&f);
	cr_expect_eq(bench.shared.counters[0].link[1].event[DP_EV_partial_checksum], 1);
	bench.port.soft_checksum = false;
	ENDS(&f, bad_checksum);
}

Test(classify, finds_the_link_by_tag)
{
	struct frame f;
	uint8_t two[8] = {0x81, 0, 0, 10, 0x81, 0, 0, 11};

	query4(&f);
	dns_store16(f.b + 14, 11);
	ENDS(&f, unknown_link);
	/* Two tags are no link of ours, unless one is a mere priority tag. */
	query4(&f);
	memmove(f.b + 16, f.b + 12, f.len - 12);
	memcpy(f.b + 12, two, 4);
	memcpy(f.b + 16, two + 4, 4);
	f.len += 4;
	ENDS(&f, unknown_link);
	dns_store16(f.b + 18, 0);
	PASSES(&f);
	/* Stripped by the driver: only RX_VLAN_STRIPPED says so. */
	query4(&f);
	memmove(f.b + 12, f.b + 16, f.len - 16);
	f.len -= 4;
	f.m = bench_frame(f.b, f.len);
	f.m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	f.m->vlan_tci = 10;
	cr_expect_eq(dp_classify(bench.worker, f.m), 0);
	cr_expect_eq(dp_pkt(f.m)->link, 1);
	rte_pktmbuf_free(f.m);
	/* RX_VLAN alone: the tag is in the frame, tci or not. */
	query4(&f);
	f.m = bench_frame(f.b, f.len);
	f.m->ol_flags |= RTE_MBUF_F_RX_VLAN;
	f.m->vlan_tci = 99;
	cr_expect_eq(dp_classify(bench.worker, f.m), 0);
	rte_pktmbuf_free(f.m);
}

Test(classify, turns_away_strange_sources)
{
	struct frame f;

	query4(&f);
	memcpy(f.b + 6, bench.link[1].mac.b, 6);
	ENDS(&f, own);
	query4(&f);
	f.b[6] |= 1;
	ENDS(&f, martian);
	for (unsigned i = 0; i < 4; i++) {
		static const uint8_t bad[4] = {0, 127, 224, 255};

		query4(&f);
		f.b[f.ip + 12] = bad[i];
		seal4(&f);
		ENDS(&f, martian);
	}
	query4(&f);
	f.b[f.ip + 15] = 2;
	seal4(&f);
	ENDS(&f, own);
	query4(&f);
	dns_store16(f.b + f.udp, 0);
	seal4(&f);
	ENDS(&f, bad_udp);
	query6(&f, 0);
	memset(f.b + f.ip + 8, 0, 16);
	seal6(&f, 0);
	ENDS(&f, martian);
}

Test(classify, knows_who_is_on_the_link)
{
	struct frame f;

	/* To the group from elsewhere: heard, but marked. */
	query4(&f);
	f.b[f.ip + 13] = 99;
	seal4(&f);
	cr_expect_eq(run(&f), 0);
	cr_expect_eq(dp_pkt(f.m)->flags, DP_PKT_GROUP | DP_PKT_OFFLINK);
	rte_pktmbuf_free(f.m);
	/* A legacy query or a direct one from elsewhere is not. */
	dns_store16(f.b + f.udp, 40000);
	seal4(&f);
	ENDS(&f, off_link);
	query4(&f);
	f.b[f.ip + 13] = 99;
	memcpy(f.b + f.ip + 16, "\x0a\x0a\x00\x02", 4);
	seal4(&f);
	ENDS(&f, off_link);
}

Test(classify, judges_the_header_of_the_message)
{
	struct frame f;

	query4(&f);
	f.b[f.dns + 2] = 0x08;
	seal4(&f);
	ENDS(&f, bad_opcode);
	query4(&f);
	f.b[f.dns + 3] = 3;
	seal4(&f);
	ENDS(&f, bad_opcode);
	query4(&f);
	f.b[f.dns + 2] = 0x84;
	seal4(&f);
	cr_expect_eq(run(&f), 0);
	cr_expect(dp_pkt(f.m)->flags & DP_PKT_RESPONSE);
	rte_pktmbuf_free(f.m);
	dns_store16(f.b + f.udp, 5354);
	seal4(&f);
	ENDS(&f, response_port);
	/* A unicast response counts for two seconds after a question that invites it. */
	dns_store16(f.b + f.udp, 5353);
	memcpy(f.b + f.ip + 16, "\x0a\x0a\x00\x02", 4);
	seal4(&f);
	ENDS(&f, unasked);
	bench.shared.unicast_asked_ms[1] = bench.worker->now_ms | 1;
	PASSES(&f);
	bench.worker->now_ms += 3000;
	ENDS(&f, unasked);
}

Test(classify, leaves_other_traffic_alone)
{
	struct frame f;

	query4(&f);
	dns_store16(f.b + f.udp + 2, 53);
	seal4(&f);
	ENDS(&f, not_ours);
	query4(&f);
	f.b[0] = 0x02; /* to another host's MAC */
	ENDS(&f, not_ours);
	l2(&f, 10, 0x88cc);
	f.len += 46;
	ENDS(&f, not_ours);
	query4(&f);
	f.b[f.ip + 6] = 0x20; /* more fragments */
	seal4(&f);
	ENDS(&f, fragment);
	bench.link[1].mode = DP_LINK_OFF;
	query4(&f);
	ENDS(&f, link_off);
}

Test(classify, takes_a_chained_packet_apart)
{
	struct frame f;
	struct rte_mbuf *tail;

	query4(&f);
	f.m = bench_frame(f.b, f.ip + 7);
	tail = bench_frame(f.b + f.ip + 7, f.len - f.ip - 7);
	cr_assert_eq(rte_pktmbuf_chain(f.m, tail), 0);
	cr_expect_eq(dp_classify(bench.worker, f.m), 0);
	cr_expect_eq(dp_pkt(f.m)->dns_len, 12);
	cr_expect_eq(bench.shared.counters[0].link[1].event[DP_EV_linearised], 1);
	rte_pktmbuf_free(f.m);
}
