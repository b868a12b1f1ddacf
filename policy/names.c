/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/names.h"

#include <stdlib.h>
#include <string.h>

#include "policy/arena.h"
#include "policy/index.h"

#define USERS_MAX (1u << 22)
#define ROLES_MAX 65535u
#define PLACES_MAX 65535u
#define APS_MAX 65535u

/* Names of one kind; number 0 is no name. */
struct list {
	const char **name; /* [n] */
	uint32_t n, cap, max;
	struct policy_index index;
};

struct policy_names_store {
	struct list users, roles, places, aps;
	struct policy_place *place;
	struct policy_arena arena;
};

#define PLACE_BYTES ((PLACES_MAX + (size_t)1) * sizeof(struct policy_place))

struct policy_names *policy_names_create(void)
{
	struct policy_names *n = calloc(1, sizeof(*n));
	struct policy_names_store *s = calloc(1, sizeof(*s));

	if (n == NULL || s == NULL)
		goto fail;
	s->place = policy_pages_alloc(PLACE_BYTES);
	if (s->place == NULL)
		goto fail;
	s->users = (struct list){.n = 1, .max = USERS_MAX};
	s->roles = (struct list){.n = 1, .max = ROLES_MAX};
	s->places = (struct list){.n = 1, .max = PLACES_MAX};
	s->aps = (struct list){.n = 1, .max = APS_MAX};
	n->place = s->place;
	n->store = s;
	return n;

fail:
	free(s);
	free(n);
	return NULL;
}

void policy_names_destroy(struct policy_names *n)
{
	struct list *lists[4];

	if (n == NULL)
		return;
	lists[0] = &n->store->users;
	lists[1] = &n->store->roles;
	lists[2] = &n->store->places;
	lists[3] = &n->store->aps;
	for (unsigned i = 0; i < 4; i++) {
		free(lists[i]->name);
		policy_index_free(&lists[i]->index);
	}
	policy_pages_free(n->store->place, PLACE_BYTES);
	policy_arena_free(&n->store->arena);
	free(n->store);
	free(n);
}

static bool name_eq(const void *ctx, uint32_t id, const void *key, size_t len)
{
	const char *name = ((const struct list *)ctx)->name[id];

	return strlen(name) == len && memcmp(name, key, len) == 0;
}

static uint32_t number(
	struct policy_names_store *s, struct list *l, const char *name, size_t len, bool *new)
{
	uint32_t hash = policy_hash(name, len);
	uint32_t id = policy_index_find(&l->index, hash, name_eq, l, name, len);

	*new = false;
	if (id != POLICY_NO_ID)
		return id;
	if (l->n > l->max)
		return 0;
	if (l->n >= l->cap) {
		uint32_t cap = l->cap ? l->cap * 2 : 64;
		const char **grown = realloc(l->name, cap * sizeof(*grown));

		if (grown == NULL)
			return 0;
		if (l->cap == 0)
			grown[0] = NULL;
		l->name = grown;
		l->cap = cap;
	}
	l->name[l->n] = policy_arena_text(&s->arena, name, len);
	if (l->name[l->n] == NULL || policy_index_add(&l->index, hash, l->n))
		return 0;
	*new = true;
	return l->n++;
}

uint32_t policy_names_user(struct policy_names *n, const char *name)
{
	bool new;

	return name ? number(n->store, &n->store->users, name, strlen(name), &new) : 0;
}

uint16_t policy_names_role(struct policy_names *n, const char *name)
{
	bool new;

	return name ? (uint16_t)number(n->store, &n->store->roles, name, strlen(name), &new) : 0;
}

uint16_t policy_names_ap(struct policy_names *n, const char *name)
{
	bool new;

	return name ? (uint16_t)number(n->store, &n->store->aps, name, strlen(name), &new) : 0;
}

uint16_t policy_names_place(struct policy_names *n, const char *path)
{
	struct policy_names_store *s = n->store;
	uint32_t above = 0, id = 0;
	unsigned level = 0;

	if (path == NULL)
		return 0;
	for (const char *end = path; *end != '\0' && level < POLICY_LEVELS;) {
		bool new;

		level++;
		end += *end == '/';
		end += strcspn(end, "/");
		id = number(s, &s->places, path, (size_t)(end - path), &new);
		if (id == 0)
			return 0;
		if (new) {
			s->place[id] = s->place[above];
			s->place[id].level = (uint16_t)level;
			s->place[id].at[level] = (uint16_t)id;
		}
		above = id;
	}
	return (uint16_t)id;
}

static const char *name_of(const struct list *l, uint32_t id)
{
	return id != 0 && id < l->n ? l->name[id] : NULL;
}

const char *policy_user_name(const struct policy_names *n, uint32_t user)
{
	return name_of(&n->store->users, user);
}

const char *policy_role_name(const struct policy_names *n, uint16_t role)
{
	return name_of(&n->store->roles, role);
}

const char *policy_place_path(const struct policy_names *n, uint16_t place)
{
	return name_of(&n->store->places, place);
}

const char *policy_ap_name(const struct policy_names *n, uint16_t ap)
{
	return name_of(&n->store->aps, ap);
}
