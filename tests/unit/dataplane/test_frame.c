/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <string.h>

#include <rte_ip.h>
#include <rte_udp.h>

#include "dataplane/frame.h"
#include "dns/wire.h"

/* Frames of our own, byte by byte. No EAL. */

static struct dp_link link1;

static void lay(uint16_t vlan)
{
	static const uint8_t ll[16] = {0xfe, 0x80, [15] = 0xfe};
	static const uint8_t ula[16] = {0xfd, 0, 0, 0x10, [15] = 2};

	memset(&link1, 0, sizeof(link1));
	link1.vlan = vlan;
	link1.mtu = 1500;
	memcpy(link1.mac.b, "\x02\x00\x00\x00\x00\xfe", 6);
	link1.has_addr4 = 1;
	link1.addr4 = rte_cpu_to_be_32(RTE_IPV4(10, 10, 0, 2));
	memcpy(link1.addr6[0], ll, 16);
	memcpy(link1.addr6[1], ula, 16);
	link1.n_addr6 = 2;
	dp_link_finish(&link1);
}

/* Is the UDP checksum right? Over pseudo header and datagram with the checksum in it, the sum is
 * 0xffff. */
static bool udp_ok(const uint8_t *ip, unsigned family, const uint8_t *udp)
{
	size_t len = dns_load16(udp + 4);
	uint32_t sum = rte_raw_cksum(udp, len);

	sum += family == 4 ? rte_raw_cksum(ip + 12, 8) : rte_raw_cksum(ip + 8, 32);
	sum += rte_cpu_to_be_16(17) + rte_cpu_to_be_16((uint16_t)len);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

static uint8_t space[256];

static uint8_t *fill(const struct dp_dest *dest, size_t dns_len)
{
	memset(space, 0xaa, sizeof(space));
	return dp_frame_fill(&link1, dest, space + 100, dns_len);
}

Test(frame, multicast_v4_with_tag)
{
	struct dp_dest dest = {.family = 4, .group = 1};
	const struct rte_ipv4_hdr *h;
	uint8_t *f;

	lay(10);
	f = fill(&dest, 12);
	cr_assert_eq(f, space + 100 - (18 + 28));
	cr_expect_arr_eq(
		f, "\x01\x00\x5e\x00\x00\xfb\x02\x00\x00\x00\x00\xfe\x81\x00\x00\x0a\x08\x00", 18);
	h = (const struct rte_ipv4_hdr *)(f + 18);
	cr_expect_eq(h->time_to_live, 255);
	cr_expect_eq(h->total_length, rte_cpu_to_be_16(40));
	cr_expect_eq(rte_raw_cksum(h, 20), 0xffff);
	cr_expect(udp_ok(f + 18, 4, f + 38));
	cr_expect_eq(dns_load16(f + 38), 5353);
	cr_expect_eq(dns_load16(f + 40), 5353);
	cr_expect_eq(space[100], 0xaa, "the message itself is not touched");
}

Test(frame, unicast_v4_to_a_legacy_port)
{
	struct dp_dest dest = {.family = 4, .port = 40000};
	uint8_t *f;

	lay(0);
	memcpy(dest.dmac.b, "\x02\x00\x00\x00\x00\x05", 6);
	memcpy(dest.addr, "\x0a\x0a\x00\x05", 4);
	f = fill(&dest, 13);
	cr_expect_arr_eq(f, "\x02\x00\x00\x00\x00\x05\x02\x00\x00\x00\x00\xfe\x08\x00", 14);
	cr_expect_arr_eq(f + 14 + 16, dest.addr, 4);
	cr_expect_eq(dns_load16(f + 34 + 2), 40000);
	cr_expect(udp_ok(f + 14, 4, f + 34));
}

Test(frame, v6_source_follows_the_scope_of_the_destination)
{
	struct dp_dest group = {.family = 6, .group = 1};
	struct dp_dest global = {.family = 6, .port = 5353};
	struct dp_dest local = {.family = 6, .port = 5353};
	uint8_t *f;

	lay(10);
	f = fill(&group, 12);
	cr_expect_arr_eq(f + 18 + 8, link1.addr6[0], 16);
	cr_expect_eq(f[18 + 7], 255);
	cr_expect(udp_ok(f + 18, 6, f + 58));
	global.addr[0] = 0xfd;
	f = fill(&global, 12);
	cr_expect_arr_eq(f + 18 + 8, link1.addr6[1], 16);
	cr_expect(udp_ok(f + 18, 6, f + 58));
	local.addr[0] = 0xfe;
	local.addr[1] = 0x80;
	f = fill(&local, 12);
	cr_expect_arr_eq(f + 18 + 8, link1.addr6[0], 16);
}

Test(frame, l2_unicast_with_the_group_as_destination)
{
	struct dp_dest dest = {.family = 4, .group = 1, .unicast_l2 = 1};
	uint8_t *f;

	lay(10);
	memcpy(dest.dmac.b, "\x02\x00\x00\x00\x00\x05", 6);
	f = fill(&dest, 12);
	cr_expect_arr_eq(f, dest.dmac.b, 6);
	cr_expect_arr_eq(f + 18 + 16, "\xe0\x00\x00\xfb", 4);
}

Test(link, prefixes_and_own_addresses)
{
	uint8_t in[16] = {10, 10, 0, 77}, out[16] = {10, 11, 0, 1}, ll4[16] = {169, 254, 3, 4};
	uint8_t ll6[16] = {0xfe, 0xbf, [15] = 9}, in6[16] = {0xfd, 0, 0, 0x10, 1, [15] = 3};
	uint8_t out6[16] = {0xfd, 0, 0, 0x11, [15] = 3};

	lay(10);
	link1.n_pfx4 = 1;
	link1.pfx4[0] = rte_cpu_to_be_32(RTE_IPV4(10, 10, 0, 0));
	link1.mask4[0] = rte_cpu_to_be_32(0xffffff00u);
	link1.n_pfx6 = 1;
	memcpy(link1.pfx6[0].addr, "\xfd\x00\x00\x10", 4);
	memset(link1.pfx6[0].mask, 0xff, 4);
	cr_expect(dp_link_on_link(&link1, 4, in));
	cr_expect_not(dp_link_on_link(&link1, 4, out));
	cr_expect(dp_link_on_link(&link1, 4, ll4));
	cr_expect(dp_link_on_link(&link1, 6, ll6));
	cr_expect(dp_link_on_link(&link1, 6, in6));
	cr_expect_not(dp_link_on_link(&link1, 6, out6));
	cr_expect(dp_link_own_addr(&link1, 6, link1.addr6[1]));
	cr_expect_not(dp_link_own_addr(&link1, 6, in6));
	cr_expect_not(dp_link_own_addr(&link1, 4, in));
}
