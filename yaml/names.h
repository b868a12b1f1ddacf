/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "yaml/complain.h"

#define YAML_NO_NAME UINT32_MAX

struct yaml_name {
	const char *name;
	uint32_t index; /* what the caller counts by */
};

/** Names of one kind, for search. Fill `list`, then sort. */
struct yaml_names {
	struct yaml_name *list;
	uint32_t n;
};

/** Room for `max` names in the loader's tree arena. 0, or -ENOMEM (and ld->oom is set). */
int yaml_names_init(struct yaml_loader *ld, struct yaml_names *names, uint32_t max);

/** Add a name; NULL is left out. */
void yaml_names_add(struct yaml_names *names, const char *name, uint32_t index);

/** Sort by name, equal names by index. Needed before find. */
void yaml_names_sort(struct yaml_names *names);

/** The (lowest) index of a name, or YAML_NO_NAME. */
uint32_t yaml_names_find(const struct yaml_names *names, const char *name);

/** Search for the word that a misspelt one was meant to be. */
struct yaml_guess {
	const char *word;
	const char *best;
	size_t distance;
};

#define YAML_GUESS_SIZE (YAML_QUOTE_SIZE + 32)

/** Compare with one candidate, which must outlive the guess. */
void yaml_guess_offer(struct yaml_guess *guess, const char *candidate);

/** Compare with all of a list, if it isn't too long for a search. */
void yaml_guess_offer_names(
	struct yaml_loader *ld, struct yaml_guess *guess, const struct yaml_names *names);

/** Write ` (did you mean "best"?)`, or nothing if no candidate is near; returns buf. */
const char *yaml_guess_text(const struct yaml_guess *guess, char buf[static YAML_GUESS_SIZE]);
