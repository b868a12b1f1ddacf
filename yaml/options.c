/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/options.h"

#include <stdio.h>
#include <string.h>

#include "yaml/arena.h"
#include "yaml/tree.h"

#define VALUE_EXPECTED "text, a list of texts, or true for a flag without a value"

struct builder {
	struct yaml_loader *ld;
	const char **argv;
	uint32_t n;
};

static bool check_name(struct yaml_loader *ld, struct yaml_node *node)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	size_t len = strspn(node->key, letters);

	if (len >= 2 && !node->key[len] && *node->key != '-')
		return true;
	yaml_complain_key(ld, node,
		"found no long EAL option, expected its name without dashes in front, like "
		"log-level");
	return false;
}

static void add(struct builder *b, const char *name, const char *value)
{
	size_t size = strlen(name) + (value ? strlen(value) : 0) + sizeof("--=");
	char *piece = yaml_arena_alloc(b->ld->out, size);

	if (!piece) {
		yaml_oom(b->ld);
		return;
	}
	snprintf(piece, size, "--%s%s%s", name, value ? "=" : "", value ? value : "");
	b->argv[b->n++] = piece;
}

static void take_option(struct builder *b, struct yaml_node *node)
{
	if (node->kind == YAML_KIND_BROKEN || !check_name(b->ld, node))
		return;
	if (node->kind == YAML_KIND_LIST) {
		yaml_for_each_child(item, node)
		{
			if (item->kind != YAML_KIND_SCALAR || yaml_is_null(item))
				yaml_expected(b->ld, item, "text");
			else
				add(b, node->key, item->text);
		}
		return;
	}
	if (node->kind == YAML_KIND_MAP)
		yaml_expected(b->ld, node, VALUE_EXPECTED);
	else if (yaml_is_null(node) || (node->plain && !strcmp(node->text, "true")))
		add(b, node->key, NULL);
	else if (node->plain && !strcmp(node->text, "false"))
		yaml_expected(b->ld, node, VALUE_EXPECTED "; leave out what is not set");
	else
		add(b, node->key, node->text);
}

void yaml_build_options(struct yaml_loader *ld, struct draft *draft)
{
	struct builder b = {.ld = ld};
	size_t n = 0;

	if (!draft->eal)
		return;
	yaml_for_each_child(node, draft->eal) n += node->n ? node->n : 1;
	b.argv = yaml_arena_array(ld->out, n, sizeof(*b.argv));
	if (!b.argv) {
		yaml_oom(ld);
		return;
	}
	yaml_for_each_child(node, draft->eal) take_option(&b, node);
	draft->config.eal = b.argv;
	draft->config.n_eal = b.n;
}
