/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/mgmt_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "management/audit.h"
#include "management/check.h"
#include "management/effects.h"
#include "management/hits.h"
#include "management/service.h"
#include "management/sessions.h"
#include "management/show.h"
#include "yaml/diff.h"
#include "yaml/load.h"

LOG_MODULE(mgmt);

/*
 * A reload is all or nothing: file -> configuration -> world, then control puts it into force;
 * whatever fails leaves the running one untouched (DESIGN §7).
 */

#define DETAILS_MAX 100 /* errors or keys in a reply */

static const struct mgmt_waiter nobody = {.slot = -1};

static uint32_t records_of(void *arg, uint16_t id)
{
	return cache_link_records(arg, id);
}

static int state_world(struct mgmt *m, struct mgmt_state *s, char *why)
{
	struct mgmt_world_input in = {.config = s->config,
		.ports = m->p.ports,
		.n_workers = m->p.shared->n_workers,
		.generation = m->generation + 1,
		.ids = s->ids,
		.switches = &m->switches,
		.names = m->names};

	s->world = mgmt_world_build(&in, why);
	return s->world != NULL ? 0 : -errno;
}

int mgmt_state_make(struct mgmt *m, struct config *config, struct mgmt_state *out, char *why)
{
	int rc;

	memset(out, 0, sizeof(*out));
	out->config = config;
	out->ids = link_ids_make(m->state.ids, config, records_of, ctl_cache(m->p.ctl));
	if (out->ids == NULL) {
		rc = -errno;
		snprintf(why, MGMT_WHY, "link ids: %s",
			rc == -E2BIG ? "too many links, or records of removed ones not gone yet"
				     : strerror(-rc));
		goto fail;
	}
	rc = state_world(m, out, why);
	if (rc < 0)
		goto fail;
	return 0;

fail:
	mgmt_state_free(out);
	return rc;
}

void mgmt_state_free(struct mgmt_state *s)
{
	mgmt_world_free(s->world);
	link_ids_free(s->ids);
	config_free(s->config);
	memset(s, 0, sizeof(*s));
}

int mgmt_world_submit(struct mgmt *m, enum mgmt_pending_kind kind, struct dp_world *world,
	struct mgmt_state *state, struct mgmt_waiter waiter, json_t *changes)
{
	struct mgmt_pending *p = mgmt_pending_new(kind, waiter);
	int rc;

	if (p == NULL) {
		mgmt_state_free(state);
		json_decref(changes);
		return -ENOMEM;
	}
	p->r.op = CTL_REQ_WORLD;
	p->r.world = world;
	p->state = *state;
	p->changes = changes;
	memset(state, 0, sizeof(*state));
	rc = mgmt_submit(m, p);
	if (rc < 0) {
		mgmt_pending_free(p);
		return rc;
	}
	m->generation = world->generation;
	m->world_pending = true;
	return 0;
}

int mgmt_world_leave(struct mgmt *m)
{
	struct mgmt_world_input in = {.config = m->state.config,
		.ports = m->p.ports,
		.n_workers = m->p.shared->n_workers,
		.generation = m->generation + 1,
		.ids = m->state.ids,
		.names = m->names};
	struct mgmt_state empty = {0};
	char why[MGMT_WHY];

	empty.world = mgmt_world_empty(&in, why);
	if (empty.world == NULL) {
		LOG_WARN("leaving without goodbye", "why=\"%s\"", why);
		return -errno;
	}
	return mgmt_world_submit(m, MGMT_PENDING_LEAVE, empty.world, &empty, nobody, NULL);
}

/* --- refusals -------------------------------------------------------------------------------- */

static json_t *details_of(const struct yaml_errors *errors, bool warnings)
{
	json_t *list = json_array();
	char line[1024];
	size_t kept = 0;

	for (size_t i = 0; i < errors->n && kept < DETAILS_MAX; i++) {
		if ((errors->list[i].severity == YAML_WARNING) != warnings)
			continue;
		yaml_errors_format(errors, i, line, sizeof(line));
		json_array_append_new(list, json_string(line));
		kept++;
	}
	return list;
}

static void log_errors(const struct yaml_errors *errors)
{
	char line[1024], quoted[1200];

	for (size_t i = 0; i < errors->n && i < DETAILS_MAX; i++) {
		yaml_errors_format(errors, i, line, sizeof(line));
		log_quote(quoted, sizeof(quoted), line, strlen(line));
		if (errors->list[i].severity == YAML_WARNING)
			LOG_WARN("configuration", "at=%s", quoted);
		else
			LOG_ERR("configuration", "at=%s", quoted);
	}
}

/* `list` goes into the reply as a member of that name; NULL: there is none. */
static void refuse(
	struct mgmt *m, struct mgmt_waiter waiter, const char *why, const char *name, json_t *list)
{
	json_t *reply = mgmt_error("%s", why);

	snprintf(m->reload_why, sizeof(m->reload_why), "%s", why);
	LOG_ERR("reload refused, the running configuration stays", "why=\"%s\"", why);
	mgmt_audit_config(m, "reload refused", json_pack("{s:s}", "why", why));
	if (list != NULL)
		json_object_set_new(reply, name, list);
	mgmt_answer(m, waiter, reply);
}

/* Keys that only a restart changes refuse the whole file (DESIGN §7). */
static json_t *restart_keys(const struct config *running, const struct config *new)
{
	struct config_key_name names[16];
	size_t n = config_restart_keys(running, new, names, 16);
	json_t *list;

	if (n == 0)
		return NULL;
	list = json_array();
	for (size_t i = 0; i < n && i < 16; i++)
		json_array_append_new(list, json_string(names[i].text));
	return list;
}

/* "gateway.workers, ports[0].device": the one line; how many more if they do not fit. */
static void keys_text(const json_t *keys, char *why, size_t size)
{
	const size_t most = size - sizeof(" and 16 more");
	size_t used = (size_t)snprintf(why, size, "only a restart changes"), i;
	json_t *key;

	json_array_foreach(keys, i, key)
	{
		const char *name = json_string_value(key);

		if (used + strlen(name) + 2 > most) {
			snprintf(why + used, size - used, " and %zu more",
				json_array_size(keys) - i);
			return;
		}
		used += (size_t)snprintf(why + used, size - used, "%s %s", i > 0 ? "," : "", name);
	}
}

/* --- the reload ------------------------------------------------------------------------------ */

/* The file as a configuration that may replace the running one, or NULL after refusing it. */
static struct config *load_replacement(struct mgmt *m, struct mgmt_waiter waiter, json_t **warnings)
{
	struct config *config = NULL;
	struct yaml_errors errors;
	char why[MGMT_WHY];
	json_t *keys;
	int rc;

	yaml_errors_init(&errors);
	rc = yaml_load_file(m->state.config->file, &config, &errors);
	if (rc == 0)
		rc = mgmt_check(config, &errors);
	log_errors(&errors);
	if (rc < 0) {
		snprintf(why, sizeof(why), "%s has %zu error%s", m->state.config->file,
			errors.n_errors, errors.n_errors == 1 ? "" : "s");
		refuse(m, waiter, why, "details", details_of(&errors, false));
		yaml_errors_fini(&errors);
		config_free(config);
		return NULL;
	}
	*warnings = details_of(&errors, true);
	yaml_errors_fini(&errors);
	keys = restart_keys(m->state.config, config);
	if (keys != NULL) {
		keys_text(keys, why, sizeof(why));
		refuse(m, waiter, why, "restart_keys", keys);
		config_free(config);
		json_decref(*warnings);
		return NULL;
	}
	return config;
}

void mgmt_reload(struct mgmt *m, bool dry_run, struct mgmt_waiter waiter)
{
	json_t *changes, *warnings = NULL;
	struct mgmt_state next = {0};
	struct config *config;
	char why[MGMT_WHY];
	int rc;

	if (m->world_pending || m->leaving) {
		if (waiter.slot >= 0)
			mgmt_answer(m, waiter, mgmt_error("another reload is under way"));
		else
			m->reload_wanted = !m->leaving;
		return;
	}
	m->reload_wanted = false;
	config = load_replacement(m, waiter, &warnings);
	if (config == NULL)
		return;
	changes = mgmt_changes(m->state.config, config);
	json_object_set_new(changes, "warnings", warnings);
	rc = dry_run ? 0 : mgmt_listen_prepare(m, config, why);
	if (rc < 0)
		config_free(config);
	else
		rc = mgmt_state_make(m, config, &next, why);
	if (rc < 0) {
		mgmt_listen_cancel(m);
		json_decref(changes);
		refuse(m, waiter, why, NULL, NULL);
		return;
	}
	json_object_set_new(
		changes, "rules", mgmt_rules_changed(m->state.world->policy, next.world->policy));
	json_object_set_new(changes, "services", mgmt_effects(m, next.world));
	if (dry_run) {
		json_object_set_new(changes, "dry_run", json_true());
		mgmt_answer(m, waiter, changes);
		mgmt_state_free(&next);
		return;
	}
	rc = mgmt_world_submit(m, MGMT_PENDING_RELOAD, next.world, &next, waiter, changes);
	if (rc < 0) {
		mgmt_listen_cancel(m);
		refuse(m, waiter, strerror(-rc), NULL, NULL);
	} else /* its world knows the ports as they are */
		m->rebuild_wanted = false;
}

/* The configuration stays: only its world is new. */
void mgmt_rebuild(struct mgmt *m)
{
	struct mgmt_state next = {.config = m->state.config, .ids = m->state.ids};
	struct dp_world *world;
	char why[MGMT_WHY];

	m->rebuild_wanted = false;
	if (state_world(m, &next, why) < 0) {
		LOG_WARN("links keep their old mtu", "why=\"%s\"", why);
		return;
	}
	world = next.world;
	next = (struct mgmt_state){.world = world};
	if (mgmt_world_submit(m, MGMT_PENDING_REBUILD, world, &next, nobody, NULL) < 0)
		m->rebuild_wanted = true;
}

/* Takes back what control did not want. */
static void switch_back(struct mgmt *m)
{
	mgmt_switches_free(&m->switches);
	m->switches = m->switches_before;
	m->switches_before = (struct mgmt_switches){0};
}

void mgmt_switch(
	struct mgmt *m, struct mgmt_switches *switches, json_t *reply, struct mgmt_waiter waiter)
{
	struct mgmt_state next = {.config = m->state.config, .ids = m->state.ids};
	struct dp_world *world;
	char why[MGMT_WHY];
	int rc;

	if (m->world_pending || m->leaving) {
		mgmt_switches_free(switches);
		json_decref(reply);
		mgmt_answer(m, waiter, mgmt_error("a reload is under way, try again"));
		return;
	}
	m->switches_before = m->switches;
	m->switches = *switches;
	*switches = (struct mgmt_switches){0};
	rc = state_world(m, &next, why);
	if (rc < 0) {
		switch_back(m);
		json_decref(reply);
		mgmt_answer(m, waiter, mgmt_error("%s", why));
		return;
	}
	world = next.world;
	next = (struct mgmt_state){.world = world};
	rc = mgmt_world_submit(m, MGMT_PENDING_SWITCH, world, &next, waiter, reply);
	if (rc < 0) {
		switch_back(m);
		mgmt_answer(m, waiter, mgmt_error("%s", strerror(-rc)));
	} else { /* its world knows the ports as they are */
		m->rebuild_wanted = false;
	}
}

/* --- in force -------------------------------------------------------------------------------- */

/* Ids that had another name before count from here. */
static void take_baselines(struct mgmt *m, const struct link_ids *ids)
{
	for (uint32_t i = 0; i < ids->n; i++) {
		const struct link_id *now = &ids->e[i];
		const struct link_id *before = link_ids_find(m->state.ids, now->name);

		if (!now->reused || (before != NULL && before->id == now->id))
			continue;
		free(m->baseline[now->id]);
		m->baseline[now->id] = NULL;
		m->baseline[now->id] = show_link_baseline(m, now->id);
	}
}

static void in_force(struct mgmt *m, struct mgmt_pending *p)
{
	struct mgmt_state old = m->state;

	mgmt_hits_carry(m, old.world, p->state.world);
	pthread_mutex_lock(&m->lock);
	if (p->state.ids != NULL)
		take_baselines(m, p->state.ids);
	m->state.world = p->state.world;
	if (p->state.config != NULL) {
		m->state.config = p->state.config;
		m->state.ids = p->state.ids;
	} else { /* only the world is new */
		old.config = NULL;
		old.ids = NULL;
	}
	memset(&p->state, 0, sizeof(p->state));
	pthread_mutex_unlock(&m->lock);
	mgmt_state_free(&old);
}

static void tell_ready(struct mgmt *m)
{
	LOG_NOTICE("ready", "gateway=%s links=%u ports=%u workers=%u generation=%llu",
		m->state.config->gateway.id, m->state.world->n_links, m->p.n_ports,
		m->p.shared->n_workers, (unsigned long long)m->generation);
	atomic_store_explicit(&m->ready, true, memory_order_release);
	mgmt_service_ready(m);
}

static void tell_reloaded(struct mgmt *m, struct mgmt_pending *p)
{
	char text[160];

	m->reload_why[0] = '\0';
	mgmt_audit_open(m);
	mgmt_audit_config(m, "reload",
		json_pack("{s:I,s:O}", "generation", (json_int_t)m->generation, "changes",
			p->changes));
	LOG_NOTICE("reload in force", "generation=%llu changes=\"%s\"",
		(unsigned long long)m->generation,
		mgmt_changes_text(p->changes, text, sizeof(text)));
	json_object_set_new(p->changes, "generation", json_integer((json_int_t)m->generation));
	mgmt_answer(m, p->waiter, json_incref(p->changes));
}

static void tell_switched(struct mgmt *m, struct mgmt_pending *p)
{
	char *text = json_dumps(p->changes, JSON_COMPACT), quoted[256];

	if (text != NULL)
		LOG_NOTICE("switched", "generation=%llu what=%s", (unsigned long long)m->generation,
			log_quote(quoted, sizeof(quoted), text, strlen(text)));
	free(text);
	mgmt_audit_config(m, "switched", json_copy(p->changes));
	json_object_set_new(p->changes, "generation", json_integer((json_int_t)m->generation));
	mgmt_answer(m, p->waiter, json_incref(p->changes));
}

void mgmt_world_done(struct mgmt *m, struct mgmt_pending *p)
{
	m->world_pending = false;
	if (p->r.status < 0) {
		/* The next world takes this one's class slot. */
		m->generation--;
		if (p->kind == MGMT_PENDING_FIRST)
			LOG_ERR("control refused the first world", "error=\"%s\"",
				strerror((int)-p->r.status));
		else if (p->kind == MGMT_PENDING_RELOAD) {
			mgmt_listen_cancel(m);
			refuse(m, p->waiter, strerror((int)-p->r.status), NULL, NULL);
		} else if (p->kind == MGMT_PENDING_SWITCH) {
			switch_back(m);
			mgmt_answer(m, p->waiter, mgmt_error("%s", strerror((int)-p->r.status)));
		}
		if (p->kind == MGMT_PENDING_FIRST || p->kind == MGMT_PENDING_LEAVE)
			atomic_store_explicit(&m->p.shared->stop, 1, memory_order_release);
		return;
	}
	switch (p->kind) {
	case MGMT_PENDING_FIRST:
		tell_ready(m);
		return;
	case MGMT_PENDING_LEAVE:
		in_force(m, p);
		atomic_store_explicit(&m->p.shared->stop, 1, memory_order_release);
		return;
	case MGMT_PENDING_RELOAD:
		in_force(m, p);
		mgmt_listen_commit(m);
		mgmt_sessions_world(m);
		tell_reloaded(m, p);
		return;
	case MGMT_PENDING_SWITCH:
		in_force(m, p);
		mgmt_switches_free(&m->switches_before);
		tell_switched(m, p);
		return;
	default:
		in_force(m, p);
	}
}
