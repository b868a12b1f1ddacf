/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/template.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Bytes of the {vlan...} at text, and its value; 0 if it is none. */
static size_t substitution(const char *text, uint16_t vlan, unsigned int *value)
{
	static const char whole[] = "{vlan}", high[] = "{vlan/256}", low[] = "{vlan%256}";

	if (!strncmp(text, whole, sizeof(whole) - 1)) {
		*value = vlan;
		return sizeof(whole) - 1;
	}
	if (!strncmp(text, high, sizeof(high) - 1)) {
		*value = vlan / 256;
		return sizeof(high) - 1;
	}
	if (!strncmp(text, low, sizeof(low) - 1)) {
		*value = vlan % 256;
		return sizeof(low) - 1;
	}
	return 0;
}

int yaml_template(const char *text, uint16_t vlan, char *out, size_t size)
{
	size_t used = 0;

	while (*text) {
		char piece[12] = {*text};
		size_t len = 1;

		if (*text == '{' || *text == '}') {
			unsigned int value;

			len = substitution(text, vlan, &value);
			if (!len)
				return -EINVAL;
			snprintf(piece, sizeof(piece), "%u", value);
		}
		if (used + strlen(piece) >= size)
			return -ENAMETOOLONG;
		strcpy(out + used, piece);
		used += strlen(piece);
		text += len;
	}
	if (!used)
		*out = '\0';
	return 0;
}
