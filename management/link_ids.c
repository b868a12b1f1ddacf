/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/link_ids.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/world.h"

static int by_name(const void *a, const void *b)
{
	const struct link_id *x = a, *y = b;

	return strcmp(x->name, y->name);
}

const struct link_id *link_ids_find(const struct link_ids *ids, const char *name)
{
	struct link_id key = {0};
	size_t len = strlen(name);

	if (ids == NULL || ids->n == 0 || len >= sizeof(key.name))
		return NULL;
	memcpy(key.name, name, len);
	return bsearch(&key, ids->e, ids->n, sizeof(key), by_name);
}

static struct link_ids *ids_alloc(uint32_t n_entries, uint32_t n_links)
{
	struct link_ids *ids = calloc(1, sizeof(*ids));

	if (ids == NULL)
		return NULL;
	ids->e = calloc(n_entries + 1, sizeof(*ids->e));
	ids->of_config = calloc(n_links + 1, sizeof(*ids->of_config));
	if (ids->e == NULL || ids->of_config == NULL) {
		link_ids_free(ids);
		return NULL;
	}
	ids->next = 1;
	return ids;
}

void link_ids_free(struct link_ids *ids)
{
	if (ids == NULL)
		return;
	free(ids->e);
	free(ids->of_config);
	free(ids);
}

static void ids_add(struct link_ids *ids, const char *name, uint16_t id, bool present, bool reused)
{
	struct link_id *e = &ids->e[ids->n++];

	memcpy(e->name, name, strnlen(name, sizeof(e->name) - 1));
	e->id = id;
	e->present = present;
	e->reused = reused;
}

/* Names of the configuration that have an id keep it. used[id] gets set. */
static void keep_known(
	struct link_ids *ids, const struct link_ids *old, const struct config *config, bool *used)
{
	for (uint32_t i = 0; i < config->n_links; i++) {
		const struct link_id *e = link_ids_find(old, config->links[i].name);

		if (e == NULL)
			continue;
		ids->of_config[i] = e->id;
		ids_add(ids, e->name, e->id, true, e->reused);
		used[e->id] = true;
	}
}

/* Ids of names that left, as long as the running world or a record still knows them. */
static void keep_removed(struct link_ids *ids, const struct link_ids *old, bool *used,
	uint32_t (*records)(void *arg, uint16_t id), void *arg)
{
	for (uint32_t i = 0; old != NULL && i < old->n; i++) {
		const struct link_id *e = &old->e[i];

		if (used[e->id])
			continue;
		if (!e->present && (records == NULL || records(arg, e->id) == 0))
			continue;
		ids_add(ids, e->name, e->id, false, e->reused);
		used[e->id] = true;
	}
}

static int give_new(struct link_ids *ids, const struct config *config, const bool *used)
{
	uint16_t free_id = 1;

	for (uint32_t i = 0; i < config->n_links; i++) {
		uint16_t id;
		bool reused = false;

		if (ids->of_config[i] != 0)
			continue;
		if (ids->next < DP_LINKS_MAX) {
			id = ids->next++;
		} else {
			while (free_id < DP_LINKS_MAX && used[free_id])
				free_id++;
			if (free_id >= DP_LINKS_MAX)
				return -E2BIG;
			id = free_id++;
			reused = true;
		}
		ids->of_config[i] = id;
		ids_add(ids, config->links[i].name, id, true, reused);
	}
	return 0;
}

struct link_ids *link_ids_make(const struct link_ids *old, const struct config *config,
	uint32_t (*records)(void *arg, uint16_t id), void *arg)
{
	struct link_ids *ids;
	bool *used = NULL;
	int rc;

	ids = ids_alloc((old != NULL ? old->n : 0) + config->n_links, config->n_links);
	if (ids == NULL)
		goto nomem;
	used = calloc(DP_LINKS_MAX, sizeof(*used));
	if (used == NULL)
		goto nomem;
	if (old != NULL)
		ids->next = old->next;
	keep_known(ids, old, config, used);
	keep_removed(ids, old, used, records, arg);
	rc = give_new(ids, config, used);
	free(used);
	if (rc < 0) {
		link_ids_free(ids);
		errno = -rc;
		return NULL;
	}
	qsort(ids->e, ids->n, sizeof(*ids->e), by_name);
	return ids;

nomem:
	link_ids_free(ids);
	errno = ENOMEM;
	return NULL;
}
