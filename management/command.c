/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/mgmt_priv.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "management/capture.h"
#include "management/explain.h"
#include "management/people.h"
#include "management/selftest.h"
#include "management/show.h"
#include "management/sweep.h"

LOG_MODULE(socket);

/* One request line, {"cmd": "show", "args": ["links"]}, and what it asks for. */

#define ARGS_MAX 16

struct request {
	struct mgmt *m;
	struct mgmt_waiter waiter;
	struct text *out;
	struct show_state *show;
	const char *arg[ARGS_MAX];
	unsigned n_args;
};

/* A refused request. Always false: nobody waits. */
static bool reply(struct request *rq, json_t *answer)
{
	text_json(rq->out, answer);
	text_str(rq->out, "\n");
	return false;
}

static bool cmd_show(struct request *rq)
{
	const struct show_ops *ops = rq->n_args == 1 ? show_find(rq->arg[0]) : NULL;

	if (ops == NULL)
		return reply(rq, mgmt_error("show what? status, ports, links, services, records, "
					    "stations, policy, gateways, counters or top"));
	memset(rq->show, 0, sizeof(*rq->show));
	rq->show->ops = ops;
	return false;
}

static bool cmd_explain(struct request *rq)
{
	json_t *error = mgmt_explain(rq->m, rq->arg, rq->n_args, rq->show);

	return error != NULL ? reply(rq, error) : false;
}

static bool cmd_reload(struct request *rq)
{
	bool dry_run = rq->n_args == 1 && strcmp(rq->arg[0], "--dry-run") == 0;

	if (rq->n_args > 0 && !dry_run)
		return reply(rq, mgmt_error("reload takes nothing but --dry-run"));
	mgmt_reload(rq->m, dry_run, rq->waiter);
	return true;
}

static bool cmd_flush(struct request *rq)
{
	struct mgmt_pending *p;
	uint16_t link = 0;
	int rc;

	if (rq->n_args > 1 || (rq->n_args == 1 && strncmp(rq->arg[0], "link=", 5) != 0))
		return reply(rq, mgmt_error("flush takes nothing but link=NAME"));
	if (rq->n_args == 1) {
		const struct link_id *e = link_ids_find(rq->m->state.ids, rq->arg[0] + 5);

		if (e == NULL || !e->present)
			return reply(rq, mgmt_error("there is no link %s", rq->arg[0] + 5));
		link = e->id;
	}
	p = mgmt_pending_new(MGMT_PENDING_FLUSH, rq->waiter);
	if (p == NULL)
		return reply(rq, mgmt_error("%s", strerror(ENOMEM)));
	p->r.op = CTL_REQ_FLUSH;
	p->r.link = link;
	rc = mgmt_submit(rq->m, p);
	if (rc < 0) {
		mgmt_pending_free(p);
		return reply(rq, mgmt_error("control is busy, try again"));
	}
	return true;
}

static bool cmd_log(struct request *rq)
{
	int rc = rq->n_args == 1 ? log_set_level(rq->arg[0]) : -EINVAL;

	if (rc == -ENOENT)
		return reply(rq, mgmt_error("no such log module: %s", rq->arg[0]));
	if (rc < 0)
		return reply(
			rq, mgmt_error("log takes a level (err, warn, notice, info, debug), or "
				       "MODULE:LEVEL, or a list of these"));
	LOG_NOTICE("log level", "set=%s", rq->arg[0]);
	return reply(rq, json_pack("{s:s}", "log", rq->arg[0]));
}

/* "mode=filter" -> the mode, in *mode; mode=config: *left_to_file. False: neither. */
static bool read_mode(const char *word, enum config_link_mode *mode, bool *left_to_file)
{
	static const char *const names[] = {[CONFIG_LINK_GATEWAY] = "gateway",
		[CONFIG_LINK_OFF] = "off",
		[CONFIG_LINK_FILTER] = "filter"};

	if (strncmp(word, "mode=", 5) != 0)
		return false;
	*left_to_file = strcmp(word + 5, "config") == 0;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(word + 5, names[i]) == 0) {
			*mode = (enum config_link_mode)i;
			return true;
		}
	}
	return *left_to_file;
}

static bool cmd_link(struct request *rq)
{
	struct mgmt_switches next;
	enum config_link_mode mode = CONFIG_LINK_GATEWAY;
	bool left_to_file = false;
	const struct link_id *e;

	if (rq->n_args != 3 || strcmp(rq->arg[0], "set") != 0 ||
		!read_mode(rq->arg[2], &mode, &left_to_file))
		return reply(
			rq, mgmt_error("expected: link set NAME mode=gateway|filter|off|config"));
	e = link_ids_find(rq->m->state.ids, rq->arg[1]);
	if (e == NULL || !e->present)
		return reply(rq, mgmt_error("there is no link %s", rq->arg[1]));
	if (mgmt_switches_copy(&next, &rq->m->switches) < 0 ||
		mgmt_switch_link(&next, rq->arg[1], left_to_file ? NULL : &mode) < 0) {
		mgmt_switches_free(&next);
		return reply(rq, mgmt_error("%s", strerror(ENOMEM)));
	}
	mgmt_switch(rq->m, &next,
		json_pack("{s:s,s:s}", "link", rq->arg[1], "mode", rq->arg[2] + 5), rq->waiter);
	return true;
}

static bool cmd_station(struct request *rq)
{
	json_t *error = mgmt_station(rq->m, rq->arg, rq->n_args, rq->waiter);

	return error != NULL ? reply(rq, error) : true;
}

static bool cmd_capture(struct request *rq)
{
	json_t *error = mgmt_capture(rq->m, rq->arg, rq->n_args, rq->show, rq->out);

	return error != NULL ? reply(rq, error) : false;
}

static bool cmd_sweep(struct request *rq)
{
	json_t *error = mgmt_sweep(rq->m, rq->arg, rq->n_args, rq->show);

	return error != NULL ? reply(rq, error) : false;
}

static bool cmd_selftest(struct request *rq)
{
	json_t *error = mgmt_selftest(rq->m, rq->arg, rq->n_args, rq->waiter);

	return error != NULL ? reply(rq, error) : true;
}

static bool cmd_gateway(struct request *rq)
{
	bool pause = rq->n_args == 1 && strcmp(rq->arg[0], "pause") == 0;
	struct mgmt_switches next;

	if (!pause && (rq->n_args != 1 || strcmp(rq->arg[0], "resume") != 0))
		return reply(rq, mgmt_error("expected: gateway pause|resume"));
	if (mgmt_switches_copy(&next, &rq->m->switches) < 0)
		return reply(rq, mgmt_error("%s", strerror(ENOMEM)));
	next.paused = pause;
	mgmt_switch(rq->m, &next, json_pack("{s:s}", "gateway", pause ? "paused" : "running"),
		rq->waiter);
	return true;
}

static const struct {
	const char *name;
	bool (*run)(struct request *rq);
} commands[] = {
	{"show", cmd_show},
	{"explain", cmd_explain},
	{"reload", cmd_reload},
	{"flush", cmd_flush},
	{"log", cmd_log},
	{"link", cmd_link},
	{"station", cmd_station},
	{"gateway", cmd_gateway},
	{"capture", cmd_capture},
	{"sweep", cmd_sweep},
	{"selftest", cmd_selftest},
};

static bool dispatch(struct request *rq, json_t *line)
{
	const char *cmd = json_string_value(json_object_get(line, "cmd"));
	const json_t *args = json_object_get(line, "args"), *arg;
	size_t i;

	if (cmd == NULL)
		return reply(rq, mgmt_error("expected {\"cmd\": \"...\", \"args\": [...]}"));
	json_array_foreach(args, i, arg)
	{
		if (i == ARGS_MAX || !json_is_string(arg))
			return reply(rq, mgmt_error("args: at most %u strings", ARGS_MAX));
		rq->arg[rq->n_args++] = json_string_value(arg);
	}
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(cmd, commands[i].name) == 0)
			return commands[i].run(rq);
	}
	return reply(rq, mgmt_error("no such command: %s", cmd));
}

bool mgmt_command(struct mgmt *m, const char *line, size_t len, struct mgmt_waiter waiter,
	struct text *out, struct show_state *show)
{
	struct request rq = {.m = m, .waiter = waiter, .out = out, .show = show};
	json_error_t error;
	json_t *root = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	bool waiting;

	if (root == NULL)
		return reply(&rq, mgmt_error("request is not JSON: %s", error.text));
	waiting = dispatch(&rq, root);
	json_decref(root);
	return waiting;
}
