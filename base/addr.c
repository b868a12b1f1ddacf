/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int mac_parse(const char *text, struct mac_addr *mac)
{
	struct mac_addr out;
	char sep = 0;

	for (size_t i = 0; i < sizeof(out.b); i++) {
		int hi, lo;

		if (i == 1) {
			sep = *text;
			if (sep != ':' && sep != '-')
				return -EINVAL;
		}
		if (i > 0 && *text++ != sep)
			return -EINVAL;
		hi = hex_digit(text[0]);
		if (hi < 0)
			return -EINVAL;
		lo = hex_digit(text[1]);
		if (lo < 0)
			return -EINVAL;
		out.b[i] = (uint8_t)(hi << 4 | lo);
		text += 2;
	}
	if (*text != '\0')
		return -EINVAL;
	*mac = out;
	return 0;
}

const char *mac_format(const struct mac_addr *mac, char *buf)
{
	static const char hex[] = "0123456789abcdef";
	char *p = buf;

	for (size_t i = 0; i < sizeof(mac->b); i++) {
		*p++ = hex[mac->b[i] >> 4];
		*p++ = hex[mac->b[i] & 15];
		*p++ = ':';
	}
	p[-1] = '\0';
	return buf;
}

int ip_parse(const char *text, struct ip_addr *addr)
{
	struct ip_addr out = {0};

	if (inet_pton(AF_INET, text, out.b) == 1) {
		out.family = 4;
	} else {
		/* A failed inet_pton() may have left bytes behind. */
		memset(out.b, 0, sizeof(out.b));
		if (inet_pton(AF_INET6, text, out.b) != 1)
			return -EINVAL;
		out.family = 6;
	}
	*addr = out;
	return 0;
}

const char *ip_format(const struct ip_addr *addr, char *buf)
{
	int af = addr->family == 4 ? AF_INET : AF_INET6;

	if (addr->family == 0 || inet_ntop(af, addr->b, buf, IP_TEXT_SIZE) == NULL)
		memcpy(buf, "none", sizeof("none"));
	return buf;
}

int prefix_parse(const char *text, struct ip_prefix *prefix)
{
	const char *slash = strchr(text, '/');
	char addr_text[IP_TEXT_SIZE];
	struct ip_prefix out;
	unsigned len = 0;
	const char *p;

	if (slash == NULL || (size_t)(slash - text) >= sizeof(addr_text))
		return -EINVAL;
	memcpy(addr_text, text, (size_t)(slash - text));
	addr_text[slash - text] = '\0';
	if (ip_parse(addr_text, &out.addr) < 0)
		return -EINVAL;

	/* One to three digits and no leading zero: "08" is a slip more often than a length. */
	for (p = slash + 1; *p >= '0' && *p <= '9' && p - slash <= 3; p++)
		len = len * 10 + (unsigned)(*p - '0');
	if (p == slash + 1 || *p != '\0' || (slash[1] == '0' && p - slash > 2))
		return -EINVAL;
	if (len > (out.addr.family == 4 ? 32 : 128))
		return -ERANGE;
	out.len = (uint8_t)len;
	*prefix = out;
	return 0;
}

const char *prefix_format(const struct ip_prefix *prefix, char *buf)
{
	size_t n;

	ip_format(&prefix->addr, buf);
	n = strlen(buf);
	snprintf(buf + n, PREFIX_TEXT_SIZE - n, "/%u", prefix->len);
	return buf;
}

static bool bits_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned bytes = bits / 8;
	unsigned rest = bits % 8;

	if (memcmp(a, b, bytes) != 0)
		return false;
	return rest == 0 || ((a[bytes] ^ b[bytes]) >> (8 - rest)) == 0;
}

bool prefix_contains(const struct ip_prefix *prefix, uint8_t family, const uint8_t *bytes)
{
	return family != 0 && prefix->addr.family == family &&
	       bits_equal(prefix->addr.b, bytes, prefix->len);
}

bool prefix_overlaps(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return a->addr.family != 0 && a->addr.family == b->addr.family &&
	       bits_equal(a->addr.b, b->addr.b, a->len < b->len ? a->len : b->len);
}

struct ip_addr ip_link_local_from_mac(const struct mac_addr *mac)
{
	const uint8_t *m = mac->b;

	return (struct ip_addr){
		.family = 6,
		.b = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, m[0] ^ 0x02, m[1], m[2], 0xff, 0xfe, m[3], m[4],
			m[5]},
	};
}

bool ip_is_unspecified(const struct ip_addr *addr)
{
	static const uint8_t zero[16];

	return addr->family == 0 || memcmp(addr->b, zero, addr->family == 4 ? 4 : 16) == 0;
}

bool ip_is_loopback(const struct ip_addr *addr)
{
	static const uint8_t one[16] = {[15] = 1};

	if (addr->family == 4)
		return addr->b[0] == 127;
	return addr->family == 6 && memcmp(addr->b, one, 16) == 0;
}
