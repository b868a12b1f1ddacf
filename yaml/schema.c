/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/schema.h"

#include <stdio.h>
#include <string.h>

#include "yaml/scalar.h"

bool yaml_schema_is_child(const struct schema_key *parent, const struct schema_key *key)
{
	const char *rest = key->path;

	if (parent) {
		size_t len = strlen(parent->path);

		if (strncmp(rest, parent->path, len) != 0 || rest[len] != '.')
			return false;
		rest += len + 1;
	}
	return !strchr(rest, '.');
}

size_t yaml_schema_name(const struct schema_key *key, const char **name)
{
	const char *dot = strrchr(key->path, '.');

	*name = dot ? dot + 1 : key->path;
	return strcspn(*name, "[");
}

const struct schema_key *yaml_schema_child(const struct schema_key *parent, const char *key)
{
	size_t len = strlen(key), n;
	const struct schema_key *schema = yaml_schema(&n);

	for (size_t i = 0; i < n; i++) {
		const char *name;

		if (yaml_schema_is_child(parent, &schema[i]) &&
			yaml_schema_name(&schema[i], &name) == len && !memcmp(name, key, len))
			return &schema[i];
	}
	return NULL;
}

const char *yaml_schema_expected(const struct schema_key *key, char *buf, size_t size)
{
	char low[24], high[24];
	const char *what = "";

	if (key->expected) {
		snprintf(buf, size, "%s", key->expected);
		return buf;
	}
	switch (key->type) {
	case SCHEMA_MAP:
	case SCHEMA_NAMED:
		snprintf(buf, size, "a map");
		return buf;
	case SCHEMA_RECORDS:
		snprintf(buf, size, "a list of maps");
		return buf;
	case SCHEMA_WORD:
		snprintf(buf, size, "one of %s", key->words);
		return buf;
	case SCHEMA_UINT:
		what = "an integer";
		break;
	case SCHEMA_SIZE:
		what = "a size";
		break;
	case SCHEMA_DURATION:
		what = "a duration";
		break;
	case SCHEMA_RATE:
		what = "a rate";
		break;
	default:
		snprintf(buf, size, "text");
		return buf;
	}
	yaml_scalar_format(key->type, key->min, low, sizeof(low));
	yaml_scalar_format(key->type, key->max, high, sizeof(high));
	snprintf(buf, size, "%s %s..%s%s%s", what, low, high, key->words ? " or " : "",
		key->words ? key->words : "");
	return buf;
}
