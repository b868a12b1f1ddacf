/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "yaml/arena.h"
#include "yaml/draft.h"
#include "yaml/file.h"
#include "yaml/gateways.h"
#include "yaml/links.h"
#include "yaml/listen.h"
#include "yaml/locations.h"
#include "yaml/options.h"
#include "yaml/ports.h"
#include "yaml/radius.h"
#include "yaml/reach.h"
#include "yaml/rules.h"
#include "yaml/sets.h"
#include "yaml/stations.h"
#include "yaml/stations_file.h"
#include "yaml/tree.h"
#include "yaml/walk.h"

#define GUESSES_MAX 100

/* Of a load: no other file was named in it yet. */
static void name_file(struct yaml_errors *errors, const char *name)
{
	for (size_t i = 0; i < CONFIG_FILES; i++) {
		free(errors->file[i]);
		errors->file[i] = NULL;
	}
	errors->file[CONFIG_FILE_MAIN] = strdup(name);
}

/* The passes, in the order that each needs: later ones leave alone what is marked bad. */
static void build(struct yaml_loader *ld, struct draft *draft)
{
	size_t errors = ld->errors->n_errors;
	struct yaml_link_names links;
	struct yaml_places places;
	struct yaml_roles roles;
	struct yaml_sets sets;

	yaml_read_stations_file(ld, draft);
	yaml_walk(ld, draft);
	if (ld->oom)
		return;
	yaml_build_ports(ld, draft);
	if (yaml_build_locations(ld, draft, &places) ||
		yaml_build_stations(ld, draft, &places, &roles))
		return;
	yaml_build_links(ld, draft, &places, &links);
	if (ld->oom || yaml_build_sets(&sets, ld, draft))
		return;
	yaml_build_pinned(&sets);
	yaml_build_policies(ld, draft, &sets, &links, &(struct yaml_who_names){&places, &roles});
	draft->config.admission.off = draft->admission_off != 0;
	draft->config.audit.syslog = draft->audit_syslog != 0;
	yaml_build_gateways(ld, draft);
	yaml_build_radius(ld, draft, &places, &roles);
	yaml_take_listen(ld, yaml_child(yaml_child(draft->root, "metrics"), "listen"),
		draft->metrics_listen, &draft->config.metrics.listen, &draft->config.metrics.port,
		"\"127.0.0.1:9153\" or \"[::1]:9153\"");
	yaml_build_options(ld, draft);
	if (!ld->partial && !ld->oom && ld->errors->n_errors == errors)
		yaml_check_reach(ld, &draft->config, yaml_child(draft->root, "policies"));
}

static void load_text(struct yaml_loader *ld, struct draft *draft, const char *text, size_t len)
{
	static const struct config_pos start = {.line = 1, .col = 1};

	draft->root = yaml_tree_parse(ld, text, len);
	if (ld->oom)
		return;
	if (draft->root)
		build(ld, draft);
	else if (!ld->partial)
		yaml_errors_add(ld->errors, YAML_ERROR, &start,
			"found an empty file, expected a map with gateway, ports, links and so on");
}

static int load(const char *name, const char *text, size_t len, bool reads_files,
	struct config **out, struct yaml_errors *errors)
{
	struct yaml_loader ld = {
		.errors = errors, .guesses = GUESSES_MAX, .reads_files = reads_files};
	size_t before = errors->n_errors;
	struct config *config = NULL;
	struct draft draft = {0};
	int ret = -ENOMEM;

	*out = NULL;
	name_file(errors, name);
	if (len > YAML_FILE_MAX) {
		yaml_errors_add(errors, YAML_ERROR, NULL,
			"found more than %zu bytes, expected fewer", YAML_FILE_MAX);
		return -EINVAL;
	}
	ld.tree = yaml_arena_new();
	ld.out = yaml_arena_new();
	if (!ld.tree || !ld.out)
		goto fail;
	load_text(&ld, &draft, text, len);
	yaml_errors_sort(errors);
	if (ld.oom)
		goto fail;
	ret = -EINVAL;
	if (errors->n_errors > before)
		goto fail;
	ret = -ENOMEM;
	config = yaml_arena_alloc(ld.out, sizeof(*config));
	if (!config)
		goto fail;
	*config = draft.config;
	config->arena = ld.out;
	config->file = yaml_arena_string(ld.out, name);
	if (!config->file)
		goto fail;
	yaml_arena_free(ld.tree);
	*out = config;
	return 0;

fail:
	if (ret == -ENOMEM)
		yaml_errors_add(errors, YAML_ERROR, NULL, "out of memory");
	yaml_arena_free(ld.tree);
	yaml_arena_free(ld.out);
	return ret;
}

int yaml_load_string(const char *name, const char *text, size_t len, struct config **out,
	struct yaml_errors *errors)
{
	return load(name, text, len, false, out, errors);
}

int yaml_load_file(const char *path, struct config **out, struct yaml_errors *errors)
{
	size_t len;
	char *text;
	int ret;

	*out = NULL;
	ret = yaml_file_read(path, false, &text, &len);
	if (ret) {
		name_file(errors, path);
		yaml_errors_add(errors, YAML_ERROR, NULL, "can't be read: %s", strerror(-ret));
		return ret;
	}
	ret = load(path, text, len, true, out, errors);
	free(text);
	return ret;
}

void config_free(struct config *config)
{
	if (config)
		yaml_arena_free(config->arena);
}
