/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/text.h"

size_t utf8_printable(const uint8_t *p, size_t n)
{
	static const uint32_t least[] = {0, 0, 0xa0, 0x800, 0x10000};
	uint32_t code;
	size_t len;

	if (n == 0)
		return 0;
	if (p[0] < 0x80)
		return p[0] >= 0x20 && p[0] != 0x7f;
	if ((p[0] & 0xe0) == 0xc0) {
		len = 2;
		code = p[0] & 0x1f;
	} else if ((p[0] & 0xf0) == 0xe0) {
		len = 3;
		code = p[0] & 0x0f;
	} else if ((p[0] & 0xf8) == 0xf0) {
		len = 4;
		code = p[0] & 0x07;
	} else {
		return 0;
	}
	if (len > n)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	/* Overlong forms and C1, surrogates, beyond Unicode. */
	if (code < least[len] || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff)
		return 0;
	return len;
}
