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

/* What a rule asks of a service's instance label, or of an attribute of its TXT record. */
struct policy_glob {
	const char *key; /* of the attribute, lower case; NULL: the instance's label */
	const char
		*text; /* normal form, NUL-terminated; NULL: the attribute is there, that is all */
};

/* All globs of a policy; equal ones are one. Immutable once compiled. */
struct policy_globs {
	struct policy_glob *v; /* [n] */
	uint32_t n, cap;
	struct policy_index index; /* by key and text */
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

/*
 * Does the TXT rdata have the attribute with such a value? Of several of one key the first counts,
 * and keys compare without case (RFC 6763 §6.4).
 */
bool policy_glob_match_txt(const struct policy_glob *glob, const uint8_t *txt, size_t len);

/* The id of a glob over instances, added if it is new. 0, -ENOMEM. */
int policy_globs_add(
	struct policy_globs *g, struct policy_arena *arena, const char *glob, uint32_t *id);

/* The same for an attribute: "KEY=GLOB" or "KEY". */
int policy_globs_add_txt(
	struct policy_globs *g, struct policy_arena *arena, const char *txt, uint32_t *id);

void policy_globs_free(struct policy_globs *g);
