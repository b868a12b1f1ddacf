/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "base/log.h"
#include "control/ctl.h"

LOG_MODULE(control);

/* Neighbour discovery for our IPv6 addresses (RFC 4861 §7), and duplicate address detection (RFC
 * 4862 §5.4). */

#define ND_NS 135
#define ND_NA 136
#define ND_LEN 24    /* message without options */
#define ND_OPT_LEN 8 /* a link-layer address option of Ethernet */
#define OPT_SOURCE_LL 1
#define OPT_TARGET_LL 2
#define NA_SOLICITED 0x40
#define NA_OVERRIDE 0x20

static const uint8_t unspecified[16];
static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 0x01};

/* ff02::1:ffXX:XXXX (RFC 4291 §2.7.1). */
static void solicited_node(const uint8_t addr[16], uint8_t group[16])
{
	static const uint8_t prefix[13] = {0xff, 0x02, [11] = 0x01, [12] = 0xff};

	memcpy(group, prefix, sizeof(prefix));
	memcpy(group + 13, addr + 13, 3);
}

/* Sends a message with hop limit 255 whose checksum is still to be computed. */
static bool send_nd(struct ctl *c, const struct dp_link *l, const uint8_t *dmac, const uint8_t *src,
	const uint8_t *dst, const uint8_t *msg, size_t len)
{
	struct rte_mbuf *m;
	uint8_t *ip = ctl_frame_new(c, l, dmac, RTE_ETHER_TYPE_IPV6, CTL_IP6_LEN + len, &m);
	uint16_t sum;

	if (ip == NULL)
		return false;
	ctl_ip6_fill(ip, src, dst, IPPROTO_ICMPV6, 255, len);
	memcpy(ip + CTL_IP6_LEN, msg, len);
	sum = ctl_icmp6_sum(ip, ip + CTL_IP6_LEN, len);
	memcpy(ip + CTL_IP6_LEN + 2, &sum, sizeof(sum));
	return ctl_frame_send(c, l, m);
}

static bool advertise(struct ctl *c, const struct dp_link *l, const uint8_t *target, uint8_t flags,
	const uint8_t *dmac, const uint8_t *dst)
{
	uint8_t msg[ND_LEN + ND_OPT_LEN] = {ND_NA};

	msg[4] = flags;
	memcpy(msg + 8, target, 16);
	msg[ND_LEN] = OPT_TARGET_LL;
	msg[ND_LEN + 1] = 1;
	memcpy(msg + ND_LEN + 2, l->mac.b, 6);
	return send_nd(c, l, dmac, target, dst, msg, sizeof(msg));
}

void ctl_nd_probe(struct ctl *c, const struct dp_link *l)
{
	for (unsigned i = 0; i < l->n_addr6; i++) {
		uint8_t msg[ND_LEN] = {ND_NS}, group[16], mac[6];

		memcpy(msg + 8, l->addr6[i], 16);
		solicited_node(l->addr6[i], group);
		ctl_group_mac6(group, mac);
		send_nd(c, l, mac, unspecified, group, msg, sizeof(msg));
	}
}

void ctl_nd_ask(struct ctl *c, const struct dp_link *l, const uint8_t ip6[16])
{
	uint8_t msg[ND_LEN + ND_OPT_LEN] = {ND_NS}, group[16], mac[6];

	if (l->n_addr6 == 0)
		return;
	memcpy(msg + 8, ip6, 16);
	msg[ND_LEN] = OPT_SOURCE_LL;
	msg[ND_LEN + 1] = 1;
	memcpy(msg + ND_LEN + 2, l->mac.b, 6);
	solicited_node(ip6, group);
	ctl_group_mac6(group, mac);
	send_nd(c, l, mac, l->addr6[0], group, msg, sizeof(msg));
}

void ctl_nd_announce(struct ctl *c, const struct dp_link *l)
{
	uint8_t mac[6];

	ctl_group_mac6(all_nodes, mac);
	for (unsigned i = 0; i < l->n_addr6; i++)
		advertise(c, l, l->addr6[i], NA_OVERRIDE, mac, all_nodes);
}

/* The link-layer address in an option of that type; false if the options are broken. *mac stays as
 * it is without one. */
static bool read_options(const struct ctl_in *in, uint8_t type, bool *found, uint8_t mac[6])
{
	const uint8_t *p = in->l4 + ND_LEN, *end = in->l4 + in->l4_len;

	*found = false;
	while (end - p >= 2) {
		size_t len = (size_t)p[1] * 8;

		if (len == 0 || len > (size_t)(end - p))
			return false;
		if (p[0] == type && len == ND_OPT_LEN) {
			memcpy(mac, p + 2, 6);
			*found = true;
		}
		p += len;
	}
	return p == end;
}

static void conflict(const struct dp_link *l, const uint8_t *target, const struct mac_addr *who)
{
	struct ip_addr a = ip_from_bytes(6, target);
	char ip[IP_TEXT_SIZE], mac[MAC_TEXT_SIZE];

	LOG_LIMITED(LOG_LEVEL_WARN, "IPv6 address of ours used by another host",
		"link=%s address=%s mac=%s", l->name, ip_format(&a, ip), mac_format(who, mac));
}

/* A solicitation (RFC 4861 §7.1.1, §7.2.4). */
static bool solicited(struct ctl *c, const struct ctl_in *in)
{
	const uint8_t *src = in->l3 + 8, *dst = in->l3 + 24, *target = in->l4 + 8;
	uint8_t mac[6], group[16];
	bool has_ll;

	memcpy(mac, in->smac.b, 6);
	if (!read_options(in, OPT_SOURCE_LL, &has_ll, mac))
		return false;
	if (memcmp(src, unspecified, 16) != 0) {
		if (src[0] == 0xff || (mac[0] & 1) != 0)
			return false;
		return advertise(c, in->l, target, NA_SOLICITED | NA_OVERRIDE, mac, src);
	}
	/* Somebody probes for our address: tell all nodes that it is taken (RFC 4862 §5.4.3). */
	solicited_node(target, group);
	if (has_ll || memcmp(dst, group, 16) != 0)
		return false;
	conflict(in->l, target, &in->smac);
	ctl_group_mac6(all_nodes, mac);
	return advertise(c, in->l, target, NA_OVERRIDE, mac, all_nodes);
}

/* An answer to a solicitation of ours. */
static bool present(struct ctl *c, const struct ctl_in *in)
{
	struct ip_addr from = ip_from_bytes(6, in->l4 + 8);
	struct mac_addr mac = in->smac;
	bool has_ll;

	return read_options(in, OPT_TARGET_LL, &has_ll, mac.b) &&
	       ctl_host_present(c, in->l->id, &from, &mac);
}

bool ctl_nd_input(struct ctl *c, const struct ctl_in *in)
{
	const uint8_t *target = in->l4 + 8;
	uint8_t mac[6];
	bool has_ll;

	/* RFC 4861 §7.1.1, §7.1.2: what does not pass is not even looked at. */
	if (in->l4_len < ND_LEN || in->l3[7] != 255 || in->l4[1] != 0 ||
		ctl_icmp6_sum(in->l3, in->l4, in->l4_len) != 0)
		return false;
	if (!dp_link_own_addr(in->l, 6, target))
		return in->l4[0] == ND_NA && (in->l4[4] & NA_SOLICITED) != 0 && present(c, in);
	if (in->l4[0] == ND_NS) {
		if (!solicited(c, in))
			return false;
		CTL_INC(c, host_answers);
		return true;
	}
	if (in->l4[0] != ND_NA)
		return false;
	memcpy(mac, in->smac.b, 6);
	if (!read_options(in, OPT_TARGET_LL, &has_ll, mac) || memcmp(mac, in->l->mac.b, 6) == 0)
		return false;
	conflict(in->l, target, &in->smac);
	return true;
}
