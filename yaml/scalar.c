/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/scalar.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define VLAN_MAX 4094

struct unit {
	const char *name;
	uint64_t factor;
};

/* Smallest first, so that formatting finds the largest last. */
static const struct unit no_units[] = {{"", 1}, {NULL, 0}};
static const struct unit size_units[] = {
	{"KiB", 1ull << 10},
	{"MiB", 1ull << 20},
	{"GiB", 1ull << 30},
	{"TiB", 1ull << 40},
	{NULL, 0},
};
static const struct unit duration_units[] = {
	{"s", 1},
	{"m", 60},
	{"h", 3600},
	{"d", 86400},
	{NULL, 0},
};
static const struct unit rate_units[] = {{"/s", 1}, {NULL, 0}};

static const struct unit *units_of(enum schema_type type)
{
	switch (type) {
	case SCHEMA_SIZE:
		return size_units;
	case SCHEMA_DURATION:
		return duration_units;
	case SCHEMA_RATE:
		return rate_units;
	default:
		return no_units;
	}
}

/* Read digits; *rest is behind them. */
static int parse_digits(const char *text, uint64_t *value, const char **rest)
{
	const char *p = text;
	uint64_t v = 0;

	if (*p == '0' && p[1] >= '0' && p[1] <= '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
			__builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return -ERANGE;
	}
	if (p == text)
		return -EINVAL;
	*value = v;
	*rest = p;
	return 0;
}

/* Find text among words separated by '|'; its index, or -EINVAL. */
static int find_word(const char *words, const char *text)
{
	size_t len = strlen(text);

	for (int i = 0;; i++) {
		size_t n = strcspn(words, "|");

		if (n == len && !memcmp(words, text, n))
			return i;
		if (!words[n])
			return -EINVAL;
		words += n + 1;
	}
}

int yaml_scalar_parse(const struct schema_key *key, const char *text, uint64_t *value)
{
	int word = key->words ? find_word(key->words, text) : -EINVAL;
	const char *rest;
	uint64_t v;
	int ret;

	if (word >= 0) {
		/* In numbers the first word means 0 and min bounds the number only. */
		*value = (uint64_t)word + (key->type == SCHEMA_WORD ? key->min : 0);
		return 0;
	}
	if (key->type == SCHEMA_WORD)
		return -EINVAL;
	ret = parse_digits(text, &v, &rest);
	if (ret)
		return ret;
	for (const struct unit *u = units_of(key->type); u->name; u++) {
		if (strcmp(rest, u->name) != 0)
			continue;
		if (__builtin_mul_overflow(v, u->factor, &v) || v < key->min || v > key->max)
			return -ERANGE;
		*value = v;
		return 0;
	}
	return -EINVAL;
}

void yaml_scalar_format(enum schema_type type, uint64_t value, char *buf, size_t size)
{
	const struct unit *best = units_of(type);

	for (const struct unit *u = best; u->name; u++) {
		if (value && value % u->factor == 0)
			best = u;
	}
	snprintf(buf, size, "%" PRIu64 "%s", value / best->factor, best->name);
}

int yaml_vlan_parse(const char *text, struct raw_vlan *vlan)
{
	uint64_t first, last;
	const char *rest;
	bool range;

	if (parse_digits(text, &first, &rest) || first > VLAN_MAX)
		return -EINVAL;
	range = *rest == '-';
	last = first;
	if (range && (parse_digits(rest + 1, &last, &rest) || last > VLAN_MAX))
		return -EINVAL;
	if (*rest || last < first || (range && !first))
		return -EINVAL;
	*vlan = (struct raw_vlan){(uint16_t)first, (uint16_t)last, range};
	return 0;
}
