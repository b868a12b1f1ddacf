/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/stations_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "yaml/check.h"
#include "yaml/file.h"
#include "yaml/tree.h"

/* The list, as the value of the key `stations`. */
static void hang(struct draft *draft, struct yaml_node *list)
{
	struct yaml_node *root = draft->root;

	list->key = "stations";
	list->key_pos = list->pos;
	list->parent = root;
	list->index = root->n++;
	root->last->next = list;
	root->last = list;
}

static void parse(struct yaml_loader *ld, struct draft *draft, const char *text, size_t len)
{
	const struct config_pos start = {.line = 1, .col = 1, .file = CONFIG_FILE_STATIONS};
	struct yaml_node *list;

	if (len > YAML_FILE_MAX) {
		yaml_errors_add(ld->errors, YAML_ERROR, &start,
			"found more than %zu bytes, expected fewer", YAML_FILE_MAX);
		return;
	}
	ld->file = CONFIG_FILE_STATIONS;
	list = yaml_tree_parse(ld, text, len);
	ld->file = CONFIG_FILE_MAIN;
	/* An empty file says nothing of any station. */
	if (list && !yaml_is_null(list))
		hang(draft, list);
}

void yaml_read_stations_file(struct yaml_loader *ld, struct draft *draft)
{
	struct yaml_node *node = yaml_child(draft->root, "stations_file");
	char *text;
	size_t len;
	int ret;

	/* What is wrong with the value itself, the walk says. */
	if (!node || node->kind != YAML_KIND_SCALAR || node->bad || !yaml_check_path(node->text))
		return;
	if (yaml_child(draft->root, "stations")) {
		yaml_complain_key(ld, node, "found stations too, expected one of both");
		return;
	}
	if (!ld->reads_files)
		return;
	ret = yaml_file_read(node->text, true, &text, &len);
	if (ret == -ENOMEM) {
		yaml_oom(ld);
	} else if (ret == -EINVAL) {
		yaml_complain(ld, node, "%s is no regular file", node->text);
	} else if (ret) {
		yaml_complain(ld, node, "%s can't be read: %s", node->text, strerror(-ret));
	} else {
		free(ld->errors->file[CONFIG_FILE_STATIONS]);
		ld->errors->file[CONFIG_FILE_STATIONS] = strdup(node->text);
		parse(ld, draft, text, len);
	}
	free(text);
}
