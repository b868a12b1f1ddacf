/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/names.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "policy/arena.h"
#include "policy/index.h"

#define USERS_MAX (1u << 22)
#define ROLES_MAX 65535u
#define PLACES_MAX 65535u
#define APS_MAX 65535u

struct entry {
	char *name;    /* NULL: of no number, or one that was taken back */
	uint32_t next; /* taken back: the next one that was; 0: none */
	bool used;     /* since the last sweep; */
	bool rests;    /* not before the last one */
};

/* Names of one kind; number 0 is no name. */
struct list {
	struct entry *entry; /* [n] */
	uint32_t n, cap, max;
	uint32_t spare; /* numbers taken back, the first of a list; 0: none */
	uint32_t count; /* names */
	uint32_t added; /* ... since the last sweep */
	struct policy_index index;
};

struct policy_names_store {
	struct list users, roles, places, aps;
	struct policy_place *place;
	uint16_t *down;
};

#define PLACE_BYTES ((PLACES_MAX + (size_t)1) * sizeof(struct policy_place))
#define DOWN_BYTES (POLICY_DOWN(POLICY_SELF + 1) * sizeof(uint16_t))

struct policy_names *policy_names_create(void)
{
	struct policy_names *n = calloc(1, sizeof(*n));
	struct policy_names_store *s = calloc(1, sizeof(*s));

	if (n == NULL || s == NULL)
		goto fail;
	s->place = policy_pages_alloc(PLACE_BYTES);
	s->down = policy_pages_alloc(DOWN_BYTES);
	if (s->place == NULL || s->down == NULL)
		goto fail;
	s->users = (struct list){.n = 1, .max = USERS_MAX};
	s->roles = (struct list){.n = 1, .max = ROLES_MAX};
	s->places = (struct list){.n = 1, .max = PLACES_MAX};
	s->aps = (struct list){.n = 1, .max = APS_MAX};
	n->place = s->place;
	n->down = s->down;
	n->store = s;
	return n;

fail:
	if (s != NULL) {
		policy_pages_free(s->place, PLACE_BYTES);
		policy_pages_free(s->down, DOWN_BYTES);
	}
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
		for (uint32_t k = 1; k < lists[i]->n; k++)
			free(lists[i]->entry[k].name);
		free(lists[i]->entry);
		policy_index_free(&lists[i]->index);
	}
	policy_pages_free(n->store->place, PLACE_BYTES);
	policy_pages_free(n->store->down, DOWN_BYTES);
	free(n->store);
	free(n);
}

static bool name_eq(const void *ctx, uint32_t id, const void *key, size_t len)
{
	const char *name = ((const struct list *)ctx)->entry[id].name;

	return strlen(name) == len && memcmp(name, key, len) == 0;
}

/* A number that no name has; 0: there is none, or no memory. */
static uint32_t unused(struct list *l)
{
	if (l->spare != 0)
		return l->spare;
	if (l->n > l->max)
		return 0;
	if (l->n >= l->cap) {
		uint32_t cap = l->cap ? l->cap * 2 : 64;
		struct entry *grown = realloc(l->entry, cap * sizeof(*grown));

		if (grown == NULL)
			return 0;
		if (l->cap == 0)
			grown[0] = (struct entry){.name = NULL};
		l->entry = grown;
		l->cap = cap;
	}
	l->entry[l->n] = (struct entry){.name = NULL};
	return l->n;
}

static uint32_t number(struct list *l, const char *name, size_t len, bool *new)
{
	uint32_t hash = policy_hash(name, len);
	uint32_t id = policy_index_find(&l->index, hash, name_eq, l, name, len);
	char *copy;

	*new = false;
	if (id != POLICY_NO_ID) {
		l->entry[id].rests = false;
		return id;
	}
	id = unused(l);
	copy = id != 0 ? strndup(name, len) : NULL;
	if (copy == NULL || policy_index_add(&l->index, hash, id)) {
		free(copy);
		return 0;
	}
	if (id == l->n)
		l->n++;
	else
		l->spare = l->entry[id].next;
	l->entry[id] = (struct entry){.name = copy};
	l->count++;
	l->added++;
	*new = true;
	return id;
}

uint32_t policy_names_user(struct policy_names *n, const char *name)
{
	bool new;

	return name ? number(&n->store->users, name, strlen(name), &new) : 0;
}

uint16_t policy_names_role(struct policy_names *n, const char *name)
{
	bool new;

	return name ? (uint16_t)number(&n->store->roles, name, strlen(name), &new) : 0;
}

uint16_t policy_names_ap(struct policy_names *n, const char *name)
{
	bool new;

	return name ? (uint16_t)number(&n->store->aps, name, strlen(name), &new) : 0;
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
		id = number(&s->places, path, (size_t)(end - path), &new);
		if (id == 0)
			return 0;
		if (new) {
			s->place[id] = s->place[above];
			s->place[id].level = (uint16_t)level;
			s->place[id].at[level] = (uint16_t)id;
			for (unsigned i = 1; i <= POLICY_SELF; i++)
				s->down[POLICY_DOWN(i) + id] =
					i < level ? s->place[id].at[i] : (uint16_t)id;
		}
		above = id;
	}
	return (uint16_t)id;
}

static void use(struct list *l, uint32_t id)
{
	if (id != 0 && id < l->n)
		l->entry[id].used = true;
}

void policy_names_use_user(struct policy_names *n, uint32_t user)
{
	use(&n->store->users, user);
}

void policy_names_use_ap(struct policy_names *n, uint16_t ap)
{
	use(&n->store->aps, ap);
}

static bool is_over(const struct entry *e)
{
	return e->name != NULL && !e->used && e->rests;
}

/* An index of those that stay. 0 or -ENOMEM. */
static int index_rest(const struct list *l, struct policy_index *index)
{
	for (uint32_t id = 1; id < l->n; id++) {
		const struct entry *e = &l->entry[id];

		if (e->name != NULL && !is_over(e) &&
			policy_index_add(index, policy_hash(e->name, strlen(e->name)), id)) {
			policy_index_free(index);
			return -ENOMEM;
		}
	}
	return 0;
}

static int sweep(struct list *l)
{
	struct policy_index index = {.slots = NULL};
	int n = 0;

	if (index_rest(l, &index))
		return -ENOMEM;
	policy_index_free(&l->index);
	l->index = index;
	for (uint32_t id = 1; id < l->n; id++) {
		struct entry *e = &l->entry[id];

		if (is_over(e)) {
			free(e->name);
			*e = (struct entry){.next = l->spare};
			l->spare = id;
			n++;
		}
		e->rests = !e->used;
		e->used = false;
	}
	l->count -= (uint32_t)n;
	l->added = 0;
	return n;
}

int policy_names_sweep(struct policy_names *n)
{
	int users = sweep(&n->store->users), aps = users < 0 ? users : sweep(&n->store->aps);

	return aps < 0 ? aps : users + aps;
}

uint32_t policy_names_count(const struct policy_names *n)
{
	return n->store->users.count + n->store->aps.count;
}

uint32_t policy_names_added(const struct policy_names *n)
{
	return n->store->users.added + n->store->aps.added;
}

static const char *name_of(const struct list *l, uint32_t id)
{
	return id != 0 && id < l->n ? l->entry[id].name : NULL;
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
