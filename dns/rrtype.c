/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/rdata.h"

#include <errno.h>
#include <strings.h>

#include "dns/text.h"

/* For operators only, so looked up one by one. */
static const struct {
	uint16_t rrtype;
	const char *name;
} names[] = {
	{DNS_TYPE_A, "A"},
	{DNS_TYPE_NS, "NS"},
	{DNS_TYPE_MD, "MD"},
	{DNS_TYPE_MF, "MF"},
	{DNS_TYPE_CNAME, "CNAME"},
	{DNS_TYPE_SOA, "SOA"},
	{DNS_TYPE_MB, "MB"},
	{DNS_TYPE_MG, "MG"},
	{DNS_TYPE_MR, "MR"},
	{DNS_TYPE_NULL, "NULL"},
	{DNS_TYPE_WKS, "WKS"},
	{DNS_TYPE_PTR, "PTR"},
	{DNS_TYPE_HINFO, "HINFO"},
	{DNS_TYPE_MINFO, "MINFO"},
	{DNS_TYPE_MX, "MX"},
	{DNS_TYPE_TXT, "TXT"},
	{DNS_TYPE_RP, "RP"},
	{DNS_TYPE_AFSDB, "AFSDB"},
	{DNS_TYPE_RT, "RT"},
	{DNS_TYPE_SIG, "SIG"},
	{DNS_TYPE_KEY, "KEY"},
	{DNS_TYPE_PX, "PX"},
	{DNS_TYPE_AAAA, "AAAA"},
	{DNS_TYPE_LOC, "LOC"},
	{DNS_TYPE_NXT, "NXT"},
	{DNS_TYPE_SRV, "SRV"},
	{DNS_TYPE_NAPTR, "NAPTR"},
	{DNS_TYPE_KX, "KX"},
	{DNS_TYPE_DNAME, "DNAME"},
	{DNS_TYPE_OPT, "OPT"},
	{DNS_TYPE_DS, "DS"},
	{DNS_TYPE_SSHFP, "SSHFP"},
	{DNS_TYPE_RRSIG, "RRSIG"},
	{DNS_TYPE_NSEC, "NSEC"},
	{DNS_TYPE_DNSKEY, "DNSKEY"},
	{DNS_TYPE_NSEC3, "NSEC3"},
	{DNS_TYPE_TLSA, "TLSA"},
	{DNS_TYPE_SVCB, "SVCB"},
	{DNS_TYPE_HTTPS, "HTTPS"},
	{DNS_TYPE_SPF, "SPF"},
	{DNS_TYPE_TSIG, "TSIG"},
	{DNS_TYPE_IXFR, "IXFR"},
	{DNS_TYPE_AXFR, "AXFR"},
	{DNS_TYPE_ANY, "ANY"},
	{DNS_TYPE_CAA, "CAA"},
};

#define NAMES (sizeof(names) / sizeof(names[0]))

bool dns_type_is_unique(uint16_t rrtype)
{
	switch (rrtype) {
	case DNS_TYPE_A:
	case DNS_TYPE_AAAA:
	case DNS_TYPE_CNAME:
	case DNS_TYPE_DNAME:
	case DNS_TYPE_HINFO:
	case DNS_TYPE_NSEC:
	case DNS_TYPE_SRV:
	case DNS_TYPE_TXT:
		return true;
	default:
		return false;
	}
}

const char *dns_type_name(uint16_t rrtype)
{
	for (size_t i = 0; i < NAMES; i++)
		if (names[i].rrtype == rrtype)
			return names[i].name;
	return NULL;
}

int dns_type_to_text(uint16_t rrtype, char *buf, size_t cap)
{
	struct dns_text t = {.buf = buf, .cap = cap};

	dns_text_type(&t, rrtype);
	return dns_text_end(&t);
}

int dns_type_from_text(const char *text)
{
	int value = 0;

	for (size_t i = 0; i < NAMES; i++)
		if (strcasecmp(names[i].name, text) == 0)
			return names[i].rrtype;
	if (strncasecmp(text, "TYPE", 4) != 0 || text[4] == '\0')
		return -EINVAL;
	for (text += 4; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (*text - '0');
		if (value > UINT16_MAX)
			return -EINVAL;
	}
	return value;
}
