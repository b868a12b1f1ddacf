/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/sweep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "dns/name.h"
#include "dns/service.h"
#include "management/people.h"
#include "management/show.h"
#include "policy/policy.h"
#include "yaml/presets.h"

LOG_MODULE(sweep);

#define FOUND_MAX 65536 /* instances told */
#define PAGE 256
#define PROGRESS_US US_PER_SEC

void mgmt_sweep_free(struct ctl_sweep *s)
{
	if (s == NULL)
		return;
	free((void *)(uintptr_t)s->link);
	free(s->type);
	free(s->seen);
	free(s->found);
	free(s);
}

static struct ctl_sweep *sweep_new(void)
{
	struct ctl_sweep *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->enumerate = true;
	s->max = FOUND_MAX;
	s->max_seen = 2 * FOUND_MAX;
	s->link = calloc(DP_LINKS_MAX, sizeof(*s->link));
	s->type = calloc(CTL_SWEEP_TYPES, sizeof(*s->type));
	s->seen = calloc(s->max_seen, sizeof(*s->seen));
	s->found = calloc(s->max, sizeof(*s->found));
	if (s->link != NULL && s->type != NULL && s->seen != NULL && s->found != NULL)
		return s;
	mgmt_sweep_free(s);
	return NULL;
}

/* --- what is asked for ----------------------------------------------------------------------- */

static void add_link(struct ctl_sweep *s, uint16_t id)
{
	uint16_t *link = (uint16_t *)(uintptr_t)s->link;

	for (uint32_t i = 0; i < s->n_links; i++)
		if (link[i] == id)
			return;
	link[s->n_links++] = id;
}

static bool add_type(struct ctl_sweep *s, const char *type)
{
	uint8_t name[DNS_NAME_MAX + 1];
	struct dns_service_name sd;
	char whole[128];
	int len = snprintf(whole, sizeof(whole), "%s.local", type);

	if (len < 0 || (size_t)len >= sizeof(whole))
		return false;
	len = dns_name_from_text(whole, name);
	if (len < 0 || len > CTL_SWEEP_TYPE_BYTES)
		return false;
	dns_name_canon(name, name, (size_t)len);
	dns_service_parse(name, &sd);
	if (sd.kind != DNS_NAME_SERVICE_TYPE)
		return false;
	for (uint32_t i = 0; i < s->n_types; i++)
		if (dns_name_equal(s->type[i], name))
			return true;
	if (s->n_types == CTL_SWEEP_TYPES)
		return false;
	memcpy(s->type[s->n_types++], name, (size_t)len);
	s->n_asked_types = s->n_types;
	s->enumerate = false;
	return true;
}

/* A type, a preset, or a named set. */
static bool add_service(const struct mgmt *m, struct ctl_sweep *s, const char *word)
{
	const struct yaml_preset *preset = yaml_preset_find(word);
	const struct config *c = m->state.config;

	if (word[0] == '_')
		return add_type(s, word);
	if (preset != NULL) {
		for (unsigned i = 0; preset->types != NULL && preset->types[i] != NULL; i++)
			if (!add_type(s, preset->types[i]))
				return false;
		return !preset->workstation; /* hosts that offer nothing are not found by a type */
	}
	for (uint32_t i = 0; i < c->n_sets; i++) {
		const struct config_services *set = &c->sets[i].services;

		if (strcmp(c->sets[i].name, word) != 0)
			continue;
		for (uint32_t k = 0; k < set->n_types; k++)
			if (!add_type(s, set->types[k].type))
				return false;
		return true;
	}
	return false;
}

static json_t *read_args(
	const struct mgmt *m, const char *const *args, unsigned n, struct ctl_sweep *s)
{
	for (unsigned i = 0; i < n; i++) {
		if (strncmp(args[i], "link=", 5) == 0) {
			const struct link_id *e = link_ids_find(m->state.ids, args[i] + 5);

			if (e == NULL || !e->present)
				return mgmt_error("there is no link %s", args[i] + 5);
			add_link(s, e->id);
		} else if (strncmp(args[i], "service=", 8) == 0) {
			if (!add_service(m, s, args[i] + 8))
				return mgmt_error(
					"no service type, preset or named set: %s", args[i] + 8);
		} else {
			return mgmt_error("sweep takes link=NAME and service=TYPE");
		}
	}
	return NULL;
}

/* All links that mDNS is handled on. */
static void all_links(const struct mgmt *m, struct ctl_sweep *s)
{
	uint16_t *link = (uint16_t *)(uintptr_t)s->link;

	for (uint16_t id = 1; id < m->state.world->n_ids; id++) {
		const struct dp_link *l = show_link(m, id);

		if (l != NULL && l->mode == DP_LINK_GATEWAY)
			link[s->n_links++] = id;
	}
}

/* --- what is told ---------------------------------------------------------------------------- */

static void line(struct text *out, json_t *o)
{
	text_json(out, o);
	text_str(out, "\n");
}

static json_t *found_object(const struct mgmt *m, const struct ctl_found *f)
{
	const struct dp_link *l = show_link(m, f->link);
	char label[DNS_LABEL_TEXT_MAX] = "", type[DNS_NAME_TEXT_MAX] = "";
	struct dns_service_name sd;
	struct policy_who who;
	bool may = false;
	json_t *o;

	dns_service_parse(f->name, &sd);
	dns_label_to_text(f->name, label, sizeof(label));
	dns_name_to_text(f->name + f->type_off, type, sizeof(type));
	if (l != NULL) {
		uint8_t lower[DNS_NAME_MAX + 1];

		dns_name_canon(lower, f->name + sd.type_off, sd.type_len);
		may = policy_may_permit(policy_ask(m->state.world->table,
			policy_type(m->state.world->policy, lower, sd.type_len), l->col_probe));
	}
	mgmt_who(m, f->link, &f->mac, &who);
	o = json_pack("{s:s,s:s,s:o,s:o,s:o}", "type", type, "instance", label, "link",
		show_link_name(m, f->link), "mac", show_mac(&f->mac), "address",
		f->family != 0 ? show_ip(f->family, f->ip) : json_null());
	json_object_set_new(o, "is", mgmt_who_object(m, &who));
	json_object_set_new(o, "learnable", json_boolean(may));
	return o;
}

static json_t *numbers(const struct mgmt *m)
{
	const struct ctl_sweep *s = m->sweep.s;

	return json_pack("{s:i,s:i,s:i,s:i}", "links", (int)s->n_links, "links_done",
		(int)atomic_load_explicit(&s->links_done, memory_order_relaxed), "found",
		(int)atomic_load_explicit(&s->n, memory_order_acquire), "overlooked",
		(int)atomic_load_explicit(&s->overlooked, memory_order_relaxed));
}

static bool sweep_page(struct mgmt *m, struct show_state *show, struct text *out)
{
	const struct ctl_sweep *s = m->sweep.s;
	bool done = m->sweep.done; /* before n: nothing comes after it */
	uint32_t n = atomic_load_explicit(&s->n, memory_order_acquire);

	for (unsigned i = 0; i < PAGE && show->cursor < n; i++)
		line(out, json_pack("{s:o}", "found", found_object(m, &s->found[show->cursor++])));
	if (m->now_us - m->sweep.told_us >= PROGRESS_US) {
		m->sweep.told_us = m->now_us;
		line(out, json_pack("{s:o}", "progress", numbers(m)));
	}
	if (!done || show->cursor < n)
		return !show->ending;
	if (m->sweep.refused) {
		line(out, mgmt_error("a sweep is being ended, try again"));
		return false;
	}
	line(out, json_pack("{s:o}", "swept", numbers(m)));
	return false;
}

/* The client has all of it, or is gone. Control may still be at it: then it frees when done. */
static void sweep_end(struct mgmt *m)
{
	if (m->sweep.done)
		mgmt_sweep_free(m->sweep.s);
	else
		atomic_store_explicit(&m->sweep.s->cancel, 1, memory_order_relaxed);
	m->sweep.s = NULL;
}

void mgmt_sweep_done(struct mgmt *m, struct mgmt_pending *p)
{
	if (m->sweep.s != p->r.sweep)
		return; /* nobody listens any more: it goes with the request */
	m->sweep.done = true;
	m->sweep.refused = p->r.status < 0;
	p->r.sweep = NULL;
}

json_t *mgmt_sweep(struct mgmt *m, const char *const *args, unsigned n, struct show_state *show)
{
	static const struct show_ops ops = {
		.name = "sweep", .page = sweep_page, .end = sweep_end, .stream = true};
	const struct mgmt_waiter nobody = {.slot = -1};
	struct ctl_sweep *s = m->sweep.s == NULL ? sweep_new() : NULL;
	struct mgmt_pending *p;
	json_t *error;

	if (m->sweep.s != NULL)
		return mgmt_error("a sweep is under way");
	p = s != NULL ? mgmt_pending_new(MGMT_PENDING_SWEEP, nobody) : NULL;
	error = p != NULL ? read_args(m, args, n, s) : mgmt_error("%s", strerror(ENOMEM));
	if (error == NULL && s->n_links == 0)
		all_links(m, s);
	if (error == NULL) {
		p->r.op = CTL_REQ_SWEEP;
		p->r.sweep = s;
		if (mgmt_submit(m, p) < 0) {
			p->r.sweep = NULL;
			error = mgmt_error("control is busy, try again");
		}
	}
	if (error != NULL) {
		mgmt_pending_free(p);
		mgmt_sweep_free(s);
		return error;
	}
	LOG_NOTICE("sweep begins", "links=%u types=%u", s->n_links, s->n_asked_types);
	m->sweep = (struct mgmt_sweeping){.s = s, .told_us = m->now_us};
	memset(show, 0, sizeof(*show));
	show->ops = &ops;
	return NULL;
}
