/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "yaml/config.h"

/*
 * Link ids, stable by name across reloads (DESIGN §3). An id of a removed link is kept for its
 * name, and given to another one only when no record of it is left and no fresh id is either.
 */

struct link_id {
	char name[CONFIG_LINK_NAME_MAX + 1];
	uint16_t id;
	bool present; /* in the configuration of this table */
	bool reused;  /* the id had another name before: counters need a baseline */
};

/* Plain data of the management thread; a reload makes a new table beside the old one. */
struct link_ids {
	uint32_t n;
	uint16_t next;       /* lowest id never given */
	struct link_id *e;   /* sorted by name */
	uint16_t *of_config; /* id of config->links[i] */
};

/*
 * Makes the table of a configuration, from the one in force (NULL at first). records(arg, id) tells
 * how many records an id still has. NULL with errno ENOMEM, or E2BIG: no id left.
 */
struct link_ids *link_ids_make(const struct link_ids *old, const struct config *config,
	uint32_t (*records)(void *arg, uint16_t id), void *arg);

void link_ids_free(struct link_ids *ids);

/* The entry of a name, present or kept; NULL if there is none. */
const struct link_id *link_ids_find(const struct link_ids *ids, const char *name);
