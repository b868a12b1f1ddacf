/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/text.h"

#include <errno.h>

#include "base/text.h"
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
		size_t n = utf8_printable(bytes + i, len - i);

		if (n == 0) {
			put_decimal_escape(t, bytes[i++]);
			continue;
		}
		if (n == 1 && strchr(special, bytes[i]))
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
