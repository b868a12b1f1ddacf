/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/service.h"

#include "dns/name.h"

#define LABEL_IS(label, lower) dns_label_is(label, lower, sizeof(lower) - 1)

/* Labels from either end that a decision may look at; TAIL is a power of two. */
#define HEAD 5
#define TAIL 8

/* Offsets of a name's first and last labels, found in one walk. */
struct labels {
	const uint8_t *name;
	unsigned count;
	uint8_t end;        /* offset of the root label */
	bool underscore;    /* some label starts with "_" */
	uint8_t head[HEAD]; /* the root's offset where there are fewer */
	uint8_t tail[TAIL]; /* of label i at i % TAIL */
};

static void walk(const uint8_t *name, struct labels *l)
{
	unsigned i;
	uint8_t off = 0;

	l->name = name;
	l->underscore = false;
	for (i = 0; name[off] != 0; i++) {
		if (i < HEAD)
			l->head[i] = off;
		l->tail[i % TAIL] = off;
		l->underscore |= name[off + 1] == '_';
		off = (uint8_t)(off + 1 + name[off]);
	}
	l->count = i;
	l->end = off;
	for (; i < HEAD; i++)
		l->head[i] = off;
}

/* The label nth from the end, 1 being the last before the root; the root if there is none. */
static const uint8_t *from_end(const struct labels *l, unsigned nth)
{
	return l->name + (nth <= l->count ? l->tail[(l->count - nth) % TAIL] : l->end);
}

/* Are labels i and i + 1 a service type, "_" and a name, then the transport (RFC 6763 §7)? */
static bool is_type(const struct labels *l, unsigned i)
{
	const uint8_t *service = l->name + l->head[i], *proto = l->name + l->head[i + 1];

	return service[0] >= 2 && service[1] == '_' &&
	       (LABEL_IS(proto, "_tcp") || LABEL_IS(proto, "_udp"));
}

/* Services that describe a unicast zone (RFC 8766 §6.4), whatever the transport. */
static bool is_zone_metadata(const uint8_t *service)
{
	return LABEL_IS(service, "_dns-update") || LABEL_IS(service, "_dns-update-tls") ||
	       LABEL_IS(service, "_dns-llq") || LABEL_IS(service, "_dns-llq-tls") ||
	       LABEL_IS(service, "_dns-push") || LABEL_IS(service, "_dns-push-tls");
}

/* What a name below _dns-sd._udp asks for; before is the label ahead of it. */
static enum dns_name_kind dns_sd_kind(const uint8_t *before)
{
	if (LABEL_IS(before, "_services"))
		return DNS_NAME_TYPE_ENUM;
	if (LABEL_IS(before, "b") || LABEL_IS(before, "db") || LABEL_IS(before, "r") ||
		LABEL_IS(before, "dr") || LABEL_IS(before, "lb"))
		return DNS_NAME_DOMAIN_ENUM;
	return DNS_NAME_NEVER;
}

/* The kind of a name whose type is at label at. */
static enum dns_name_kind type_kind(const struct labels *l, unsigned at)
{
	static const enum dns_name_kind by_depth[] = {
		DNS_NAME_SERVICE_TYPE, DNS_NAME_INSTANCE, DNS_NAME_SUBTYPE};
	const uint8_t *service = l->name + l->head[at], *proto = l->name + l->head[at + 1];

	if (is_zone_metadata(service))
		return DNS_NAME_NEVER;
	if (LABEL_IS(service, "_dns-sd") && LABEL_IS(proto, "_udp"))
		return at == 1 ? dns_sd_kind(l->name) : DNS_NAME_NEVER;
	return by_depth[at];
}

/* Link-local reverse domains, RFC 6762 §4: what is in them never means another link's host. */
static bool is_link_local(const struct labels *l)
{
	const uint8_t *third = from_end(l, 3), *fourth = from_end(l, 4), *fifth = from_end(l, 5);

	if (LABEL_IS(from_end(l, 2), "in-addr"))
		return LABEL_IS(third, "169") && LABEL_IS(fourth, "254");
	return LABEL_IS(from_end(l, 2), "ip6") && LABEL_IS(third, "f") && LABEL_IS(fourth, "e") &&
	       (LABEL_IS(fifth, "8") || LABEL_IS(fifth, "9") || LABEL_IS(fifth, "a") ||
		       LABEL_IS(fifth, "b"));
}

void dns_service_parse(const uint8_t *name, struct dns_service_name *out)
{
	struct labels l;
	unsigned at;
	bool arpa;

	walk(name, &l);
	arpa = LABEL_IS(from_end(&l, 1), "arpa");
	*out = (struct dns_service_name){.link_local = arpa && is_link_local(&l)};

	/* a type may have nothing, one instance label, or a subtype and "_sub" before it */
	for (at = 0; l.underscore && at < 3; at++) {
		if (!is_type(&l, at) || (at == 2 && !LABEL_IS(name + l.head[1], "_sub")))
			continue;
		out->kind = type_kind(&l, at);
		out->type_off = l.head[at];
		out->domain_off = l.head[at + 2];
		out->type_len = out->domain_off - out->type_off;
		return;
	}
	out->domain_off = l.head[l.count > 0];
	if (arpa && LABEL_IS(from_end(&l, 2), "in-addr"))
		out->kind = DNS_NAME_REVERSE4;
	else if (arpa && LABEL_IS(from_end(&l, 2), "ip6"))
		out->kind = DNS_NAME_REVERSE6;
	else
		out->kind = l.underscore || l.count == 0 ? DNS_NAME_OTHER : DNS_NAME_HOST;
}

bool dns_service_is_device_info(const uint8_t *name, const struct dns_service_name *sd)
{
	const uint8_t *type = name + sd->type_off;

	return sd->kind == DNS_NAME_INSTANCE && dns_label_is(type, "_device-info", 12) &&
	       dns_label_is(type + 13, "_tcp", 4);
}

bool dns_service_is_gateway(const uint8_t *name, const struct dns_service_name *sd)
{
	const uint8_t *type = name + sd->type_off;

	return sd->type_len == 15 && dns_label_is(type, "_linkspan", 9) &&
	       dns_label_is(type + 10, "_udp", 4);
}
