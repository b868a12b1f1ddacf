/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "yaml/arena.h"

#define GUESS_WORD_MAX 63
#define GUESS_NAMES_MAX 5000

int yaml_names_init(struct yaml_loader *ld, struct yaml_names *names, uint32_t max)
{
	names->n = 0;
	names->list = yaml_arena_array(ld->tree, max, sizeof(*names->list));
	if (!names->list) {
		yaml_oom(ld);
		return -ENOMEM;
	}
	return 0;
}

void yaml_names_add(struct yaml_names *names, const char *name, uint32_t index)
{
	if (name)
		names->list[names->n++] = (struct yaml_name){name, index};
}

static int by_name(const void *pa, const void *pb)
{
	const struct yaml_name *a = pa, *b = pb;
	int order = strcmp(a->name, b->name);

	if (order)
		return order;
	return a->index < b->index ? -1 : a->index > b->index;
}

void yaml_names_sort(struct yaml_names *names)
{
	if (names->n > 1)
		qsort(names->list, names->n, sizeof(*names->list), by_name);
}

uint32_t yaml_names_find(const struct yaml_names *names, const char *name)
{
	uint32_t low = 0, high = names->n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (strcmp(names->list[mid].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < names->n && !strcmp(names->list[low].name, name))
		return names->list[low].index;
	return YAML_NO_NAME;
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Edit distance in bytes: insert, delete, replace, and swap of neighbours. */
static size_t edit_distance(const char *a, size_t n, const char *b, size_t m)
{
	size_t row[3][GUESS_WORD_MAX + 1];

	for (size_t j = 0; j <= m; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *now = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t cost = a[i - 1] != b[j - 1];

			now[j] = min3(up[j] + 1, now[j - 1] + 1, up[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				up2[j - 2] + 1 < now[j])
				now[j] = up2[j - 2] + 1;
		}
	}
	return row[n % 3][m];
}

void yaml_guess_offer(struct yaml_guess *guess, const char *candidate)
{
	size_t n = strlen(guess->word), m = strlen(candidate);
	size_t distance;

	if (n > GUESS_WORD_MAX || m > GUESS_WORD_MAX)
		return;
	distance = edit_distance(guess->word, n, candidate, m);
	/* One slip in three letters still looks like the word. */
	if (distance > (n + 2) / 3 || distance >= n || (guess->best && distance >= guess->distance))
		return;
	guess->best = candidate;
	guess->distance = distance;
}

void yaml_guess_offer_names(
	struct yaml_loader *ld, struct yaml_guess *guess, const struct yaml_names *names)
{
	if (!ld->guesses || names->n > GUESS_NAMES_MAX)
		return;
	ld->guesses--;
	for (uint32_t i = 0; i < names->n; i++)
		yaml_guess_offer(guess, names->list[i].name);
}

const char *yaml_guess_text(const struct yaml_guess *guess, char buf[static YAML_GUESS_SIZE])
{
	char quoted[YAML_QUOTE_SIZE];

	*buf = '\0';
	if (guess->best)
		snprintf(buf, YAML_GUESS_SIZE, " (did you mean %s?)",
			yaml_quote(guess->best, quoted));
	return buf;
}
