/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a name means to DNS-SD (RFC 6763 §4, §7, §7.1, §9, §11) and to the reverse mapping (RFC
 * 6762 §4). Only labels are compared, never bytes across them: a label that holds ".", "\5_tcp"
 * or anything else inside is one label. Pure functions for any thread; names must be checked.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/wire.h"

enum dns_name_kind {
	/* none of the following, and no label starts with "_" */
	DNS_NAME_HOST,
	/* none of the following; the root too */
	DNS_NAME_OTHER,
	/* _ipp._tcp.local */
	DNS_NAME_SERVICE_TYPE,
	/* _x._sub._ipp._tcp.local (RFC 6763 §7.1) */
	DNS_NAME_SUBTYPE,
	/* Instance._ipp._tcp.local: exactly one label before the type (RFC 6763 §4.1.1) */
	DNS_NAME_INSTANCE,
	/* _services._dns-sd._udp.local (RFC 6763 §9) */
	DNS_NAME_TYPE_ENUM,
	/* b, db, r, dr, lb._dns-sd._udp.local (RFC 6763 §11) */
	DNS_NAME_DOMAIN_ENUM,
	/*
	 * Metadata of a unicast zone that no link can answer (RFC 8766 §6.4): _dns-update,
	 * _dns-llq, _dns-push and their -tls kin with whatever is before them, and the rest of
	 * _dns-sd._udp
	 */
	DNS_NAME_NEVER,
	/* in-addr.arpa and names below it that are none of the above */
	DNS_NAME_REVERSE4,
	/* ip6.arpa and names below it that are none of the above */
	DNS_NAME_REVERSE6,
};

struct dns_service_name {
	enum dns_name_kind kind;
	/* offset of the "_ipp" label's length byte within the name; 0 if there is no type */
	uint8_t type_off;
	/* bytes of the two type labels, length bytes included; 0 if there is no type */
	uint8_t type_len;
	/*
	 * offset of the domain: behind the type, or behind the first label of a name without one
	 * (then the root's offset at most)
	 */
	uint8_t domain_off;
	/* at or below 254.169.in-addr.arpa or {8,9,a,b}.e.f.ip6.arpa, whatever the kind */
	bool link_local;
};

/*
 * Takes a name apart in one walk. A type is a label "_" + at least one byte followed by "_tcp" or
 * "_udp" (any case); it is looked for from the left, as every DNS-SD client does, so labels that
 * look like a second type belong to the domain.
 */
void dns_service_parse(const uint8_t *name, struct dns_service_name *out);

/* Is its type _linkspan._udp, by which gateways know each other? It never crosses. */
bool dns_service_is_gateway(const uint8_t *name, const struct dns_service_name *sd);

/*
 * Is this <Instance>._device-info._tcp, which describes the host of an instance and is no service
 * of its own? sd: the name's, from dns_service_parse().
 */
bool dns_service_is_device_info(const uint8_t *name, const struct dns_service_name *sd);

/*
 * The address a full reverse name stands for (RFC 1035 §3.5, RFC 3596 §2.5), in network order.
 * Returns its length, 4 or 16, or -EINVAL for any other name, partial reverse names included.
 */
int dns_reverse_addr(const uint8_t *name, uint8_t addr[16]);

/*
 * The reverse name of an address of len 4 or 16 bytes in network order. Returns the name's length
 * in bytes, or -EINVAL for any other len.
 */
int dns_reverse_name(const uint8_t *addr, size_t len, uint8_t name[DNS_NAME_MAX]);
