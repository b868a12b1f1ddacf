/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/top.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/render.h"
#include "ctl/table.h"
#include "ctl/terminal.h"

#define EXIT_NO_GATEWAY 3
#define FIRST_MS 1100 /* until the gateway had two looks at its counters */
#define HEAD_LINES 4

static bool cell(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool cell(struct table *t, const char *fmt, ...)
{
	char text[1100];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return table_cell(t, text);
}

static const char *string_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

static double number_of(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

static int print(struct table *t, bool ok, FILE *out)
{
	if (ok) {
		fputc('\n', out);
		table_print(t, terminal_width(out), out);
	}
	table_free(t);
	return ok ? 0 : -ENOMEM;
}

static int render_links(const json_t *list, unsigned most, FILE *out)
{
	static const char *const headers[] = {"LINK", ">PACKETS/S", ">ANSWERED/S", ">DENIED/S"};
	struct table *t = table_new(headers, 4);
	bool ok = t != NULL;
	const json_t *o;
	size_t i;

	json_array_foreach(list, i, o)
	{
		if (i == most)
			break;
		ok = ok && cell(t, "%s", string_of(o, "link")) &&
		     cell(t, "%.0f", number_of(o, "packets")) &&
		     cell(t, "%.0f", number_of(o, "answered")) &&
		     cell(t, "%.0f", number_of(o, "denied"));
	}
	return print(t, ok, out);
}

static int render_talkers(const json_t *list, unsigned most, FILE *out)
{
	static const char *const headers[] = {"TALKER", "LINK", ">QUERIES/S", ">REFUSED/S"};
	struct table *t = table_new(headers, 4);
	bool ok = t != NULL;
	const json_t *o;
	size_t i;

	json_array_foreach(list, i, o)
	{
		if (i == most)
			break;
		ok = ok && cell(t, "%s", string_of(o, "mac")) &&
		     cell(t, "%s", string_of(o, "link")) &&
		     cell(t, "%.1f", number_of(o, "queries")) &&
		     cell(t, "%.1f", number_of(o, "refused"));
	}
	return print(t, ok, out);
}

static int render_services(const json_t *list, unsigned most, FILE *out)
{
	static const char *const headers[] = {"SERVICE TYPE", ">INSTANCES"};
	struct table *t = table_new(headers, 2);
	bool ok = t != NULL;
	const json_t *o;
	size_t i;

	json_array_foreach(list, i, o)
	{
		if (i == most)
			break;
		ok = ok && cell(t, "%s", string_of(o, "type")) &&
		     cell(t, "%.0f", number_of(o, "instances"));
	}
	return print(t, ok, out);
}

/* Outcomes are few, and each tells something: all that there are, highest first. */
static int by_rate(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

static int render_outcomes(json_t *outcomes, unsigned most, FILE *out)
{
	static const char *const headers[] = {"WHAT BECAME OF PACKETS", ">PACKETS/S"};
	struct {
		double rate;
		const char *name;
	} line[128];
	struct table *t = table_new(headers, 2);
	bool ok = t != NULL;
	const char *name;
	unsigned n = 0;
	json_t *v;

	json_object_foreach(outcomes, name, v)
	{
		if (n == 128)
			break;
		line[n].rate = json_number_value(v);
		line[n++].name = name;
	}
	qsort(line, n, sizeof(line[0]), by_rate);
	for (unsigned i = 0; i < n && i < most; i++)
		ok = ok && cell(t, "%s", line[i].name) && cell(t, "%.0f", line[i].rate);
	return print(t, ok, out);
}

static void render_head(const json_t *reply, FILE *out)
{
	json_t *lcores = json_object_get(reply, "lcores"), *v;
	const char *name;

	fprintf(out, "linkspan %s   %.0f records of %.0f stations   rates over %.1f s\n",
		string_of(reply, "gateway"), number_of(reply, "records"),
		number_of(reply, "stations"), number_of(reply, "interval_s"));
	fputs("busy:", out);
	json_object_foreach(lcores, name, v)
	{
		fprintf(out, "  %s %.1f %%", name, 100 * json_number_value(v));
	}
	fputc('\n', out);
}

int top_render(const json_t *reply, unsigned lines, FILE *out)
{
	/* Four tables, each with an empty line and a header. */
	unsigned most = lines > HEAD_LINES + 12 ? (lines - HEAD_LINES - 8) / 4 : 1;
	int rc;

	if (lines == 0)
		most = UINT32_MAX;
	if (number_of(reply, "interval_s") <= 0) {
		fputs("no rates yet: ask again in a second\n", out);
		return 0;
	}
	render_head(reply, out);
	rc = render_links(json_object_get(reply, "links"), most, out);
	if (rc == 0)
		rc = render_talkers(json_object_get(reply, "talkers"), most, out);
	if (rc == 0)
		rc = render_services(json_object_get(reply, "services"), most, out);
	if (rc == 0)
		rc = render_outcomes(json_object_get(reply, "outcomes"), most, out);
	return rc;
}

/* A reply, the caller's; NULL with a line in why. */
static json_t *ask(const char *socket, char *why, size_t size)
{
	static char what[] = "top";
	char *args[] = {what}, *text = NULL;
	json_error_t error;
	json_t *reply;

	if (client_ask(socket, "show", args, 1, &text, why, size) < 0)
		return NULL;
	reply = json_loads(text, 0, &error);
	free(text);
	if (reply == NULL)
		snprintf(why, size, "the reply is not JSON: %s", error.text);
	return reply;
}

static bool has_rates(const json_t *reply)
{
	return number_of(reply, "interval_s") > 0 || json_object_get(reply, "error") != NULL;
}

int top_run(const char *socket, unsigned interval_s)
{
	bool screen = terminal_enter();
	char why[256];
	int key = 0;

	for (;;) {
		json_t *reply = ask(socket, why, sizeof(why));
		bool rates = reply != NULL && has_rates(reply);

		if (reply == NULL) {
			terminal_leave();
			fprintf(stderr, "linkspanctl: %s\n", why);
			return EXIT_NO_GATEWAY;
		}
		if (screen)
			fputs("\033[H\033[J", stdout);
		if (rates)
			top_render(reply, screen ? terminal_lines(stdout) : 0, stdout);
		else if (screen)
			fputs("looking ...\n", stdout);
		fflush(stdout);
		json_decref(reply);
		if (!screen && rates)
			return EXIT_SUCCESS;
		key = terminal_key(rates ? (int)interval_s * 1000 : FIRST_MS);
		if (screen && (key < 0 || key == 'q' || key == 'Q'))
			break;
	}
	terminal_leave();
	return EXIT_SUCCESS;
}
