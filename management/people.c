/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/people.h"

#include <assert.h>
#include <errno.h>
#include <search.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "management/audit.h"
#include "management/sessions.h"
#include "policy/names.h"
#include "yaml/check.h"
#include "yaml/config.h"

LOG_MODULE(mgmt);

#define NAME_MAX_BYTES 63

/* --- persons --------------------------------------------------------------------------------- */

static_assert(offsetof(struct mgmt_person, mac) == 0, "found by the address alone");

/* Persons, or an address anywhere: no more than that is read. */
static int by_mac(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct mac_addr));
}

struct mgmt_person *mgmt_person_find(const struct mgmt *m, const struct mac_addr *mac)
{
	void *found = tfind(mac, &m->people, by_mac);

	return found != NULL ? *(struct mgmt_person **)found : NULL;
}

struct mgmt_person *mgmt_person_get(struct mgmt *m, const struct mac_addr *mac)
{
	struct mgmt_person *p = mgmt_person_find(m, mac);

	if (p != NULL)
		return p;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	p->mac = *mac;
	p->command.who.mac = *mac;
	p->network.who.mac = *mac;
	if (tsearch(p, &m->people, by_mac) == NULL) {
		free(p);
		return NULL;
	}
	return p;
}

void mgmt_person_release(struct mgmt *m, struct mgmt_person *p)
{
	if (p == NULL || p->command.set != 0 || p->network.set != 0 || p->session != NULL)
		return;
	tdelete(p, &m->people, by_mac);
	free(p);
}

int mgmt_person_submit(struct mgmt *m, const struct mgmt_person *p, bool left, uint16_t link,
	struct mgmt_pending *pending)
{
	pending->r.op = CTL_REQ_STATION;
	pending->r.said = p->network;
	dp_said_over(&pending->r.said, &p->command);
	pending->r.left = left;
	pending->r.link = link;
	return mgmt_submit(m, pending);
}

/* --- the command ----------------------------------------------------------------------------- */

static bool has_role(const struct config *c, const char *role)
{
	for (uint32_t i = 0; i < c->n_roles; i++)
		if (strcmp(c->roles[i], role) == 0)
			return true;
	return c->n_roles == 0;
}

static bool has_place(const struct config *c, const char *path)
{
	for (uint32_t i = 0; i < c->n_locations; i++)
		if (strcmp(c->locations[i].path, path) == 0)
			return true;
	return false;
}

static bool is_name(const char *text)
{
	return strlen(text) <= NAME_MAX_BYTES && yaml_check_who(text);
}

/* One fact. `value` NULL: none. NULL, or what is wrong. */
static json_t *take_user(struct mgmt *m, const char *value, struct dp_said *said)
{
	if (value != NULL && !is_name(value))
		return mgmt_error("user: expected a name of 1 to 63 bytes");
	said->who.user = policy_names_user(m->names, value);
	said->set |= DP_SAID_USER;
	return value != NULL && said->who.user == 0 ? mgmt_error("too many users") : NULL;
}

static json_t *take_role(struct mgmt *m, const char *value, struct dp_said *said)
{
	if (value != NULL && !is_name(value))
		return mgmt_error("role: expected a name of 1 to 63 bytes");
	if (value != NULL && !has_role(m->state.config, value))
		return mgmt_error("roles: does not list %s", value);
	said->who.role = policy_names_role(m->names, value);
	said->set |= DP_SAID_ROLE;
	return value != NULL && said->who.role == 0 ? mgmt_error("too many roles") : NULL;
}

static json_t *take_place(struct mgmt *m, const char *value, struct dp_said *said)
{
	if (value != NULL && !has_place(m->state.config, value))
		return mgmt_error("there is no location %s", value);
	said->who.place = policy_names_place(m->names, value);
	said->set |= DP_SAID_PLACE;
	return NULL;
}

static json_t *take_ap(struct mgmt *m, const char *value, struct dp_said *said)
{
	if (value != NULL && !is_name(value))
		return mgmt_error("ap: expected a name of 1 to 63 bytes");
	said->ap = policy_names_ap(m->names, value);
	said->set |= DP_SAID_AP;
	return value != NULL && said->ap == 0 ? mgmt_error("too many access points") : NULL;
}

static json_t *take_authenticated(struct mgmt *m, const char *value, struct dp_said *said)
{
	(void)m;
	if (value == NULL || (strcmp(value, "true") != 0 && strcmp(value, "false") != 0))
		return mgmt_error("authenticated: expected true or false");
	said->authenticated = strcmp(value, "true") == 0;
	said->set |= DP_SAID_AUTHENTICATED;
	return NULL;
}

/* One more address, or prefix; an empty value: none at all. */
static json_t *take_address(struct mgmt *m, const char *value, struct dp_said *said)
{
	struct ip_prefix p;

	(void)m;
	if ((said->set & DP_SAID_ADDRESSES) == 0)
		said->n_addrs = 0;
	said->set |= DP_SAID_ADDRESSES;
	if (value == NULL)
		return NULL;
	if (strchr(value, '/') == NULL) {
		if (ip_parse(value, &p.addr) < 0)
			return mgmt_error("address: expected an IP address");
		p.len = p.addr.family == 4 ? 32 : 128;
	} else if (prefix_parse(value, &p) < 0 || p.len == 0) {
		return mgmt_error("address: expected an IP address, or a prefix");
	}
	if (said->n_addrs == DP_SAID_ADDRS)
		return mgmt_error("address: expected at most %u", DP_SAID_ADDRS);
	said->addr[said->n_addrs++] = p;
	return NULL;
}

/* "user=ann" into said, "link=hall" into *link; an empty value: none. NULL, or what is wrong. */
static json_t *read_pair(struct mgmt *m, const char *pair, struct dp_said *said, uint16_t *link)
{
	static const struct {
		const char *key;
		json_t *(*take)(struct mgmt *, const char *, struct dp_said *);
	} keys[] = {
		{"user", take_user},
		{"role", take_role},
		{"location", take_place},
		{"ap", take_ap},
		{"authenticated", take_authenticated},
		{"address", take_address},
	};
	const char *value = strchr(pair, '=');
	size_t len = value != NULL ? (size_t)(value - pair) : 0;

	if (value != NULL && *++value == '\0')
		value = NULL;
	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strlen(keys[i].key) == len && memcmp(pair, keys[i].key, len) == 0)
			return keys[i].take(m, value, said);
	if (len == 4 && memcmp(pair, "link", len) == 0) {
		const struct link_id *e = value != NULL ? link_ids_find(m->state.ids, value) : NULL;

		if (e == NULL || !e->present)
			return mgmt_error("there is no link %s", value != NULL ? value : "\"\"");
		*link = e->id;
		return NULL;
	}
	return mgmt_error("expected user=NAME, role=NAME, location=PATH, ap=NAME, "
			  "authenticated=true|false, address=IP or link=NAME");
}

/* Reads all of the pairs. NULL, or what is wrong. */
static json_t *read_pairs(
	struct mgmt *m, const char *const *arg, unsigned n, struct dp_said *said, uint16_t *link)
{
	json_t *error = NULL;

	for (unsigned i = 0; i < n && error == NULL; i++)
		error = read_pair(m, arg[i], said, link);
	return error;
}

/* What is said of an address, by whomever. */
static json_t *said_object(const struct mgmt *m, const struct mac_addr *mac)
{
	struct dp_said said;
	char text[PREFIX_TEXT_SIZE];
	json_t *o, *addrs = json_array();
	const char *ap;

	mgmt_said(m, m->state.world, mac, &said);
	o = mgmt_who_object(m, &said.who);
	ap = policy_ap_name(m->names, said.ap);
	json_object_set_new(o, "ap", ap != NULL ? json_string(ap) : json_null());
	json_object_set_new(o, "authenticated", json_boolean(said.authenticated));
	for (unsigned i = 0; i < said.n_addrs; i++)
		json_array_append_new(addrs, json_string(prefix_format(&said.addr[i], text)));
	json_object_set_new(o, "addresses", addrs);
	return o;
}

static json_t *station_object(const struct mgmt *m, const struct mac_addr *mac)
{
	char text[MAC_TEXT_SIZE];

	return json_pack("{s:s,s:o}", "station", mac_format(mac, text), "is", said_object(m, mac));
}

json_t *mgmt_station(
	struct mgmt *m, const char *const *arg, unsigned n_args, struct mgmt_waiter waiter)
{
	bool remove = n_args == 2 && strcmp(arg[0], "remove") == 0;
	bool show = n_args == 2 && strcmp(arg[0], "show") == 0;
	struct mgmt_pending *pending;
	struct mgmt_person *p;
	struct dp_said said = {.set = 0}, before;
	struct mac_addr mac;
	uint16_t link = 0;
	json_t *error;

	if (!remove && !show && (n_args < 3 || strcmp(arg[0], "set") != 0))
		return mgmt_error("expected: station set MAC user=NAME role=NAME location=PATH "
				  "ap=NAME authenticated=true|false address=IP link=NAME, or "
				  "station show|remove MAC");
	if (mac_parse(arg[1], &mac) < 0 || mac_is_multicast(&mac) || mac_is_zero(&mac))
		return mgmt_error("%s is not the MAC address of a station", arg[1]);
	if (show) {
		mgmt_answer(m, waiter, station_object(m, &mac));
		return NULL;
	}
	error = read_pairs(m, arg + 2, n_args - 2, &said, &link);
	if (error != NULL)
		return error;
	p = mgmt_person_get(m, &mac);
	pending = mgmt_pending_new(MGMT_PENDING_STATION, waiter);
	if (p == NULL || pending == NULL) {
		mgmt_person_release(m, p);
		mgmt_pending_free(pending);
		return mgmt_error("%s", strerror(ENOMEM));
	}
	before = p->command;
	if (remove) {
		/* Whoever left is said nothing of, until the network does again. */
		p->command.set = 0;
		mgmt_session_end(m, p);
	} else {
		dp_said_over(&p->command, &said);
	}
	if (mgmt_person_submit(m, p, remove, link, pending) == 0)
		return NULL;
	p->command = before;
	mgmt_person_release(m, p);
	mgmt_pending_free(pending);
	return mgmt_error("control is busy, try again");
}

void mgmt_station_done(struct mgmt *m, struct mgmt_pending *pending)
{
	const struct ctl_request *r = &pending->r;
	struct mgmt_person *p = mgmt_person_find(m, &r->said.who.mac);
	char mac[MAC_TEXT_SIZE];

	mac_format(&r->said.who.mac, mac);
	if (r->status < 0) {
		if (p != NULL && r->status == -ENOSPC)
			p->command.set = 0;
		mgmt_person_release(m, p);
		mgmt_answer(m, pending->waiter,
			r->status == -ENOENT
				? mgmt_error("nothing is known of a station %s", mac)
				: mgmt_error("station: %s", strerror((int)-r->status)));
		return;
	}
	mgmt_audit_config(m, r->left ? "station left" : "station",
		json_pack("{s:s,s:o}", "mac", mac, "is", said_object(m, &r->said.who.mac)));
	LOG_INFO("station", "mac=%s said=%s", mac, r->said.set == 0 ? "nothing" : "set");
	mgmt_answer(m, pending->waiter, station_object(m, &r->said.who.mac));
	mgmt_person_release(m, p);
}

/* --- who they are ---------------------------------------------------------------------------- */

void mgmt_said(const struct mgmt *m, const struct dp_world *w, const struct mac_addr *mac,
	struct dp_said *out)
{
	const struct dp_said *file = dp_said_find(w->stations, w->n_stations, mac);
	const struct mgmt_person *p = mgmt_person_find(m, mac);

	if (file != NULL)
		*out = *file;
	else
		*out = (struct dp_said){.who.mac = *mac};
	if (p != NULL) {
		dp_said_over(out, &p->network);
		dp_said_over(out, &p->command);
	}
}

void mgmt_who_then(const struct mgmt *m, const struct dp_world *w, uint16_t link,
	const struct mac_addr *mac, struct policy_who *out)
{
	const struct dp_link *l = dp_world_link(w, link);
	struct dp_said said;

	mgmt_said(m, w, mac, &said);
	*out = said.who;
	if (out->place == 0 && l != NULL)
		out->place = l->place;
}

void mgmt_who(
	const struct mgmt *m, uint16_t link, const struct mac_addr *mac, struct policy_who *out)
{
	mgmt_who_then(m, m->state.world, link, mac, out);
}

static json_t *name_or_null(const char *name)
{
	return name != NULL ? json_string(name) : json_null();
}

json_t *mgmt_who_object(const struct mgmt *m, const struct policy_who *who)
{
	return json_pack("{s:o,s:o,s:o}", "user",
		name_or_null(policy_user_name(m->names, who->user)), "role",
		name_or_null(policy_role_name(m->names, who->role)), "location",
		name_or_null(policy_place_path(m->names, who->place)));
}
