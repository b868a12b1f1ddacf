/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/render.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/table.h"
#include "ctl/terminal.h"
#include "ctl/top.h"

/* --- cells ----------------------------------------------------------------------------------- */

/* A value as one cell; lists joined by spaces, null as nothing. The caller frees. */
static char *value_text(const json_t *v)
{
	char *text = NULL, *joined = NULL;
	const json_t *e;
	size_t i;

	switch (json_typeof(v)) {
	case JSON_STRING:
		return strdup(json_string_value(v));
	case JSON_INTEGER:
		return asprintf(&text, "%" JSON_INTEGER_FORMAT, json_integer_value(v)) < 0 ? NULL
											   : text;
	case JSON_TRUE:
		return strdup("yes");
	case JSON_FALSE:
		return strdup("no");
	case JSON_ARRAY:
		json_array_foreach(v, i, e)
		{
			char *one = value_text(e), *longer = NULL;

			if (one == NULL || asprintf(&longer, "%s%s%s", joined != NULL ? joined : "",
						   joined != NULL ? " " : "", one) < 0)
				longer = NULL;
			free(one);
			free(joined);
			joined = longer;
			if (joined == NULL)
				return NULL;
		}
		return joined != NULL ? joined : strdup("");
	default:
		return strdup("");
	}
}

/* The member at a path of names parted by dots; NULL if there is none. */
static const json_t *member(const json_t *v, const char *path)
{
	char name[64];

	while (v != NULL && *path != '\0') {
		size_t n = strcspn(path, ".");

		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		v = json_object_get(v, name);
		path += n + (path[n] == '.');
	}
	return v;
}

static bool add_cell(struct table *t, const json_t *v)
{
	char *text = v != NULL ? value_text(v) : strdup("");
	bool ok = text != NULL && table_cell(t, text);

	free(text);
	return ok;
}

/* --- tables by columns ----------------------------------------------------------------------- */

#define COLUMNS_MAX 14

struct view {
	const char *what;
	unsigned sort; /* columns to sort by, 0: as they come */
	const char *header[COLUMNS_MAX];
	const char *path[COLUMNS_MAX];
};

/* Those of ports and links fit 80 columns with ordinary names; --json has the rest. */
static const struct view views[] = {
	{.what = "ports",
		.header = {"PORT", "DEVICE", "LINK", ">MTU", ">RX", ">TX", ">MISSED", ">NOMBUF"},
		.path = {"name", "device", "link", "mtu", "stats.ipackets", "stats.opackets",
			"stats.imissed", "stats.rx_nombuf"}},
	{.what = "links",
		.header = {"LINK", "PORT", ">VLAN", "MODE", "IN", "OUT", ">RECORDS", ">PACKETS",
			">ANSWERED"},
		.path = {"name", "port", "vlan", "mode", "policy.in", "policy.out", "records",
			"packets", "answered"}},
	{.what = "services",
		.sort = 3,
		.header = {"INSTANCE", "TYPE", "LINK", "HOST", ">PORT", ">TTL", "STATE",
			"ADDRESSES", "WHY"},
		.path = {"instance", "type", "link", "host", "port", "ttl_left", "state",
			"addresses", "why"}},
	{.what = "records",
		.sort = 3,
		.header = {"NAME", "TYPE", "LINK", ">TTL", ">OF", "PROVIDER", "FLAGS", "DATA"},
		.path = {"name", "type", "link", "ttl_left", "ttl", "provider", "flags", "data"}},
	{.what = "gateways", .header = {"MAC", "LINK", "KNOWN BY"}, .path = {"mac", "link", "by"}},
	{.what = "stations",
		.sort = 2,
		.header = {"LINK", "MAC", "USER", "ROLE", "LOCATION", "AP", "AUTH", ">SRV", ">RECS",
			">QUERIES", ">REFUSED", ">KNOWN", ">SEEN", "ADDRESSES"},
		.path = {"link", "mac", "is.user", "is.role", "is.location", "ap", "authenticated",
			"services", "records", "queries", "refused", "first_seen_s_ago",
			"seen_s_ago", "addresses"}},
};

static const struct view explain_services = {.what = "services",
	.sort = 3,
	.header = {"INSTANCE", "TYPE", "LINK", "VERDICT", "WHY", "POLICY", ">LINE", "RULE"},
	.path = {"instance", "type", "link", "verdict", "why", "rule.policy", "rule.line",
		"rule.rule"}};

static const struct view sweep_found = {.what = "found",
	.header = {"TYPE", "INSTANCE", "LINK", "MAC", "ADDRESS", "USER", "ROLE", "LOCATION",
		"LEARNABLE"},
	.path = {"type", "instance", "link", "mac", "address", "is.user", "is.role", "is.location",
		"learnable"}};

static const struct view explain_links = {.what = "links",
	.header = {"LINK", "ROLE", "MODE", "ASKED", "RULE", "LEARNED", "RULE"},
	.path = {"link", "role", "mode", "asked", "asked_rule.rule", "learned",
		"learned_rule.rule"}};

static int render_view(const struct view *v, const json_t *reply, FILE *out)
{
	const json_t *list = json_object_get(reply, v->what), *row;
	unsigned n_cols = 0;
	struct table *t;
	bool ok = true;
	size_t i;

	while (n_cols < COLUMNS_MAX && v->header[n_cols] != NULL)
		n_cols++;
	t = table_new(v->header, n_cols);
	if (t == NULL)
		return -ENOMEM;
	json_array_foreach(list, i, row)
	{
		for (unsigned c = 0; c < n_cols; c++)
			ok = ok && add_cell(t, member(row, v->path[c]));
	}
	if (v->sort > 0)
		table_sort(t, v->sort);
	table_print(t, terminal_width(out), out);
	table_free(t);
	return ok ? 0 : -ENOMEM;
}

/* --- the others ------------------------------------------------------------------------------ */

static int render_status(const json_t *reply, FILE *out)
{
	static const struct {
		const char *label, *path;
	} lines[] = {
		{"gateway", "gateway"},
		{"version", "version"},
		{"configuration", "config"},
		{"process", "pid"},
		{"ready", "ready"},
		{"up (s)", "uptime_s"},
		{"generation", "generation"},
		{"last reload refused", "reload_error"},
		{"paused", "paused"},
		{"ports", "ports"},
		{"links", "links"},
		{"records", "records"},
		{"records at most", "records_limit"},
		{"stations", "stations"},
		{"cache (bytes)", "cache_bytes"},
		{"memory used (bytes)", "memory.used_bytes"},
		{"memory (bytes)", "memory.heap_bytes"},
		{"policy rules", "policy.rules"},
		{"policy classes", "policy.classes"},
		{"audit file", "audit.file"},
		{"audit lines", "audit.lines"},
		{"audit lines lost", "audit.lost"},
		{"control lcore", "main_lcore"},
	};
	const json_t *workers = json_object_get(reply, "workers"), *w;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const json_t *v = member(reply, lines[i].path);
		char *text = v != NULL && !json_is_null(v) ? value_text(v) : NULL;

		if (text != NULL)
			fprintf(out, "%-20s %s\n", lines[i].label, text);
		free(text);
	}
	json_array_foreach(workers, i, w)
	{
		fprintf(out,
			"worker %-13zu lcore %" JSON_INTEGER_FORMAT ", %" JSON_INTEGER_FORMAT
			" of %" JSON_INTEGER_FORMAT " turns had work\n",
			i, json_integer_value(json_object_get(w, "lcore")),
			json_integer_value(json_object_get(w, "busy_turns")),
			json_integer_value(json_object_get(w, "turns")));
	}
	return 0;
}

static int render_policy(const json_t *reply, FILE *out)
{
	static const char *const headers[] = {"POLICY", "RULE", ">DECIDED", "AT"};
	const json_t *rules = json_object_get(reply, "rules"), *r;
	struct table *t = table_new(headers, 4);
	bool ok = t != NULL;
	size_t i;

	json_array_foreach(rules, i, r)
	{
		char at[512];

		snprintf(at, sizeof(at), "%s:%" JSON_INTEGER_FORMAT,
			json_string_value(json_object_get(r, "file")),
			json_integer_value(json_object_get(r, "line")));
		ok = ok && add_cell(t, json_object_get(r, "policy")) &&
		     add_cell(t, json_object_get(r, "rule")) &&
		     add_cell(t, json_object_get(r, "hits")) && table_cell(t, at);
	}
	if (ok)
		table_print(t, terminal_width(out), out);
	table_free(t);
	return ok ? 0 : -ENOMEM;
}

/* The counters of one object that are not 0; --json has all. */
static bool add_counters(struct table *t, const char *of, json_t *counters)
{
	const char *name;
	json_t *v;

	json_object_foreach(counters, name, v)
	{
		if (json_integer_value(v) == 0)
			continue;
		if (!table_cell(t, of) || !table_cell(t, name) || !add_cell(t, v))
			return false;
	}
	return true;
}

static int render_counters(const json_t *reply, FILE *out)
{
	static const char *const headers[] = {"OF", "COUNTER", ">VALUE"};
	struct table *t = table_new(headers, 3);
	bool ok = t != NULL;
	json_t *e;
	size_t i;

	json_array_foreach(json_object_get(reply, "links"), i, e)
	{
		const char *name = json_string_value(json_object_get(e, "link"));

		if (name == NULL)
			name = "(no link)";
		ok = ok && add_counters(t, name, json_object_get(e, "outcomes")) &&
		     add_counters(t, name, json_object_get(e, "events"));
	}
	ok = ok && add_counters(t, "(control)", json_object_get(reply, "control")) &&
	     add_counters(t, "(cache)", json_object_get(reply, "cache")) &&
	     add_counters(t, "(tables)", json_object_get(reply, "tables")) &&
	     add_counters(t, "(radius)", json_object_get(reply, "radius")) &&
	     add_counters(t, "(policy)", json_object_get(reply, "policy"));
	json_array_foreach(json_object_get(reply, "ports"), i, e)
	{
		const char *name = json_string_value(json_object_get(e, "port"));
		char of[64];

		snprintf(of, sizeof(of), "port %s", name != NULL ? name : "?");
		ok = ok && add_counters(t, of, json_object_get(e, "stats"));
	}
	if (ok)
		table_print(t, terminal_width(out), out);
	table_free(t);
	return ok ? 0 : -ENOMEM;
}

static void names_line(const json_t *changes, const char *what, const char *how, FILE *out)
{
	const json_t *names = json_object_get(json_object_get(changes, what), how);
	const json_t *count = json_object_get(json_object_get(changes, what), "count");
	json_int_t n = json_integer_value(json_object_get(count, how));
	char *text;

	if (n == 0)
		return;
	text = value_text(names);
	fprintf(out, "%s %s: %s%s\n", what, how, text != NULL ? text : "",
		(size_t)n > json_array_size(names) ? " ..." : "");
	free(text);
}

/* Of services that depend on who asks: the rules, and what came of each. */
static void render_asked(const json_t *reply, FILE *out)
{
	const json_t *service, *t;
	size_t i, k;

	json_array_foreach(json_object_get(reply, "services"), i, service)
	{
		const json_t *asked = json_object_get(service, "asked");

		if (json_array_size(asked) > 0)
			fprintf(out, "\n%s: rules that ask who the consumer is\n",
				json_string_value(json_object_get(service, "instance")));
		json_array_foreach(asked, k, t)
		{
			const json_t *rule = json_object_get(t, "rule");
			const char *relation = json_string_value(json_object_get(t, "relation"));

			fprintf(out,
				"  line %" JSON_INTEGER_FORMAT " %s\n    consumer matches: %s\n",
				json_integer_value(json_object_get(rule, "line")),
				json_string_value(json_object_get(rule, "rule")),
				json_string_value(json_object_get(t, "consumer_matches")));
			if (relation != NULL)
				fprintf(out, "    %s: %s\n", relation,
					json_string_value(json_object_get(t, "relation_holds")));
		}
	}
}

/* Rules that are new, or gone. */
static void rules_line(const json_t *reply, const char *how, char sign, FILE *out)
{
	const json_t *rules = json_object_get(reply, "rules"), *rule;
	const json_t *list = json_object_get(rules, how);
	size_t i;

	json_array_foreach(list, i, rule)
	{
		fprintf(out, "  %c %s\n", sign, json_string_value(rule));
	}
	if ((size_t)json_integer_value(json_object_get(json_object_get(rules, "count"), how)) >
		json_array_size(list))
		fprintf(out, "  %c ...\n", sign);
}

/* Services that some link comes to see, or sees no more. */
static void services_line(const json_t *reply, const char *how, FILE *out)
{
	const json_t *list = json_object_get(json_object_get(reply, "services"), how);
	const json_t *names = json_object_get(list, "names"), *name;
	json_int_t n = json_integer_value(json_object_get(list, "count"));
	size_t i;

	if (n == 0)
		return;
	fprintf(out, "services newly %s: %" JSON_INTEGER_FORMAT "\n", how, n);
	json_array_foreach(names, i, name)
	{
		fprintf(out, "  %s\n", json_string_value(name));
	}
	if ((size_t)n > json_array_size(names))
		fputs("  ...\n", out);
}

static int render_explain(const json_t *reply, FILE *out)
{
	int rc = render_view(&explain_services, reply, out);

	if (rc == 0)
		render_asked(reply, out);
	if (json_is_string(json_object_get(reply, "unknown")))
		fprintf(out, "%s\n", json_string_value(json_object_get(reply, "unknown")));
	if (rc < 0 || json_object_get(reply, "links") == NULL)
		return rc;
	fputs("\nWhere the type may be asked for, and learned from:\n", out);
	return render_view(&explain_links, reply, out);
}

/* -EIO: it was not found. */
static int render_selftest(const json_t *reply, FILE *out)
{
	bool found = json_is_true(json_object_get(reply, "found"));

	fprintf(out, "%s: %s of %s asked for from %s, over %s\n", found ? "found" : "NOT found",
		json_string_value(json_object_get(reply, "service")),
		json_string_value(json_object_get(reply, "from")),
		json_string_value(json_object_get(reply, "to")),
		json_string_value(json_object_get(reply, "family")));
	fprintf(out, "learned after %.1f ms",
		(double)json_integer_value(json_object_get(reply, "learned_us")) / 1000);
	if (found)
		fprintf(out, ", answered after %.1f ms\n",
			(double)json_integer_value(json_object_get(reply, "answered_us")) / 1000);
	else
		fputs(", and not answered: explain tells what policy says of it\n", out);
	return found ? 0 : -EIO;
}

static int render_sweep(const json_t *reply, FILE *out)
{
	const json_t *swept = json_object_get(reply, "swept");
	int rc = render_view(&sweep_found, reply, out);

	fprintf(out,
		"\n%" JSON_INTEGER_FORMAT " services on %" JSON_INTEGER_FORMAT " links asked\n",
		json_integer_value(json_object_get(swept, "found")),
		json_integer_value(json_object_get(swept, "links_done")));
	if (json_integer_value(json_object_get(swept, "overlooked")) > 0)
		fprintf(out, "%" JSON_INTEGER_FORMAT " more are not listed: too many\n",
			json_integer_value(json_object_get(swept, "overlooked")));
	return rc;
}

static int render_reload(const json_t *reply, FILE *out)
{
	static const char *const hows[] = {"added", "removed", "changed"};
	const json_t *warning;
	size_t i;

	json_array_foreach(json_object_get(reply, "warnings"), i, warning)
	{
		fprintf(out, "%s\n", json_string_value(warning));
	}
	for (i = 0; i < 3; i++)
		names_line(reply, "links", hows[i], out);
	for (i = 0; i < 3; i++)
		names_line(reply, "policies", hows[i], out);
	for (i = 0; i < 3; i++)
		names_line(reply, "stations", hows[i], out);
	rules_line(reply, "added", '+', out);
	rules_line(reply, "removed", '-', out);
	services_line(reply, "visible", out);
	services_line(reply, "hidden", out);
	if (json_is_true(json_object_get(reply, "dry_run")))
		fputs("the file is good; nothing was changed\n", out);
	else
		fprintf(out, "in force, generation %" JSON_INTEGER_FORMAT "\n",
			json_integer_value(json_object_get(reply, "generation")));
	return 0;
}

static void render_station(const json_t *reply, FILE *out)
{
	static const char *const keys[] = {
		"user", "role", "location", "ap", "authenticated", "addresses"};

	fputs(json_string_value(json_object_get(reply, "station")), out);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *v = member(json_object_get(reply, "is"), keys[i]);
		char *text = v != NULL && !json_is_null(v) ? value_text(v) : NULL;

		fprintf(out, " %s=%s", keys[i], text != NULL ? text : "");
		free(text);
	}
	fputc('\n', out);
}

int render(const char *what, const json_t *reply, FILE *out)
{
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		if (strcmp(what, views[i].what) == 0)
			return render_view(&views[i], reply, out);
	}
	if (strcmp(what, "status") == 0)
		return render_status(reply, out);
	if (strcmp(what, "policy") == 0)
		return render_policy(reply, out);
	if (strcmp(what, "top") == 0)
		return top_render(reply, 0, out);
	if (strcmp(what, "counters") == 0)
		return render_counters(reply, out);
	if (strcmp(what, "selftest") == 0)
		return render_selftest(reply, out);
	if (strcmp(what, "sweep") == 0)
		return render_sweep(reply, out);
	if (strcmp(what, "reload") == 0)
		return render_reload(reply, out);
	if (strcmp(what, "explain") == 0)
		return render_explain(reply, out);
	if (strcmp(what, "link") == 0 || strcmp(what, "gateway") == 0)
		fprintf(out, "in force, generation %" JSON_INTEGER_FORMAT "\n",
			json_integer_value(json_object_get(reply, "generation")));
	if (strcmp(what, "station") == 0)
		render_station(reply, out);
	if (strcmp(what, "flush") == 0)
		fprintf(out, "%" JSON_INTEGER_FORMAT " records flushed\n",
			json_integer_value(json_object_get(reply, "flushed")));
	return 0;
}

void render_error(const json_t *reply, FILE *out)
{
	const json_t *detail;
	size_t i;

	fprintf(out, "refused: %s\n", json_string_value(json_object_get(reply, "error")));
	json_array_foreach(json_object_get(reply, "details"), i, detail)
	{
		fprintf(out, "%s\n", json_string_value(detail));
	}
}
