/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/text.h"

#include <errno.h>

#include "dns/rdata.h"

void dns_text_str(struct dns_text *t, const char *s)
{
	while (*s != '\0')
		dns_text_char(t, *s++);
}

void dns_text_uint(struct dns_text *t, uint32_t value)
{
	char digits[10];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + value % 10);
	while ((value /= 10) > 0);
	while (n > 0)
		dns_text_char(t, digits[--n]);
}

void dns_text_type(struct dns_text *t, uint16_t rrtype)
{
	const char *name = dns_type_name(rrtype);

	dns_text_str(t, name ? name : "TYPE");
	if (!name)
		dns_text_uint(t, rrtype);
}

int dns_text_end(struct dns_text *t)
{
	if (t->len >= t->cap)
		return -ENOSPC;
	t->buf[t->len] = '\0';
	return (int)t->len;
}

/*
 * Bytes of the printable UTF-8 sequence at p (RFC 3629), 0 if there is none: overlong forms,
 * surrogates and the C1 controls, which drive terminals, are not.
 */
static size_t utf8_len(const uint8_t *p, size_t avail)
{
	size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	uint32_t point;

	if (p[0] < 0xc2 || p[0] > 0xf4 || avail < n)
		return 0;
	point = p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (p[i] & 0x3f);
	}
	if (point < 0xa0 || (n == 3 && point < 0x800) || (n == 4 && point < 0x10000))
		return 0;
	if ((point >= 0xd800 && point <= 0xdfff) || point > 0x10ffff)
		return 0;
	return n;
}

static void put_decimal_escape(struct dns_text *t, uint8_t c)
{
	dns_text_char(t, '\\');
	dns_text_char(t, (char)('0' + c / 100));
	dns_text_char(t, (char)('0' + c / 10 % 10));
	dns_text_char(t, (char)('0' + c % 10));
}

void dns_text_escaped(struct dns_text *t, const uint8_t *bytes, size_t len, const char *special)
{
	for (size_t i = 0; i < len;) {
		uint8_t c = bytes[i];
		size_t n = c >= 0x80 ? utf8_len(bytes + i, len - i) : c >= 0x20 && c != 0x7f;

		if (n == 0) {
			put_decimal_escape(t, c);
			i++;
			continue;
		}
		if (c < 0x80 && strchr(special, c))
			dns_text_char(t, '\\');
		while (n-- > 0)
			dns_text_char(t, (char)bytes[i++]);
	}
}

void dns_text_name(struct dns_text *t, const uint8_t *name)
{
	if (*name == 0)
		dns_text_char(t, '.');
	while (*name != 0) {
		dns_text_escaped(t, name + 1, *name, ".\\");
		name += 1u + *name;
		if (*name != 0)
			dns_text_char(t, '.');
	}
}
