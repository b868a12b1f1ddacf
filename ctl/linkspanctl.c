/* SPDX-License-Identifier: BSD-3-Clause */

/* linkspanctl: the operator's command. Asks a running gateway over its control socket. */

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "ctl/client.h"
#include "ctl/render.h"

#define DEFAULT_SOCKET "/run/linkspan/control.sock"

enum {
	EXIT_REFUSED = 1,
	EXIT_USAGE = 2,
	EXIT_NO_GATEWAY = 3,
};

static void usage(FILE *out)
{
	fputs("usage: linkspanctl [-s SOCKET] [--json] COMMAND\n"
	      "\n"
	      "  show status|ports|links|services|records|stations|policy|counters\n"
	      "  explain --consumer link=NAME|MAC|MAC@LINK [--service TYPE|INSTANCE]\n"
	      "                        what the consumer gets, and which rule says so\n"
	      "  reload [--dry-run]    read the configuration file again; all of it or nothing\n"
	      "  flush [link=NAME]     forget all records, or those of a link\n"
	      "  link set NAME mode=gateway|filter|off|config\n"
	      "                        switch a link, over reloads too; config: as the file says\n"
	      "  station set MAC user=NAME role=NAME location=PATH ap=NAME link=NAME\n"
	      "              authenticated=true|false address=IP\n"
	      "                        say who and where a station is, over the network and the\n"
	      "                        file; NAME= for nobody\n"
	      "  station show MAC      what is said of it, by whomever\n"
	      "  station remove MAC    it left: what it offers is withdrawn, and what was said of\n"
	      "                        it but by the file is forgotten\n"
	      "  gateway pause|resume  all links off, inline pairs are cables; and back again\n"
	      "  log LEVEL             err, warn, notice, info, debug, or MODULE:LEVEL,...\n"
	      "\n"
	      "  -s, --socket SOCKET   default " DEFAULT_SOCKET "\n"
	      "      --json            print the reply as it is\n"
	      "      --version         print the version and exit\n"
	      "  -h, --help            print this and exit\n"
	      "\n"
	      "exit code: 0 done, 1 refused, 2 usage, 3 no gateway\n",
		out);
}

/* --- commands -------------------------------------------------------------------------------- */

static const char *const things[] = {
	"status", "ports", "links", "services", "records", "stations", "policy", "counters"};

static bool show_args(char *const args[], unsigned n)
{
	for (size_t i = 0; n == 1 && i < sizeof(things) / sizeof(things[0]); i++) {
		if (strcmp(args[0], things[i]) == 0)
			return true;
	}
	return false;
}

static bool explain_args(char *const args[], unsigned n)
{
	bool consumer = false;

	for (unsigned i = 0; i < n; i++) {
		if (strncmp(args[i], "consumer=", 9) == 0)
			consumer = true;
		else if (strncmp(args[i], "service=", 8) != 0)
			return false;
	}
	return consumer;
}

static bool reload_args(char *const args[], unsigned n)
{
	return n == 0 || (n == 1 && strcmp(args[0], "--dry-run") == 0);
}

static bool flush_args(char *const args[], unsigned n)
{
	return n == 0 || (n == 1 && strncmp(args[0], "link=", 5) == 0 && args[0][5] != '\0');
}

static bool log_args(char *const args[], unsigned n)
{
	return n == 1 && args[0][0] != '\0';
}

static bool link_args(char *const args[], unsigned n)
{
	return n == 3 && strcmp(args[0], "set") == 0 && strncmp(args[2], "mode=", 5) == 0;
}

static bool station_args(char *const args[], unsigned n)
{
	if (n == 2)
		return strcmp(args[0], "remove") == 0 || strcmp(args[0], "show") == 0;
	for (unsigned i = 2; i < n; i++)
		if (strchr(args[i], '=') == NULL)
			return false;
	return n > 2 && strcmp(args[0], "set") == 0;
}

static bool gateway_args(char *const args[], unsigned n)
{
	return n == 1 && (strcmp(args[0], "pause") == 0 || strcmp(args[0], "resume") == 0);
}

static const struct {
	const char *name;
	bool (*args_good)(char *const args[], unsigned n);
} commands[] = {
	{"show", show_args},
	{"explain", explain_args},
	{"reload", reload_args},
	{"flush", flush_args},
	{"log", log_args},
	{"link", link_args},
	{"station", station_args},
	{"gateway", gateway_args},
};

static bool command_good(const char *cmd, char *const args[], unsigned n)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(cmd, commands[i].name) == 0)
			return commands[i].args_good(args, n);
	}
	return false;
}

static bool command_known(const char *cmd)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(cmd, commands[i].name) == 0)
			return true;
	}
	return false;
}

/* What is wrong with a command that is not good. */
static void command_complain(const char *cmd, char *const args[], unsigned n)
{
	if (!command_known(cmd)) {
		fprintf(stderr, "linkspanctl: no such command: %s\n", cmd);
	} else if (strcmp(cmd, "show") == 0 && !show_args(args, n > 0)) {
		if (n > 0)
			fprintf(stderr, "linkspanctl: cannot show %s, but:", args[0]);
		else
			fputs("linkspanctl: show what?", stderr);
		for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++)
			fprintf(stderr, " %s", things[i]);
		fputc('\n', stderr);
	} else {
		fprintf(stderr, "linkspanctl: unexpected arguments of %s\n", cmd);
	}
}

/* --- options --------------------------------------------------------------------------------- */

struct options {
	const char *socket;
	bool json;
	char *args[8]; /* the command first */
	unsigned n_args;
	char consumer[128], service[1100]; /* --consumer, --service as arguments; or empty */
};

enum {
	OPT_JSON = 256,
	OPT_VERSION,
	OPT_DRY_RUN,
	OPT_CONSUMER,
	OPT_SERVICE,
};

/* "name=value" into buf; false if it does not fit. */
static bool option_keep(char *buf, size_t size, const char *name, const char *value)
{
	int n = snprintf(buf, size, "%s=%s", name, value);

	if (n >= 0 && (size_t)n < size)
		return true;
	fprintf(stderr, "linkspanctl: --%s is too long\n", name);
	usage(stderr);
	return false;
}

/* Options may stand anywhere. Returns -1 to go on, or the exit code. */
static int options_parse(int argc, char **argv, struct options *o)
{
	static const struct option longopts[] = {
		{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, OPT_JSON},
		{"dry-run", no_argument, NULL, OPT_DRY_RUN},
		{"consumer", required_argument, NULL, OPT_CONSUMER},
		{"service", required_argument, NULL, OPT_SERVICE},
		{"version", no_argument, NULL, OPT_VERSION},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	static char dry_run_arg[] = "--dry-run";
	bool dry_run = false;
	int opt;

	*o = (struct options){.socket = DEFAULT_SOCKET};
	while ((opt = getopt_long(argc, argv, "s:h", longopts, NULL)) != -1) {
		switch (opt) {
		case 's':
			o->socket = optarg;
			break;
		case OPT_JSON:
			o->json = true;
			break;
		case OPT_DRY_RUN:
			dry_run = true;
			break;
		case OPT_CONSUMER:
			if (!option_keep(o->consumer, sizeof(o->consumer), "consumer", optarg))
				return EXIT_USAGE;
			break;
		case OPT_SERVICE:
			if (!option_keep(o->service, sizeof(o->service), "service", optarg))
				return EXIT_USAGE;
			break;
		case OPT_VERSION:
			printf("linkspanctl %s\n", LINKSPAN_VERSION);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	while (optind < argc && o->n_args < 6)
		o->args[o->n_args++] = argv[optind++];
	if (dry_run)
		o->args[o->n_args++] = dry_run_arg;
	if (o->consumer[0] != '\0' && o->n_args < 8)
		o->args[o->n_args++] = o->consumer;
	if (o->service[0] != '\0' && o->n_args < 8)
		o->args[o->n_args++] = o->service;
	if (o->n_args > 0 && optind == argc && command_good(o->args[0], o->args + 1, o->n_args - 1))
		return -1;
	if (o->n_args > 0)
		command_complain(o->args[0], o->args + 1, o->n_args - 1);
	usage(stderr);
	return EXIT_USAGE;
}

/* --- one command ----------------------------------------------------------------------------- */

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
	if (o->json)
		puts(text);
	else if (code == EXIT_REFUSED)
		render_error(reply, stderr);
	else if (render(what, reply, stdout) < 0)
		code = EXIT_REFUSED;
	json_decref(reply);
	return code;
}

int main(int argc, char **argv)
{
	struct options o;
	char why[256], *text = NULL;
	int rc = options_parse(argc, argv, &o);

	if (rc >= 0)
		return rc;
	rc = client_ask(o.socket, o.args[0], o.args + 1, o.n_args - 1, &text, why, sizeof(why));
	if (rc < 0) {
		fprintf(stderr, "linkspanctl: %s\n", why);
		return EXIT_NO_GATEWAY;
	}
	rc = answer(&o, text);
	free(text);
	if (fflush(stdout) != 0)
		return EXIT_REFUSED;
	return rc;
}
