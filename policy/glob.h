/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Globs over an instance's label: `*` any run of characters, `?` one character, `\` takes the next
 * character literally (at the end: itself). Bytes compare as they are but for ASCII case (RFC 6762
 * §16); a character is one UTF-8 sequence, or one byte where the bytes are no UTF-8.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/arena.h"
#include "policy/index.h"

/* All globs of a policy; equal ones are one. Immutable once compiled. */
struct policy_globs {
	const char **text; /* [n] normal form, NUL-terminated */
	uint32_t n, cap;
	struct policy_index index; /* by text */
};

/*
 * Does the label of len bytes match? O(len * length of the glob). `glob` is normalised
 * (policy_glob_normal()). Any thread.
 */
bool policy_glob_match(const char *glob, const uint8_t *label, size_t len);

/*
 * Writes the normal form of a glob (lower case, no `**`, no needless `\`), at most strlen(glob) + 1
 * bytes, and returns its length.
 */
size_t policy_glob_normal(const char *glob, char *out);

/* The id of a glob, added if it is new. 0, -ENOMEM. */
int policy_globs_add(
	struct policy_globs *g, struct policy_arena *arena, const char *glob, uint32_t *id);

void policy_globs_free(struct policy_globs *g);
