/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/packet.h"

#include <string.h>

#include <rte_ip.h>

#include "base/inet.h"
#include "control/ctl.h"

uint8_t *ctl_frame_new(struct ctl *c, const struct dp_link *l, const uint8_t dmac[6],
	uint16_t ethertype, size_t len, struct rte_mbuf **m)
{
	uint8_t *frame;

	*m = rte_pktmbuf_alloc(c->s->pool);
	if (*m == NULL) {
		CTL_INC(c, no_mbuf);
		return NULL;
	}
	frame = (uint8_t *)rte_pktmbuf_append(*m, (uint16_t)(l->l2_len + len));
	if (frame == NULL) {
		rte_pktmbuf_free(*m);
		CTL_INC(c, no_mbuf);
		return NULL;
	}
	/* The header laid out for our multicasts has everything but the destination and the type.
	 */
	memcpy(frame, l->hdr4, l->l2_len);
	memcpy(frame, dmac, 6);
	dns_store16(frame + l->l2_len - 2, ethertype);
	memset(frame + l->l2_len, 0, len);
	return frame + l->l2_len;
}

bool ctl_frame_send(struct ctl *c, const struct dp_link *l, struct rte_mbuf *m)
{
	const struct dp_port_map *port =
		l->port < DP_PORTS_MAX && c->world != NULL ? c->world->port[l->port] : NULL;
	struct dp_downcall d = {.op = DP_DOWN_TX, .link = l->id, .m = m};

	if (port == NULL || port->n_queues == 0) {
		rte_pktmbuf_free(m);
		return false;
	}
	memset(dp_pkt(m), 0, sizeof(struct dp_pkt));
	dp_pkt(m)->link = l->id;
	m->port = l->port;
	if (!ctl_down(c, dp_tx_owner(port, l->home), &d))
		return false;
	ctl_event(c, l->id, DP_EV_tx_host);
	return true;
}

void ctl_group_mac4(const uint8_t group[4], uint8_t mac[6])
{
	const uint8_t bytes[6] = {0x01, 0x00, 0x5e, group[1] & 0x7f, group[2], group[3]};

	memcpy(mac, bytes, sizeof(bytes));
}

void ctl_group_mac6(const uint8_t group[16], uint8_t mac[6])
{
	mac[0] = 0x33;
	mac[1] = 0x33;
	memcpy(mac + 2, group + 12, 4);
}

void ctl_ip4_ra_fill(
	const struct dp_link *l, uint8_t *ip, const uint8_t dst[4], uint8_t proto, size_t len)
{
	static const uint8_t router_alert[4] = {0x94, 0x04, 0x00, 0x00};
	uint16_t sum;

	ip[0] = 0x46;
	ip[1] = 0xc0; /* internetwork control, as RFC 3376 §4 asks */
	dns_store16(ip + 2, (uint16_t)len);
	ip[6] = 0x40; /* don't fragment */
	ip[8] = 1;
	ip[9] = proto;
	memcpy(ip + 12, &l->addr4, 4);
	memcpy(ip + 16, dst, 4);
	memcpy(ip + 20, router_alert, sizeof(router_alert));
	sum = (uint16_t)~inet_fold(inet_sum(ip, CTL_IP4_RA_LEN));
	memcpy(ip + 10, &sum, sizeof(sum));
}

void ctl_ip6_fill(uint8_t *ip, const uint8_t src[16], const uint8_t dst[16], uint8_t next,
	uint8_t hops, size_t payload)
{
	ip[0] = 0x60;
	dns_store16(ip + 4, (uint16_t)payload);
	ip[6] = next;
	ip[7] = hops;
	memcpy(ip + 8, src, 16);
	memcpy(ip + 24, dst, 16);
}

uint16_t ctl_icmp6_sum(const uint8_t *ip, const uint8_t *icmp, size_t len)
{
	/* Extension headers are not part of the pseudo header, so it is summed by hand. */
	uint64_t sum = inet_sum(ip + 8, 32) + inet_sum(icmp, len);

	sum += rte_cpu_to_be_16((uint16_t)len) + rte_cpu_to_be_16(IPPROTO_ICMPV6);
	return (uint16_t)~inet_fold(sum);
}
