/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy_priv.h"
#include "yaml/config.h"

/* Names of one list that are written out; a count stands for the rest. */
#define NAMES_MAX 8

/* A list in flow style, "[a, b]", without the brackets for a single name. */
struct names {
	const char *name[NAMES_MAX];
	uint32_t n; /* may exceed NAMES_MAX */
};

static void names_add(struct names *l, const char *name)
{
	for (uint32_t i = 0; i < l->n && i < NAMES_MAX; i++)
		if (strcmp(l->name[i], name) == 0)
			return;
	if (l->n < NAMES_MAX)
		l->name[l->n] = name;
	l->n++;
}

static void names_print(const struct names *l, FILE *out)
{
	uint32_t shown = l->n < NAMES_MAX ? l->n : NAMES_MAX;

	if (l->n != 1)
		fputc('[', out);
	for (uint32_t i = 0; i < shown; i++)
		fprintf(out, "%s%s", i ? ", " : "", l->name[i]);
	if (l->n > shown)
		fprintf(out, ", and %u more", l->n - shown);
	if (l->n != 1)
		fputc(']', out);
}

/* The services as the rule named them: the types of one set follow each other. */
static void services_print(const struct config_services *s, FILE *out)
{
	struct names l = {0};
	const char *last = NULL;

	for (uint32_t i = 0; i < s->n_types; i++) {
		const char *name = s->types[i].via ? s->types[i].via : s->types[i].type;

		if (last && strcmp(last, name) == 0)
			continue;
		last = name;
		names_add(&l, name);
	}
	if (s->workstation)
		names_add(&l, "workstation");
	if (s->any)
		names_add(&l, "any");
	names_print(&l, out);
}

/* ", " before all but the first. */
static void sep_print(bool *first, const char *key, FILE *out)
{
	fprintf(out, "%s%s: ", *first ? "" : ", ", key);
	*first = false;
}

static void list_print(bool *first, const char *key, const char *const *name, uint32_t n, FILE *out)
{
	struct names l = {0};

	if (n == 0)
		return;
	for (uint32_t i = 0; i < n; i++)
		names_add(&l, name[i]);
	sep_print(first, key, out);
	names_print(&l, out);
}

static void macs_print(bool *first, const struct config_who *who, FILE *out)
{
	char text[NAMES_MAX][MAC_TEXT_SIZE];
	const char *name[NAMES_MAX];
	struct names l = {0};

	if (who->n_macs == 0)
		return;
	for (uint32_t i = 0; i < who->n_macs && i < NAMES_MAX; i++) {
		mac_format(&who->macs[i].mac, text[i]);
		text[i][who->macs[i].bits / 8 * 3 - 1] = '\0';
		name[i] = text[i];
		names_add(&l, name[i]);
	}
	l.n = who->n_macs;
	sep_print(first, "station", out);
	names_print(&l, out);
}

static void side_print(const char *key, const struct config_link_list *list,
	const struct config_who *who, const struct config *c, FILE *out)
{
	struct names l = {0};
	bool first = true;

	if (list->n == 0 && !who->n_macs && !who->n_roles && !who->n_users && !who->n_locations)
		return;
	fprintf(out, ", %s: {", key);
	if (list->n > 0 && (list->n_groups == 0 || list->by_link)) {
		for (uint32_t i = 0; i < list->n && i < NAMES_MAX; i++)
			names_add(&l, c->links[list->links[i]].name);
		l.n = list->n;
		sep_print(&first, "link", out);
		names_print(&l, out);
	}
	list_print(&first, "group", list->groups, list->n_groups, out);
	macs_print(&first, who, out);
	list_print(&first, "role", who->roles, who->n_roles, out);
	list_print(&first, "user", who->users, who->n_users, out);
	if (who->n_locations > 0) {
		l.n = 0;
		for (uint32_t i = 0; i < who->n_locations; i++)
			names_add(&l, c->locations[who->locations[i]].path);
		sep_print(&first, "location", out);
		names_print(&l, out);
	}
	fputc('}', out);
}

/* As a YAML double-quoted string, in one line whatever the glob holds. */
static void quoted_print(const char *text, FILE *out)
{
	fputc('"', out);
	for (const char *c = text; *c; c++) {
		if (*c == '"' || *c == '\\')
			fprintf(out, "\\%c", *c);
		else if ((uint8_t)*c < 0x20 || *c == 0x7f)
			fprintf(out, "\\x%02x", (uint8_t)*c);
		else
			fputc(*c, out);
	}
	fputc('"', out);
}

/* One rule in the file's own words. */
static void rule_print(const struct config_rule *r, const struct config *c, FILE *out)
{
	static const char *const same[] = {"", "user", "role", "location"};

	fprintf(out, "{%s: ", r->permit ? "permit" : "deny");
	services_print(&r->services, out);
	if (r->instance) {
		fputs(", instance: ", out);
		quoted_print(r->instance, out);
	}
	if (r->txt) {
		fputs(", txt: ", out);
		quoted_print(r->txt, out);
	}
	if (r->kind != CONFIG_KIND_BOTH)
		fprintf(out, ", kind: %s",
			r->kind == CONFIG_KIND_QUERY ? "query" : "advertisement");
	side_print("from", &r->from, &r->from_who, c, out);
	side_print("to", &r->to, &r->to_who, c, out);
	if (r->same)
		fprintf(out, ", when: {same: %s", same[r->same]);
	if (r->level)
		fprintf(out, ", level: %u", r->level);
	if (r->same)
		fputc('}', out);
	if (r->audit)
		fputs(", audit: true", out);
	if (r->nearest)
		fprintf(out, ", nearest: %u", r->nearest);
	fputc('}', out);
}

int policy_rules_describe(struct policy *p, const struct config *config)
{
	const char *file = policy_arena_text(&p->arena, config->file ? config->file : "",
		config->file ? strlen(config->file) : 0);
	struct policy_rule_info *info = policy_arena_alloc(&p->arena, p->n_rules, sizeof(*info));
	char *line = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&line, &len);
	int rc = file && info && out ? 0 : -ENOMEM;

	p->info = info;
	for (uint32_t k = 0; !rc && k < config->n_policies; k++) {
		const struct config_policy *cp = &config->policies[k];
		const char *name = policy_arena_text(&p->arena, cp->name, strlen(cp->name));

		for (uint32_t i = 0; !rc && i < cp->n_rules; i++, info++) {
			rewind(out);
			rule_print(&cp->rules[i], config, out);
			*info = (struct policy_rule_info){
				.policy = name,
				.file = file,
				.line = cp->rules[i].pos.line,
				.col = cp->rules[i].pos.col,
				.permit = cp->rules[i].permit,
			};
			if (fflush(out) == 0)
				info->text = policy_arena_text(&p->arena, line, len);
			if (!name || !info->text)
				rc = -ENOMEM;
		}
	}
	if (out)
		fclose(out);
	free(line);
	return rc;
}

unsigned policy_rules(const struct policy *p)
{
	return p->n_rules;
}

bool policy_rule_info(const struct policy *p, unsigned idx, struct policy_rule_info *out)
{
	if (idx >= p->n_rules)
		return false;
	*out = p->info[idx];
	return true;
}
