/* SPDX-License-Identifier: BSD-3-Clause */

/* linkspanctl: the operator's command. Asks a running gateway over its control socket. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "ctl/capture.h"
#include "ctl/client.h"
#include "ctl/options.h"
#include "ctl/render.h"
#include "ctl/sweep.h"
#include "ctl/top.h"

/* A reply of one line, printed. The exit code. */
static int answer(const struct options *o, const char *text)
{
	const char *what = strcmp(o->args[0], "show") == 0 ? o->args[1] : o->args[0];
	json_error_t error;
	json_t *reply = json_loads(text, 0, &error);
	int code = EXIT_SUCCESS;

	if (reply == NULL) {
		fprintf(stderr, "linkspanctl: the reply is not JSON: %s\n", error.text);
		return EXIT_NO_GATEWAY;
	}
	if (json_object_get(reply, "error") != NULL)
		code = EXIT_REFUSED;
	else if (json_is_false(json_object_get(reply, "found")))
		code = EXIT_REFUSED;
	if (o->json)
		puts(text);
	else if (json_object_get(reply, "error") != NULL)
		render_error(reply, stderr);
	else if (render(what, reply, stdout) < 0)
		code = EXIT_REFUSED;
	json_decref(reply);
	return code;
}

static int ask(const struct options *o)
{
	char why[256], *text = NULL;
	int rc = client_ask(o->socket, o->args[0], (char *const *)o->args + 1, o->n_args - 1, &text,
		why, sizeof(why));

	if (rc < 0) {
		fprintf(stderr, "linkspanctl: %s\n", why);
		return EXIT_NO_GATEWAY;
	}
	rc = answer(o, text);
	free(text);
	return rc;
}

int main(int argc, char **argv)
{
	static struct options o;
	int rc = options_parse(argc, argv, &o);

	if (rc >= 0)
		return rc;
	if (strcmp(o.args[0], "capture") == 0)
		rc = capture_run(&o);
	else if (strcmp(o.args[0], "sweep") == 0)
		rc = sweep_run(&o);
	else if (strcmp(o.args[0], "top") == 0 && !o.json)
		rc = top_run(o.socket, o.interval);
	else
		rc = ask(&o);
	return fflush(stdout) != 0 && rc == EXIT_SUCCESS ? EXIT_REFUSED : rc;
}
