/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "ctl/client.h"
#include "ctl/render.h"

static int integer(const json_t *o, const char *key)
{
	return (int)json_integer_value(json_object_get(o, key));
}

static void show_progress(const json_t *p)
{
	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r%d of %d links asked, %d services found ", integer(p, "links_done"),
		integer(p, "links"), integer(p, "found"));
	fflush(stderr);
}

/* One line of the reply. False: it is the last. */
static bool take_line(json_t *reply, const char *text)
{
	json_t *line = json_loads(text, 0, NULL), *v;

	if ((v = json_object_get(line, "found")) != NULL) {
		json_array_append(json_object_get(reply, "found"), v);
	} else if ((v = json_object_get(line, "progress")) != NULL) {
		show_progress(v);
	} else if ((v = json_object_get(line, "swept")) != NULL) {
		show_progress(v);
		json_object_set(reply, "swept", v);
	} else if ((v = json_object_get(line, "error")) != NULL) {
		json_object_clear(reply);
		json_object_set(reply, "error", v);
	}
	json_decref(line);
	return json_object_get(reply, "swept") == NULL && json_object_get(reply, "error") == NULL;
}

static int by_place(const void *a, const void *b)
{
	static const char *const keys[] = {"type", "link", "instance", "mac"};
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;

	for (unsigned i = 0; i < 4; i++) {
		const char *p = json_string_value(json_object_get(x, keys[i]));
		const char *q = json_string_value(json_object_get(y, keys[i]));
		int order = strcmp(p != NULL ? p : "", q != NULL ? q : "");

		if (order != 0)
			return order;
	}
	return 0;
}

/* Found as they came: in an order that does not change from one sweep to the next. */
static void sort_found(json_t *reply)
{
	json_t *list = json_object_get(reply, "found"), *sorted = json_array(), *o;
	json_t **v = calloc(json_array_size(list) + 1, sizeof(*v));
	size_t i, n = 0;

	if (v == NULL || sorted == NULL)
		goto out;
	json_array_foreach(list, i, o)
	{
		v[n++] = o;
	}
	qsort(v, n, sizeof(*v), by_place);
	for (i = 0; i < n; i++)
		json_array_append(sorted, v[i]);
	json_object_set(reply, "found", sorted);
out:
	json_decref(sorted);
	free(v);
}

static int print(const struct options *o, json_t *reply)
{
	if (isatty(STDERR_FILENO))
		fputc('\n', stderr);
	if (json_object_get(reply, "error") == NULL)
		sort_found(reply);
	if (o->json) {
		json_dumpf(reply, stdout, JSON_COMPACT);
		fputc('\n', stdout);
	} else if (json_object_get(reply, "error") == NULL) {
		render("sweep", reply, stdout);
	}
	if (json_object_get(reply, "error") != NULL) {
		if (!o->json)
			render_error(reply, stderr);
		return EXIT_REFUSED;
	}
	if (json_object_get(reply, "swept") != NULL)
		return EXIT_SUCCESS;
	fputs("linkspanctl: the gateway left before the sweep was done\n", stderr);
	return EXIT_NO_GATEWAY;
}

int sweep_run(const struct options *o)
{
	json_t *reply = json_pack("{s:[]}", "found");
	char why[256], *first = NULL, *text = NULL;
	size_t size = 0;
	FILE *in = NULL;
	bool more;
	int fd, rc;

	fd = client_open(o->socket, o->args[0], (char *const *)o->args + 1, o->n_args - 1, &first,
		why, sizeof(why));
	if (fd < 0) {
		fprintf(stderr, "linkspanctl: %s\n", why);
		json_decref(reply);
		return EXIT_NO_GATEWAY;
	}
	more = take_line(reply, first);
	free(first);
	in = fdopen(fd, "r");
	while (more && in != NULL && getline(&text, &size, in) > 0)
		more = take_line(reply, text);
	free(text);
	if (in != NULL)
		fclose(in);
	else
		close(fd);
	rc = print(o, reply);
	json_decref(reply);
	return rc;
}
