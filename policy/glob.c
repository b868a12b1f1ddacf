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

/* A key in lower case against bytes of any. */
static bool key_equal(const char *key, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((uint8_t)key[i] != policy_lower(bytes[i]))
			return false;
	return true;
}

bool policy_glob_match_txt(const struct policy_glob *glob, const uint8_t *txt, size_t len)
{
	size_t key = strlen(glob->key);

	for (size_t at = 0, n; at < len; at += n) {
		n = txt[at++];
		if (n > len - at)
			return false;
		if (n < key || (n > key && txt[at + key] != '='))
			continue;
		if (!key_equal(glob->key, txt + at, key))
			continue;
		if (!glob->text)
			return true;
		return n > key && policy_glob_match(glob->text, txt + at + key + 1, n - key - 1);
	}
	return false;
}

static bool text_eq(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool glob_eq(const void *ctx, uint32_t id, const void *key, size_t len)
{
	const struct policy_glob *a = &((const struct policy_globs *)ctx)->v[id], *b = key;

	(void)len;
	return text_eq(a->key, b->key) && text_eq(a->text, b->text);
}

static int globs_add(struct policy_globs *g, const struct policy_glob *glob, uint32_t *id)
{
	uint32_t hash = glob->text ? policy_hash(glob->text, strlen(glob->text)) : 0;

	if (glob->key)
		hash ^= policy_hash(glob->key, strlen(glob->key));
	*id = policy_index_find(&g->index, hash, glob_eq, g, glob, sizeof(*glob));
	if (*id != POLICY_NO_ID)
		return 0;
	if (g->n == g->cap) {
		uint32_t cap = g->cap ? g->cap * 2 : 16;
		struct policy_glob *grown = realloc(g->v, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		g->v = grown;
		g->cap = cap;
	}
	g->v[g->n] = *glob;
	*id = g->n;
	if (policy_index_add(&g->index, hash, g->n))
		return -ENOMEM;
	g->n++;
	return 0;
}

int policy_globs_add(
	struct policy_globs *g, struct policy_arena *arena, const char *glob, uint32_t *id)
{
	char *text = policy_arena_alloc(arena, strlen(glob) + 1, 1);

	if (!text)
		return -ENOMEM;
	policy_glob_normal(glob, text);
	return globs_add(g, &(struct policy_glob){.text = text}, id);
}

int policy_globs_add_txt(
	struct policy_globs *g, struct policy_arena *arena, const char *txt, uint32_t *id)
{
	size_t len = strcspn(txt, "=");
	char *key = policy_arena_text(arena, txt, len), *text = NULL;

	if (!key)
		return -ENOMEM;
	for (char *c = key; *c; c++)
		*c = (char)policy_lower((uint8_t)*c);
	if (txt[len] == '=') {
		text = policy_arena_alloc(arena, strlen(txt + len) + 1, 1);
		if (!text)
			return -ENOMEM;
		policy_glob_normal(txt + len + 1, text);
	}
	return globs_add(g, &(struct policy_glob){.key = key, .text = text}, id);
}

void policy_globs_free(struct policy_globs *g)
{
	free(g->v);
	policy_index_free(&g->index);
	*g = (struct policy_globs){0};
}
