/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/schema.h"

#include <string.h>

#include "load.h"
#include "yaml/arena.h"
#include "yaml/check.h"
#include "yaml/draft.h"
#include "yaml/presets.h"
#include "yaml/walk.h"

/* What the code that reads the table takes for granted of every row. */

static const struct schema_key *parent_of(const struct schema_key *key)
{
	size_t n;
	const struct schema_key *schema = yaml_schema(&n);

	for (size_t i = 0; i < n; i++) {
		if (yaml_schema_is_child(&schema[i], key))
			return &schema[i];
	}
	return NULL;
}

Test(schema, every_row_hangs_on_one_above_it)
{
	size_t n;
	const struct schema_key *schema = yaml_schema(&n);

	for (size_t i = 0; i < n; i++) {
		const struct schema_key *parent = parent_of(&schema[i]);

		if (yaml_schema_is_child(NULL, &schema[i]))
			continue;
		cr_assert_not_null(parent, "%s", schema[i].path);
		cr_expect(parent < &schema[i], "%s", schema[i].path);
		cr_expect(parent->type <= SCHEMA_NAMED, "%s", schema[i].path);
		cr_expect_eq(parent->restart, schema[i].restart, "%s", schema[i].path);
	}
}

Test(schema, paths_are_found_and_unique)
{
	size_t n;
	const struct schema_key *schema = yaml_schema(&n);

	for (size_t i = 0; i < n; i++) {
		const struct schema_key *parent =
			yaml_schema_is_child(NULL, &schema[i]) ? NULL : parent_of(&schema[i]);
		char name[64] = "";
		const char *start;
		size_t len = yaml_schema_name(&schema[i], &start);

		memcpy(name, start, len);
		cr_expect_eq(yaml_schema_child(parent, name), &schema[i], "%s", schema[i].path);
	}
	cr_expect_null(yaml_schema_child(NULL, "gate"));
	cr_expect_null(yaml_schema_child(NULL, "ports[]"));
	cr_expect_null(yaml_schema_child(NULL, "gateway.id"));
	cr_expect_null(yaml_schema_child(&schema[0], "limits.ttl"));
}

Test(schema, rows_are_complete)
{
	size_t n;
	const struct schema_key *schema = yaml_schema(&n);

	for (size_t i = 0; i < n; i++) {
		const struct schema_key *key = &schema[i];
		char expected[256];

		cr_expect(key->doc && key->doc[strlen(key->doc) - 1] == '.', "%s", key->path);
		cr_expect(key->max == 0 || key->min <= key->max, "%s", key->path);
		cr_expect(strlen(yaml_schema_expected(key, expected, sizeof(expected))) > 3, "%s",
			key->path);
		cr_expect(
			strcmp(yaml_schema_expected(key, expected, sizeof(expected)), "text") != 0,
			"%s", key->path);
		if (key->type == SCHEMA_RECORDS || key->type == SCHEMA_NAMED)
			cr_expect(key->element && key->element->size, "%s", key->path);
		if (key->type == SCHEMA_NAMED) {
			const struct schema_key *value = yaml_schema_child(key, "*");

			cr_expect(value != NULL && value->check != NULL, "%s", key->path);
		}
		if (key->type >= SCHEMA_UINT && key->type <= SCHEMA_RATE &&
			key->type != SCHEMA_WORD)
			cr_expect(key->unit && key->width && key->max, "%s", key->path);
		if (key->type == SCHEMA_WORD)
			cr_expect(key->words && key->width == sizeof(int), "%s", key->path);
		cr_expect_not(key->required && key->def, "%s", key->path);
	}
}

Test(schema, defaults_are_valid)
{
	static const char *const parents[] = {NULL, "ports[]", "links[]", "policies.*[]"};
	size_t n;
	const struct schema_key *schema = yaml_schema(&n);

	for (size_t p = 0; p < sizeof(parents) / sizeof(parents[0]); p++) {
		struct yaml_errors errors = {0};
		struct yaml_loader ld = {
			.errors = &errors,
			.tree = yaml_arena_new(),
			.out = yaml_arena_new(),
		};
		union {
			struct draft draft;
			struct raw_link link;
			struct raw_rule rule;
			struct config_port port;
		} target = {0};
		const struct schema_key *parent = NULL;

		for (size_t i = 0; parents[p] && i < n; i++) {
			if (!strcmp(schema[i].path, parents[p]))
				parent = &schema[i];
		}
		yaml_set_defaults(&ld, parent, &target);
		cr_expect(eq(sz, errors.n, 0), "%s", parents[p]);
		yaml_arena_free(ld.tree);
		yaml_arena_free(ld.out);
		yaml_errors_fini(&errors);
	}
}

Test(schema, restart_is_what_the_design_says)
{
	size_t n;
	const struct schema_key *schema = yaml_schema(&n);

	for (size_t i = 0; i < n; i++) {
		size_t len = strcspn(schema[i].path, ".[");
		char top[32] = "";

		memcpy(top, schema[i].path, len);
		cr_expect_eq(schema[i].restart,
			!strcmp(top, "gateway") || !strcmp(top, "ports") || !strcmp(top, "eal") ||
				!strcmp(top, "control"),
			"%s", schema[i].path);
	}
}

Test(schema, presets)
{
	static const char *const names[] = {"airprint", "airplay", "googlecast", "spotify", "sonos",
		"itunes", "homekit", "matter", "thread", "scanner", "file-sharing", "remote",
		"chat", "web", "workstation", "sleep-proxy", "any"};
	size_t n;
	const struct yaml_preset *presets = yaml_presets(&n);

	cr_assert(eq(sz, n, sizeof(names) / sizeof(names[0])));
	for (size_t i = 0; i < n; i++) {
		cr_expect_str_eq(presets[i].name, names[i]);
		cr_expect_eq(yaml_preset_find(names[i]), &presets[i]);
		cr_expect_eq(presets[i].any, !strcmp(names[i], "any"));
		cr_expect_eq(presets[i].workstation, !strcmp(names[i], "workstation"));
		cr_expect(presets[i].any || presets[i].types[0], "%s", names[i]);
		for (const char *const *type = presets[i].types; *type; type++) {
			cr_expect(yaml_check_service_type(*type), "%s", *type);
			cr_expect_not(
				(*type)[strcspn(*type, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")], "%s", *type);
		}
	}
	cr_expect_null(yaml_preset_find("Airprint"));
	cr_expect_null(yaml_preset_find(""));
}
