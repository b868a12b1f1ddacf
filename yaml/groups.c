/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/groups.h"

#include <errno.h>
#include <string.h>

#include "yaml/arena.h"

int yaml_groups_init(
	struct yaml_loader *ld, struct yaml_groups *groups, const struct config *config)
{
	struct config_link_list *list;
	struct yaml_names by_group;
	uint32_t *links, n = 0;

	*groups = (struct yaml_groups){.list = NULL};
	if (yaml_names_init(ld, &by_group, config->n_links) ||
		yaml_names_init(ld, &groups->names, config->n_links))
		return -ENOMEM;
	for (uint32_t i = 0; i < config->n_links; i++)
		yaml_names_add(&by_group, config->links[i].group, i);
	yaml_names_sort(&by_group);
	/* Rules keep slices of the one array. */
	links = yaml_arena_array(ld->out, by_group.n, sizeof(*links));
	list = yaml_arena_array(ld->tree, by_group.n, sizeof(*list));
	if (!links || !list) {
		yaml_oom(ld);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < by_group.n; i++) {
		links[i] = by_group.list[i].index;
		if (i > 0 && strcmp(by_group.list[i].name, by_group.list[i - 1].name) == 0) {
			list[n - 1].n++;
			continue;
		}
		list[n] = (struct config_link_list){.links = &links[i], .n = 1};
		yaml_names_add(&groups->names, by_group.list[i].name, n++);
	}
	yaml_names_sort(&groups->names);
	groups->list = list;
	return 0;
}
