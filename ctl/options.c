/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SOCKET "/run/linkspan/control.sock"

static void usage(FILE *out)
{
	fputs("usage: linkspanctl [-s SOCKET] [--json] COMMAND\n"
	      "\n"
	      "  show status|ports|links|services|records|stations|policy|gateways|counters|top\n"
	      "  top [--interval S]    what is going on, again and again; q leaves\n"
	      "  explain --consumer link=NAME|MAC|MAC@LINK [--service TYPE|INSTANCE]\n"
	      "                        what the consumer gets, and which rule says so\n"
	      "  sweep [--link NAME]... [--service TYPE]...\n"
	      "                        ask all links, or some, who offers what, whatever policy "
	      "says\n"
	      "  capture --link NAME [--station MAC] [--name GLOB] [--seconds S] [--write FILE]\n"
	      "                        mDNS and host duties of a link as pcapng, to a file or a "
	      "pipe\n"
	      "  selftest [--from NAME --to NAME] [--service TYPE]\n"
	      "                        is a service of one link found from another?\n"
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

static const char *const things[] = {"status", "ports", "links", "services", "records", "stations",
	"policy", "gateways", "counters", "top"};

static bool show_args(char *const args[], unsigned n)
{
	for (size_t i = 0; n == 1 && i < sizeof(things) / sizeof(things[0]); i++) {
		if (strcmp(args[0], things[i]) == 0)
			return true;
	}
	return false;
}

/* Is each argument "KEY=..." of one of these keys, and the first key there? */
static bool only_keys(char *const args[], unsigned n, const char *const keys[], unsigned n_keys)
{
	bool first = false;

	for (unsigned i = 0; i < n; i++) {
		bool known = false;

		for (unsigned k = 0; k < n_keys; k++) {
			size_t len = strlen(keys[k]);

			if (strncmp(args[i], keys[k], len) != 0 || args[i][len] != '=')
				continue;
			known = true;
			first = first || k == 0;
		}
		if (!known)
			return false;
	}
	return first;
}

static bool no_args(char *const args[], unsigned n)
{
	(void)args;
	return n == 0;
}

static bool explain_args(char *const args[], unsigned n)
{
	static const char *const keys[] = {"consumer", "service"};

	return only_keys(args, n, keys, 2);
}

static bool capture_args(char *const args[], unsigned n)
{
	static const char *const keys[] = {"link", "station", "name"};

	return only_keys(args, n, keys, 3);
}

static bool sweep_args(char *const args[], unsigned n)
{
	static const char *const links[] = {"link", "service"}, *const services[] = {"service"};

	return n == 0 || only_keys(args, n, links, 2) || only_keys(args, n, services, 1);
}

static bool selftest_args(char *const args[], unsigned n)
{
	static const char *const links[] = {"from", "to", "service"}, *const other[] = {"service"};

	return n == 0 || only_keys(args, n, links, 3) || only_keys(args, n, other, 1);
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

static const struct command {
	const char *name;
	bool (*args_good)(char *const args[], unsigned n);
} commands[] = {
	{"show", show_args},
	{"top", no_args},
	{"explain", explain_args},
	{"sweep", sweep_args},
	{"capture", capture_args},
	{"selftest", selftest_args},
	{"reload", reload_args},
	{"flush", flush_args},
	{"log", log_args},
	{"link", link_args},
	{"station", station_args},
	{"gateway", gateway_args},
};

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	}
	return NULL;
}

/* What is wrong with a command that is not good. */
static void command_complain(const char *cmd, char *const args[], unsigned n)
{
	if (command_find(cmd) == NULL) {
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

enum {
	OPT_JSON = 256,
	OPT_VERSION,
	OPT_DRY_RUN,
	OPT_WRITE,
	OPT_SECONDS,
	OPT_INTERVAL,
	OPT_KEY, /* + index of keys[] */
};

/* Options that stand for an argument NAME=VALUE. */
static const char *const keys[] = {"consumer", "service", "link", "station", "name", "from", "to"};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static const struct option longopts[] = {
	{"socket", required_argument, NULL, 's'},
	{"json", no_argument, NULL, OPT_JSON},
	{"dry-run", no_argument, NULL, OPT_DRY_RUN},
	{"write", required_argument, NULL, OPT_WRITE},
	{"seconds", required_argument, NULL, OPT_SECONDS},
	{"interval", required_argument, NULL, OPT_INTERVAL},
	{"consumer", required_argument, NULL, OPT_KEY},
	{"service", required_argument, NULL, OPT_KEY + 1},
	{"link", required_argument, NULL, OPT_KEY + 2},
	{"station", required_argument, NULL, OPT_KEY + 3},
	{"name", required_argument, NULL, OPT_KEY + 4},
	{"from", required_argument, NULL, OPT_KEY + 5},
	{"to", required_argument, NULL, OPT_KEY + 6},
	{"version", no_argument, NULL, OPT_VERSION},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* --KEY VALUE, as "KEY=VALUE" among the arguments. */
static bool keep(struct options *o, const char *key, const char *value)
{
	int n;

	if (o->n_text == OPTIONS_ARGS) {
		fputs("linkspanctl: too many options\n", stderr);
		return false;
	}
	n = snprintf(o->text[o->n_text], sizeof(o->text[0]), "%s=%s", key, value);
	if (n < 0 || (size_t)n >= sizeof(o->text[0])) {
		fprintf(stderr, "linkspanctl: --%s is too long\n", key);
		return false;
	}
	o->n_text++;
	return true;
}

static bool seconds(const char *name, const char *text, unsigned *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text >= '0' && *text <= '9' && *end == '\0' && n > 0 && n <= 86400) {
		*out = (unsigned)n;
		return true;
	}
	fprintf(stderr, "linkspanctl: --%s: expected 1 to 86400 seconds\n", name);
	return false;
}

/* One option. Returns -1 to go on, or the exit code. */
static int take(struct options *o, int opt, bool *dry_run)
{
	bool good = true;

	if (opt >= OPT_KEY && opt < OPT_KEY + (int)N_KEYS)
		good = keep(o, keys[opt - OPT_KEY], optarg);
	else if (opt == 's')
		o->socket = optarg;
	else if (opt == OPT_JSON)
		o->json = true;
	else if (opt == OPT_DRY_RUN)
		*dry_run = true;
	else if (opt == OPT_WRITE)
		o->write = optarg;
	else if (opt == OPT_SECONDS)
		good = seconds("seconds", optarg, &o->seconds);
	else if (opt == OPT_INTERVAL)
		good = seconds("interval", optarg, &o->interval);
	else
		good = false;
	if (good)
		return -1;
	usage(stderr);
	return EXIT_USAGE;
}

/* Do options that are the client's own belong to the command? */
static bool own_options_good(const struct options *o)
{
	bool capture = strcmp(o->args[0], "capture") == 0;

	return (capture || (o->write[0] == '\0' && o->seconds == 0)) &&
	       (strcmp(o->args[0], "top") == 0 || o->interval == 2);
}

int options_parse(int argc, char **argv, struct options *o)
{
	static char dry_run_arg[] = "--dry-run";
	const struct command *cmd;
	bool dry_run = false;
	int opt, rc;

	*o = (struct options){.socket = DEFAULT_SOCKET, .write = "", .interval = 2};
	while ((opt = getopt_long(argc, argv, "s:h", longopts, NULL)) != -1) {
		if (opt == OPT_VERSION) {
			printf("linkspanctl %s\n", LINKSPAN_VERSION);
			return EXIT_SUCCESS;
		}
		if (opt == 'h') {
			usage(stdout);
			return EXIT_SUCCESS;
		}
		rc = take(o, opt, &dry_run);
		if (rc >= 0)
			return rc;
	}
	while (optind < argc && o->n_args < OPTIONS_ARGS)
		o->args[o->n_args++] = argv[optind++];
	if (dry_run && o->n_args < OPTIONS_ARGS)
		o->args[o->n_args++] = dry_run_arg;
	for (unsigned i = 0; i < o->n_text && o->n_args < OPTIONS_ARGS; i++)
		o->args[o->n_args++] = o->text[i];
	cmd = o->n_args > 0 ? command_find(o->args[0]) : NULL;
	if (cmd != NULL && optind == argc && cmd->args_good(o->args + 1, o->n_args - 1) &&
		own_options_good(o))
		return -1;
	if (o->n_args > 0)
		command_complain(o->args[0], o->args + 1, o->n_args - 1);
	usage(stderr);
	return EXIT_USAGE;
}
