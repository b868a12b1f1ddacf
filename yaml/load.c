/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "yaml/arena.h"
#include "yaml/draft.h"
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
#include "yaml/tree.h"
#include "yaml/walk.h"

#define GUESSES_MAX 100

static void name_file(struct yaml_errors *errors, const char *name)
{
	free(errors->file);
	errors->file = strdup(name);
}

/* The passes, in the order that each needs: later ones leave alone what is marked bad. */
static void build(struct yaml_loader *ld, struct draft *draft)
{
	size_t errors = ld->errors->n_errors;
	struct yaml_link_names links;
	struct yaml_places places;
	struct yaml_roles roles;
	struct yaml_sets sets;

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
	static const struct config_pos start = {1, 1};

	/* libyaml would count a byte order mark as a column. */
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		len -= 3;
	}
	draft->root = yaml_tree_parse(ld, text, len);
	if (ld->oom)
		return;
	if (draft->root)
		build(ld, draft);
	else if (!ld->partial)
		yaml_errors_add(ld->errors, YAML_ERROR, &start,
			"found an empty file, expected a map with gateway, ports, links and so on");
}

int yaml_load_string(const char *name, const char *text, size_t len, struct config **out,
	struct yaml_errors *errors)
{
	struct yaml_loader ld = {.errors = errors, .guesses = GUESSES_MAX};
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

/* Read until the end or just past the largest size. Returns the bytes, or a negative errno. */
static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t n = read(fd, buf + used, size - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

int yaml_load_file(const char *path, struct config **out, struct yaml_errors *errors)
{
	const size_t size = YAML_FILE_MAX + 1;
	char *buf = NULL;
	ssize_t n;
	int ret, fd;

	*out = NULL;
	name_file(errors, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		ret = -errno;
		goto fail;
	}
	buf = malloc(size);
	if (!buf) {
		ret = -ENOMEM;
		goto fail;
	}
	n = read_all(fd, buf, size);
	if (n < 0) {
		ret = (int)n;
		goto fail;
	}
	ret = yaml_load_string(path, buf, (size_t)n, out, errors);
	free(buf);
	close(fd);
	return ret;

fail:
	yaml_errors_add(errors, YAML_ERROR, NULL, "can't be read: %s", strerror(-ret));
	free(buf);
	if (fd >= 0)
		close(fd);
	return ret;
}

void config_free(struct config *config)
{
	if (config)
		yaml_arena_free(config->arena);
}
