/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/glob.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/types.h"

/* Bytes of the character at p, of n > 0 that are there; 1 for what is no UTF-8 (RFC 3629 §4). */
static size_t char_len(const uint8_t *p, size_t n)
{
	size_t len;

	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 1;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (len > n)
		return 1;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 1;
	/* Overlong forms, surrogates and what lies beyond U+10FFFF are no characters. */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
		(p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 1;
	return len;
}

/*
 * Only the last `*` met is ever taken back: whatever an earlier one could give, the later one can
 * take. So no label makes this run longer than the product of the two lengths.
 */
bool policy_glob_match(const char *glob, const uint8_t *label, size_t len)
{
	const char *g = glob, *star = NULL;
	size_t i = 0, from = 0;

	for (;;) {
		if (*g == '*') {
			star = ++g;
			from = i;
			continue;
		}
		if (i == len && *g == '\0')
			return true;
		if (i < len && *g == '?') {
			g++;
			i += char_len(label + i, len - i);
			continue;
		}
		if (i < len && *g != '\0') {
			const char *c = *g == '\\' && g[1] != '\0' ? g + 1 : g;

			if ((uint8_t)*c == policy_lower(label[i])) {
				g = c + 1;
				i++;
				continue;
			}
		}
		if (!star || from == len)
			return false;
		from += char_len(label + from, len - from);
		i = from;
		g = star;
	}
}

size_t policy_glob_normal(const char *glob, char *out)
{
	char *o = out;
	bool star = false; /* an unescaped one was written last */

	for (const char *g = glob; *g; g++) {
		if (*g == '*' && star)
			continue;
		star = *g == '*';
		if (*g == '\\' && g[1] != '\0') {
			g++;
			if (strchr("*?\\", *g))
				*o++ = '\\';
		}
		*o++ = (char)policy_lower((uint8_t)*g);
	}
	*o = '\0';
	return (size_t)(o - out);
}

static bool glob_eq(const void *ctx, uint32_t id, const void *key, size_t len)
{
	const struct policy_globs *g = ctx;

	return strlen(g->text[id]) == len && memcmp(g->text[id], key, len) == 0;
}

int policy_globs_add(
	struct policy_globs *g, struct policy_arena *arena, const char *glob, uint32_t *id)
{
	char *text = policy_arena_alloc(arena, strlen(glob) + 1, 1);
	size_t len;
	uint32_t hash;

	if (!text)
		return -ENOMEM;
	len = policy_glob_normal(glob, text);
	hash = policy_hash(text, len);
	*id = policy_index_find(&g->index, hash, glob_eq, g, text, len);
	if (*id != POLICY_NO_ID)
		return 0;
	if (g->n == g->cap) {
		uint32_t cap = g->cap ? g->cap * 2 : 16;
		const char **grown = realloc(g->text, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		g->text = grown;
		g->cap = cap;
	}
	g->text[g->n] = text;
	*id = g->n;
	if (policy_index_add(&g->index, hash, g->n))
		return -ENOMEM;
	g->n++;
	return 0;
}

void policy_globs_free(struct policy_globs *g)
{
	free(g->text);
	policy_index_free(&g->index);
	*g = (struct policy_globs){0};
}
