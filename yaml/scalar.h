/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "yaml/draft.h"
#include "yaml/schema.h"

/**
 * Read the text of a SCHEMA_UINT, _SIZE, _DURATION, _RATE or _WORD: a decimal number and its unit
 * (none; KiB, MiB, GiB, TiB; s, m, h, d; /s), or one of key->words. No sign, no leading zeros (YAML
 * would take those for octal), no spaces.
 *
 * @return 0; -EINVAL for anything else; -ERANGE beyond key->min..key->max. *value only if 0.
 */
int yaml_scalar_parse(const struct schema_key *key, const char *text, uint64_t *value);

/** Write a value of these types as the file would ("24h", "64MiB"), with the largest exact unit. */
void yaml_scalar_format(enum schema_type type, uint64_t value, char *buf, size_t size);

/** Read "10" or "10-59", 0..4094 or 1..4094 in rising order. 0, or -EINVAL. */
int yaml_vlan_parse(const char *text, struct raw_vlan *vlan);
