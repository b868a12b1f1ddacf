/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/switches.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct mgmt_switch *find(const struct mgmt_switches *s, const char *name, size_t len)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (strlen(s->list[i].name) == len && memcmp(s->list[i].name, name, len) == 0)
			return &s->list[i];
	return NULL;
}

enum config_link_mode mgmt_switched(
	const struct mgmt_switches *s, const struct config *config, const struct config_link *cl)
{
	const struct mgmt_switch *found = NULL;
	size_t len = strlen(cl->name);

	if (s == NULL)
		return cl->mode;
	if (s->paused)
		return CONFIG_LINK_OFF;
	found = find(s, cl->name, len);
	/* "NAME/PORT": what was said of NAME. */
	if (found == NULL && cl->far_side)
		found = find(s, cl->name, len - strlen(config->ports[cl->port].name) - 1);
	return found != NULL ? found->mode : cl->mode;
}

int mgmt_switch_link(struct mgmt_switches *s, const char *name, const enum config_link_mode *mode)
{
	struct mgmt_switch *e = (struct mgmt_switch *)find(s, name, strlen(name)), *list;

	if (mode == NULL) {
		if (e != NULL)
			*e = s->list[--s->n];
		return 0;
	}
	if (e == NULL) {
		list = realloc(s->list, (s->n + 1) * sizeof(*list));
		if (list == NULL)
			return -ENOMEM;
		s->list = list;
		e = &list[s->n++];
		snprintf(e->name, sizeof(e->name), "%s", name);
	}
	e->mode = *mode;
	return 0;
}

int mgmt_switches_copy(struct mgmt_switches *out, const struct mgmt_switches *s)
{
	*out = *s;
	out->list = NULL;
	if (s->n == 0)
		return 0;
	out->list = malloc(s->n * sizeof(*out->list));
	if (out->list == NULL)
		return -ENOMEM;
	memcpy(out->list, s->list, s->n * sizeof(*out->list));
	return 0;
}

void mgmt_switches_free(struct mgmt_switches *s)
{
	free(s->list);
	*s = (struct mgmt_switches){0};
}
