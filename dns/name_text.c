/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/name.h"

#include <errno.h>

#include "dns/text.h"

int dns_name_to_text(const uint8_t *name, char *buf, size_t cap)
{
	struct dns_text t = {.buf = buf, .cap = cap};

	dns_text_name(&t, name);
	return dns_text_end(&t);
}

int dns_label_to_text(const uint8_t *label, char *buf, size_t cap)
{
	struct dns_text t = {.buf = buf, .cap = cap};

	dns_text_escaped(&t, label + 1, *label, ".\\");
	return dns_text_end(&t);
}

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads what follows a backslash at *text and moves on; the byte meant, or -EINVAL. */
static int unescape(const char **text)
{
	const char *p = *text;
	int value;

	if (*p == '\0')
		return -EINVAL;
	if (!is_digit(*p)) {
		*text = p + 1;
		return (uint8_t)*p;
	}
	if (!is_digit(p[1]) || !is_digit(p[2]))
		return -EINVAL;
	value = (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
	*text = p + 3;
	return value <= UINT8_MAX ? value : -EINVAL;
}

int dns_name_from_text(const char *text, uint8_t name[DNS_NAME_MAX])
{
	size_t start = 0, n = 1; /* of the label being read: its length byte, its end */

	if (strcmp(text, ".") == 0) {
		name[0] = 0;
		return 1;
	}
	for (;;) {
		int c = (uint8_t)*text;
		bool end = c == '\0' || c == '.';

		if (end) {
			if (n == start + 1)
				return -EINVAL;
			name[start] = (uint8_t)(n - start - 1);
			start = n++;
			if (c == '\0' || *++text == '\0')
				break;
			continue;
		}
		text++;
		if (c == '\\')
			c = unescape(&text);
		/* the root label must still fit behind */
		if (c < 0 || n - start > DNS_LABEL_MAX || n >= DNS_NAME_MAX - 1)
			return -EINVAL;
		name[n++] = (uint8_t)c;
	}
	name[start] = 0;
	return (int)n;
}
