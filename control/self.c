/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/self.h"

#include <string.h>

#include "control/ctl.h"
#include "control/emit.h"
#include "dns/name.h"

#define TTL_HOST 120   /* seconds, RFC 6762 §10 */
#define TTL_OTHER 4500 /* likewise */
#define JITTER_MIN_MS 20
#define JITTER_MAX_MS 120
#define AGAIN_MS 1000 /* §6 */

static const uint8_t type_name[] = "\x09_linkspan\x04_udp\x05local";

struct names {
	uint8_t instance[DNS_LABEL_MAX + 1 + sizeof(type_name)];
	uint8_t host[48];
};

static size_t put_mac(uint8_t *p, const struct mac_addr *mac)
{
	static const char hex[] = "0123456789abcdef";

	for (unsigned i = 0; i < 6; i++) {
		p[2 * i] = (uint8_t)hex[mac->b[i] >> 4];
		p[2 * i + 1] = (uint8_t)hex[mac->b[i] & 15];
	}
	return 12;
}

bool ctl_self_names(const uint8_t *instance, const struct mac_addr *mac)
{
	uint8_t hex[12];

	put_mac(hex, mac);
	return instance[0] > 12 && memcmp(instance + 1 + instance[0] - 12, hex, 12) == 0;
}

/* The MAC makes both unique on the link, whatever ids the gateways have. */
static void name_us(const struct ctl *c, const struct dp_link *l, struct names *n)
{
	static const uint8_t local[] = "\x05local";
	static const char prefix[] = "linkspan-";
	size_t len = strlen(c->world->id);

	n->instance[0] = (uint8_t)(len + 1 + 12);
	memcpy(n->instance + 1, c->world->id, len);
	n->instance[1 + len] = ' ';
	put_mac(n->instance + 2 + len, &l->mac);
	memcpy(n->instance + 1 + n->instance[0], type_name, sizeof(type_name));
	n->host[0] = (uint8_t)(sizeof(prefix) - 1 + 12);
	memcpy(n->host + 1, prefix, sizeof(prefix) - 1);
	put_mac(n->host + sizeof(prefix), &l->mac);
	memcpy(n->host + 1 + n->host[0], local, sizeof(local));
}

struct telling {
	const struct dp_link *l;
	bool goodbye;
	struct names names;
};

static int put(struct dns_writer *w, const struct telling *t, const uint8_t *name, uint16_t rrtype,
	bool unique, uint32_t ttl, const void *rdata, size_t rdlen)
{
	return dns_write_rr(w, DNS_SECTION_ANSWER, name, rrtype,
		DNS_CLASS_IN | (unique ? DNS_CACHE_FLUSH_BIT : 0), t->goodbye ? 0 : ttl, rdata,
		rdlen, 0);
}

static int write_service(struct dns_writer *w, const void *arg)
{
	const struct telling *t = arg;
	const struct names *n = &t->names;
	uint8_t srv[6 + sizeof(n->host)] = {0, 0, 0, 0, 5353 >> 8, 5353 & 0xff};
	size_t host_len = dns_name_len(n->host);
	int rc;

	memcpy(srv + 6, n->host, host_len);
	rc = put(w, t, type_name, DNS_TYPE_PTR, false, TTL_OTHER, n->instance,
		dns_name_len(n->instance));
	if (rc == 0)
		rc = put(w, t, n->instance, DNS_TYPE_SRV, true, TTL_HOST, srv, 6 + host_len);
	if (rc == 0)
		rc = put(w, t, n->instance, DNS_TYPE_TXT, true, TTL_OTHER, "", 1);
	if (rc == 0 && t->l->has_addr4)
		rc = put(w, t, n->host, DNS_TYPE_A, true, TTL_HOST, &t->l->addr4, 4);
	for (unsigned i = 0; rc == 0 && i < t->l->n_addr6; i++)
		rc = put(w, t, n->host, DNS_TYPE_AAAA, true, TTL_HOST, t->l->addr6[i], 16);
	return rc;
}

static void tell(struct ctl *c, const struct dp_link *l, bool goodbye)
{
	struct telling t = {.l = l, .goodbye = goodbye};

	name_us(c, l, &t.names);
	ctl_emit_message(c, l, DNS_FLAG_QR | DNS_FLAG_AA, write_service, &t);
	c->link[l->id].self.said_ms = c->now_ms | 1;
}

static void answer(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_link *cl = ctl_container(t, struct ctl_link, self.answer);
	const struct dp_link *l = ctl_gateway_link(c, (uint16_t)(cl - c->link));

	if (l != NULL)
		tell(c, l, false);
}

/* Once a second (§6). */
static void tell_at(struct ctl *c, struct ctl_self *self, uint32_t at)
{
	if (wheel_armed(&self->answer.item))
		return;
	if (self->said_ms != 0 && clock_ms_before(at, self->said_ms + AGAIN_MS))
		at = self->said_ms + AGAIN_MS;
	ctl_arm(c, &self->answer, at, answer);
}

void ctl_self_announce(struct ctl *c, const struct dp_link *l)
{
	tell_at(c, &c->link[l->id].self, c->now_ms);
}

void ctl_self_leave(struct ctl *c, const struct dp_link *l)
{
	if (c->link[l->id].self.said_ms != 0)
		tell(c, l, true);
}

static int write_seek(struct dns_writer *w, const void *arg)
{
	(void)arg;
	return dns_write_question(w, type_name, DNS_TYPE_PTR, DNS_CLASS_IN);
}

void ctl_self_seek(struct ctl *c, const struct dp_link *l)
{
	ctl_emit_message(c, l, 0, write_seek, NULL);
}

static bool is_ours(const struct ctl *c, const struct dp_link *l, const uint8_t *qname)
{
	struct names n;

	name_us(c, l, &n);
	return dns_name_equal(qname, type_name) || dns_name_equal(qname, n.instance) ||
	       dns_name_equal(qname, n.host);
}

bool ctl_self_asked(struct ctl *c, const struct dp_link *l, const uint8_t *qname,
	const struct dns_service_name *sd)
{
	if (!is_ours(c, l, qname))
		return dns_service_is_gateway(qname, sd);
	tell_at(c, &c->link[l->id].self,
		c->now_ms + (uint32_t)rng_range(&c->rng, JITTER_MIN_MS, JITTER_MAX_MS));
	return true;
}

void ctl_self_stop(struct ctl *c, uint16_t link)
{
	ctl_cancel(c, &c->link[link].self.answer);
	c->link[link].self.said_ms = 0;
}
