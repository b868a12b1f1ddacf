/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/service.h"

#include <errno.h>

#include "dns/name.h"

static const uint8_t in_addr_arpa[] = "\7in-addr\4arpa";
static const uint8_t ip6_arpa[] = "\3ip6\4arpa";

/* The byte that one decimal label stands for, without leading zeros; -EINVAL for another label. */
static int decimal_label(const uint8_t *label)
{
	int value = 0;

	if (label[0] < 1 || label[0] > 3 || (label[0] > 1 && label[1] == '0'))
		return -EINVAL;
	for (unsigned i = 1; i <= label[0]; i++) {
		if (label[i] < '0' || label[i] > '9')
			return -EINVAL;
		value = value * 10 + (label[i] - '0');
	}
	return value <= UINT8_MAX ? value : -EINVAL;
}

/* The nibble that one hexadecimal label stands for; -EINVAL for another label. */
static int nibble_label(const uint8_t *label)
{
	if (label[0] != 1)
		return -EINVAL;
	if (label[1] >= '0' && label[1] <= '9')
		return label[1] - '0';
	if ((label[1] | 0x20) >= 'a' && (label[1] | 0x20) <= 'f')
		return (label[1] | 0x20) - 'a' + 10;
	return -EINVAL;
}

int dns_reverse_addr(const uint8_t *name, uint8_t addr[16])
{
	unsigned labels = dns_name_labels(name);

	if (labels == 4 + 2 && dns_name_equal(dns_name_skip(name, 4), in_addr_arpa)) {
		for (int i = 3; i >= 0; i--, name = dns_name_skip(name, 1)) {
			int byte = decimal_label(name);

			if (byte < 0)
				return -EINVAL;
			addr[i] = (uint8_t)byte;
		}
		return 4;
	}
	if (labels == 32 + 2 && dns_name_equal(dns_name_skip(name, 32), ip6_arpa)) {
		for (int i = 15; i >= 0; i--, name = dns_name_skip(name, 2)) {
			int low = nibble_label(name), high = nibble_label(dns_name_skip(name, 1));

			if (low < 0 || high < 0)
				return -EINVAL;
			addr[i] = (uint8_t)(high << 4 | low);
		}
		return 16;
	}
	return -EINVAL;
}

static uint8_t *put_decimal(uint8_t *p, uint8_t value)
{
	uint8_t *len = p++;

	if (value >= 100)
		*p++ = (uint8_t)('0' + value / 100);
	if (value >= 10)
		*p++ = (uint8_t)('0' + value / 10 % 10);
	*p++ = (uint8_t)('0' + value % 10);
	*len = (uint8_t)(p - len - 1);
	return p;
}

static uint8_t *put_nibble(uint8_t *p, unsigned value)
{
	*p++ = 1;
	*p++ = (uint8_t) "0123456789abcdef"[value & 0xf];
	return p;
}

int dns_reverse_name(const uint8_t *addr, size_t len, uint8_t name[DNS_NAME_MAX])
{
	uint8_t *p = name;

	if (len == 4) {
		for (int i = 3; i >= 0; i--)
			p = put_decimal(p, addr[i]);
		memcpy(p, in_addr_arpa, sizeof(in_addr_arpa));
		return (int)(p - name + (ptrdiff_t)sizeof(in_addr_arpa));
	}
	if (len == 16) {
		for (int i = 15; i >= 0; i--) {
			p = put_nibble(p, addr[i]);
			p = put_nibble(p, addr[i] >> 4);
		}
		memcpy(p, ip6_arpa, sizeof(ip6_arpa));
		return (int)(p - name + (ptrdiff_t)sizeof(ip6_arpa));
	}
	return -EINVAL;
}
