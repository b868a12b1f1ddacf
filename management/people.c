/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/people.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "management/audit.h"
#include "policy/names.h"
#include "yaml/check.h"
#include "yaml/config.h"

LOG_MODULE(mgmt);

#define NAME_MAX_BYTES 63

/* Where the person is, or would be. */
static uint32_t place_of(const struct mgmt *m, const struct mac_addr *mac)
{
	uint32_t low = 0, high = m->n_people;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (memcmp(&m->people[mid].who.mac, mac, sizeof(*mac)) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct mgmt_person *person_find(const struct mgmt *m, const struct mac_addr *mac)
{
	uint32_t at = place_of(m, mac);

	return at < m->n_people && mac_equal(&m->people[at].who.mac, mac) ? &m->people[at] : NULL;
}

static struct mgmt_person *person_add(struct mgmt *m, const struct mac_addr *mac)
{
	uint32_t at = place_of(m, mac);
	struct mgmt_person *grown;

	if (person_find(m, mac) != NULL)
		return &m->people[at];
	grown = realloc(m->people, (m->n_people + 1u) * sizeof(*grown));
	if (grown == NULL)
		return NULL;
	m->people = grown;
	memmove(&grown[at + 1], &grown[at], (m->n_people - at) * sizeof(*grown));
	grown[at] = (struct mgmt_person){.who.mac = *mac};
	m->n_people++;
	return &grown[at];
}

static void person_remove(struct mgmt *m, const struct mac_addr *mac)
{
	struct mgmt_person *p = person_find(m, mac);

	if (p == NULL)
		return;
	m->n_people--;
	memmove(p, p + 1, (size_t)(&m->people[m->n_people] - p) * sizeof(*p));
}

static void take(struct policy_who *to, const struct policy_who *from, uint32_t set)
{
	if (set & CTL_WHO_USER)
		to->user = from->user;
	if (set & CTL_WHO_ROLE)
		to->role = from->role;
	if (set & CTL_WHO_PLACE)
		to->place = from->place;
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

/* "user=ann" into r; an empty value: none. NULL, or what is wrong. */
static json_t *read_pair(struct mgmt *m, const char *pair, struct ctl_request *r)
{
	const char *value = strchr(pair, '=');
	size_t key = value != NULL ? (size_t)(value - pair) : 0;

	if (value != NULL && *++value == '\0')
		value = NULL;
	if (key == 4 && memcmp(pair, "user", key) == 0) {
		if (value != NULL && !is_name(value))
			return mgmt_error("user: expected a name of 1 to 63 bytes");
		r->who.user = policy_names_user(m->names, value);
		r->set |= CTL_WHO_USER;
		return value != NULL && r->who.user == 0 ? mgmt_error("too many users") : NULL;
	}
	if (key == 4 && memcmp(pair, "role", key) == 0) {
		if (value != NULL && !is_name(value))
			return mgmt_error("role: expected a name of 1 to 63 bytes");
		if (value != NULL && !has_role(m->state.config, value))
			return mgmt_error("roles: does not list %s", value);
		r->who.role = policy_names_role(m->names, value);
		r->set |= CTL_WHO_ROLE;
		return value != NULL && r->who.role == 0 ? mgmt_error("too many roles") : NULL;
	}
	if (key == 8 && memcmp(pair, "location", key) == 0) {
		if (value != NULL && !has_place(m->state.config, value))
			return mgmt_error("there is no location %s", value);
		r->who.place = policy_names_place(m->names, value);
		r->set |= CTL_WHO_PLACE;
		return NULL;
	}
	return mgmt_error("expected user=NAME, role=NAME or location=PATH");
}

json_t *mgmt_station(
	struct mgmt *m, const char *const *arg, unsigned n_args, struct mgmt_waiter waiter)
{
	bool remove = n_args == 2 && strcmp(arg[0], "remove") == 0;
	struct mgmt_pending *p;
	json_t *error = NULL;

	if (!remove && (n_args < 3 || strcmp(arg[0], "set") != 0))
		return mgmt_error("expected: station set MAC user=NAME role=NAME location=PATH, "
				  "or station remove MAC");
	p = mgmt_pending_new(MGMT_PENDING_STATION, waiter);
	if (p == NULL)
		return mgmt_error("%s", strerror(ENOMEM));
	p->r.op = CTL_REQ_STATION;
	if (mac_parse(arg[1], &p->r.who.mac) < 0 || mac_is_multicast(&p->r.who.mac) ||
		mac_is_zero(&p->r.who.mac))
		error = mgmt_error("%s is not the MAC address of a station", arg[1]);
	for (unsigned i = 2; i < n_args && error == NULL; i++)
		error = read_pair(m, arg[i], &p->r);
	if (error == NULL && remove && person_find(m, &p->r.who.mac) == NULL)
		error = mgmt_error("nothing was said of %s by command", arg[1]);
	if (error == NULL && mgmt_submit(m, p) < 0)
		error = mgmt_error("control is busy, try again");
	if (error != NULL)
		mgmt_pending_free(p);
	return error;
}

void mgmt_station_done(struct mgmt *m, struct mgmt_pending *p)
{
	const struct ctl_request *r = &p->r;
	char mac[MAC_TEXT_SIZE];
	struct policy_who who;
	struct mgmt_person *person;

	mac_format(&r->who.mac, mac);
	if (r->status < 0) {
		mgmt_answer(m, p->waiter, mgmt_error("station: %s", strerror((int)-r->status)));
		return;
	}
	if (r->set == 0) {
		person_remove(m, &r->who.mac);
	} else {
		person = person_add(m, &r->who.mac);
		if (person != NULL) {
			take(&person->who, &r->who, r->set);
			person->set |= r->set;
		}
	}
	mgmt_who(m, 0, &r->who.mac, &who);
	mgmt_audit_config(
		m, "station", json_pack("{s:s,s:o}", "mac", mac, "is", mgmt_who_object(m, &who)));
	LOG_INFO("station", "mac=%s said=%s", mac, r->set == 0 ? "nothing" : "set");
	mgmt_answer(m, p->waiter,
		json_pack("{s:s,s:o}", "station", mac, "is", mgmt_who_object(m, &who)));
}

/* --- who they are ---------------------------------------------------------------------------- */

static int by_mac(const void *pa, const void *pb)
{
	const struct policy_who *a = pa, *b = pb;

	return memcmp(&a->mac, &b->mac, sizeof(a->mac));
}

void mgmt_who_then(const struct mgmt *m, const struct dp_world *w, uint16_t link,
	const struct mac_addr *mac, struct policy_who *out)
{
	const struct policy_who key = {.mac = *mac}, *file = NULL;
	const struct mgmt_person *said = person_find(m, mac);
	const struct dp_link *l = dp_world_link(w, link);

	if (w->n_stations > 0)
		file = bsearch(&key, w->stations, w->n_stations, sizeof(key), by_mac);
	*out = file != NULL ? *file : key;
	if (said != NULL)
		take(out, &said->who, said->set);
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
