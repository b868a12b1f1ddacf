/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/sessions.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "management/radius.h"
#include "policy/names.h"
#include "yaml/check.h"

LOG_MODULE(mgmt);

#define NAME_MAX_BYTES 63
#define FACTS_MAX 1024 /* bytes of attributes kept of a session */

struct mgmt_session {
	struct mgmt_person *person;
	struct mgmt_session *dirty_next;
	struct mgmt_session *prev, *next; /* among the ended */
	uint64_t started_us; /* by our clock: when it was received, less what it says */
	uint64_t ended_us;   /* 0: it lives */
	uint8_t nas[16];
	uint8_t id[253]; /* Acct-Session-Id */
	uint8_t id_len;
	bool is_dirty;
	bool left;     /* dirty: and the station left */
	uint16_t link; /* dirty: it was said to be on this link */
	unsigned slot; /* dirty: whom to reply to, once control knows; RADIUS_NO_SLOT: nobody */
	uint16_t facts_len;
	uint8_t *facts; /* attributes that say who and where, as they came */
};

/* --- what attributes mean -------------------------------------------------------------------- */

static bool is_fact(uint8_t type)
{
	return type == RADIUS_USER_NAME || type == RADIUS_FILTER_ID || type == RADIUS_CLASS ||
	       type == RADIUS_CALLED_STATION_ID || type == RADIUS_NAS_IDENTIFIER ||
	       type == RADIUS_NAS_PORT_ID;
}

static bool has_type(const uint8_t *attrs, size_t len, uint8_t wanted)
{
	struct radius_text v;
	size_t pos = 0;
	uint8_t type;

	while (radius_next(attrs, len, &pos, &type, &v))
		if (type == wanted)
			return true;
	return false;
}

static size_t add_fact(uint8_t *to, size_t len, uint8_t type, const struct radius_text *v)
{
	if (len + v->len + 2u > FACTS_MAX)
		return len;
	to[len] = type;
	to[len + 1] = (uint8_t)(v->len + 2);
	memcpy(to + len + 2, v->p, v->len);
	return len + v->len + 2u;
}

/* Those of the request, and of those before what it does not speak of. True: they changed. */
static bool keep_facts(struct mgmt_session *s, const struct radius_request *r)
{
	uint8_t facts[FACTS_MAX], type, *copy;
	struct radius_text v;
	size_t len = 0, pos = 0;

	while (radius_next(r->attrs, r->attrs_len, &pos, &type, &v))
		if (is_fact(type))
			len = add_fact(facts, len, type, &v);
	pos = 0;
	while (radius_next(s->facts, s->facts_len, &pos, &type, &v))
		if (!has_type(r->attrs, r->attrs_len, type))
			len = add_fact(facts, len, type, &v);
	if (len == s->facts_len && (len == 0 || memcmp(facts, s->facts, len) == 0))
		return false;
	copy = realloc(s->facts, len + 1);
	if (copy == NULL)
		return false;
	memcpy(copy, facts, len);
	s->facts = copy;
	s->facts_len = (uint16_t)len;
	return true;
}

static const struct config_radius_map *find_key(
	const struct config_radius_map *map, uint32_t n, const char *key)
{
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int order = strcmp(map[mid].key, key);

		if (order == 0)
			return &map[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* As a C string; false: it has a NUL inside. */
static bool text_of(const struct radius_text *v, char text[254])
{
	memcpy(text, v->p, v->len);
	text[v->len] = '\0';
	return strlen(text) == v->len;
}

static bool is_name(const char *text)
{
	return *text != '\0' && strlen(text) <= NAME_MAX_BYTES && yaml_check_who(text);
}

/* The location that a key stands for, if none was found by a better one. */
static void place_by(
	struct mgmt *m, const char *key, unsigned rank, unsigned *best, struct dp_said *said)
{
	const struct config *c = m->state.config;
	const struct config_radius_map *at =
		find_key(c->radius.locations, c->radius.n_locations, key);

	if (at == NULL || at->location == CONFIG_NO_LOCATION || rank >= *best)
		return;
	*best = rank;
	said->who.place = policy_names_place(m->names, c->locations[at->location].path);
	said->set |= DP_SAID_PLACE;
}

static void called(struct mgmt *m, const struct radius_text *v, const char *text, unsigned *best,
	struct dp_said *said)
{
	char ap[MAC_TEXT_SIZE];
	struct mac_addr mac;
	bool is_mac = radius_mac(v->p, v->len, true, &mac) == 0;

	if (is_mac)
		place_by(m, mac_format(&mac, ap), 0, best, said);
	place_by(m, text, 1, best, said);
	if (is_mac || is_name(text)) {
		said->ap = policy_names_ap(m->names, is_mac ? ap : text);
		said->set |= DP_SAID_AP;
	}
}

/* What the attributes mean by the configuration in force. Addresses stay as they are. */
static void read_facts(struct mgmt *m, const struct mgmt_session *s, struct dp_said *said)
{
	const struct config_radius *c = &m->state.config->radius;
	const struct config_radius_map *role;
	unsigned best_place = UINT32_MAX;
	struct radius_text v;
	char text[254];
	size_t pos = 0;
	uint8_t type;

	said->set &= DP_SAID_ADDRESSES;
	said->authenticated = true;
	said->set |= DP_SAID_AUTHENTICATED;
	while (radius_next(s->facts, s->facts_len, &pos, &type, &v)) {
		if (!text_of(&v, text))
			continue;
		switch (type) {
		case RADIUS_USER_NAME:
			said->who.user = is_name(text) ? policy_names_user(m->names, text) : 0;
			if (said->who.user != 0)
				said->set |= DP_SAID_USER;
			break;
		case RADIUS_CLASS:
		case RADIUS_FILTER_ID:
			role = find_key(c->roles, c->n_roles, text);
			if (role == NULL || (said->set & DP_SAID_ROLE) != 0)
				break;
			said->who.role = policy_names_role(m->names, role->role);
			said->set |= DP_SAID_ROLE;
			break;
		case RADIUS_CALLED_STATION_ID:
			called(m, &v, text, &best_place, said);
			break;
		case RADIUS_NAS_PORT_ID:
			place_by(m, text, 2, &best_place, said);
			break;
		case RADIUS_NAS_IDENTIFIER:
			place_by(m, text, 3, &best_place, said);
			break;
		default:
			break;
		}
	}
}

/* The one wireless link with that VLAN; 0: none, or several. */
static uint16_t link_of_vlan(const struct mgmt *m, uint16_t vlan)
{
	const struct config *c = m->state.config;
	uint16_t found = 0;

	for (uint32_t i = 0; vlan != 0 && i < c->n_links; i++) {
		if (c->links[i].vlan != vlan || !c->links[i].wireless)
			continue;
		if (found != 0)
			return 0;
		found = m->state.ids->of_config[i];
	}
	return found;
}

/* --- telling control ------------------------------------------------------------------------- */

static void make_dirty(struct mgmt *m, struct mgmt_session *s)
{
	struct mgmt_sessions *t = &m->sessions;

	if (s->is_dirty)
		return;
	s->is_dirty = true;
	s->dirty_next = NULL;
	if (t->dirty_tail != NULL)
		t->dirty_tail->dirty_next = s;
	else
		t->dirty = s;
	t->dirty_tail = s;
}

/* The one who sent it is to hear when control knows; who sent the one before hears it now, as that
 * is not told any more. */
static void reply_later(struct mgmt *m, struct mgmt_session *s, unsigned slot)
{
	if (s->is_dirty && s->slot != RADIUS_NO_SLOT)
		mgmt_radius_told(m, s->slot);
	s->slot = slot;
}

static unsigned flush_dirty(struct mgmt *m)
{
	struct mgmt_sessions *t = &m->sessions;
	unsigned done = 0;

	while (t->dirty != NULL) {
		const struct mgmt_waiter nobody = {.slot = -1};
		struct mgmt_session *s = t->dirty;
		struct mgmt_pending *p = mgmt_pending_new(MGMT_PENDING_SESSION, nobody);

		if (p == NULL)
			break;
		p->slot = s->slot;
		if (mgmt_person_submit(m, s->person, s->left, s->link, p) < 0) {
			mgmt_pending_free(p);
			break;
		}
		t->dirty = s->dirty_next;
		if (t->dirty == NULL)
			t->dirty_tail = NULL;
		s->is_dirty = false;
		s->left = false;
		s->link = 0;
		s->slot = RADIUS_NO_SLOT;
		done++;
	}
	return done;
}

/* --- sessions -------------------------------------------------------------------------------- */

static void ended_unlink(struct mgmt *m, struct mgmt_session *s)
{
	struct mgmt_sessions *t = &m->sessions;

	if (s->ended_us == 0)
		return;
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		t->ended = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	else
		t->ended_tail = s->prev;
	s->prev = NULL;
	s->next = NULL;
	s->ended_us = 0;
	t->n_ended--;
	t->n++;
}

/* The session is over: nothing is said by it any more. It is remembered for a while. */
static void end(struct mgmt *m, struct mgmt_session *s)
{
	struct mgmt_sessions *t = &m->sessions;

	s->person->network.set = 0;
	s->person->network.n_addrs = 0;
	if (s->ended_us != 0)
		return;
	s->ended_us = m->now_us;
	s->next = NULL;
	s->prev = t->ended_tail;
	if (t->ended_tail != NULL)
		t->ended_tail->next = s;
	else
		t->ended = s;
	t->ended_tail = s;
	t->n--;
	t->n_ended++;
}

static void session_free(struct mgmt *m, struct mgmt_session *s)
{
	struct mgmt_person *p = s->person;

	ended_unlink(m, s);
	m->sessions.n--;
	p->session = NULL;
	free(s->facts);
	free(s);
	mgmt_person_release(m, p);
}

static bool has_id(const struct mgmt_session *s, const struct radius_text *id)
{
	return s->id_len == id->len && (id->len == 0 || memcmp(s->id, id->p, id->len) == 0);
}

static struct mgmt_session *session_new(struct mgmt *m, const struct mac_addr *mac)
{
	struct mgmt_person *p = mgmt_person_get(m, mac);
	struct mgmt_session *s = p != NULL ? calloc(1, sizeof(*s)) : NULL;

	if (s == NULL) {
		mgmt_person_release(m, p);
		return NULL;
	}
	s->person = p;
	s->slot = RADIUS_NO_SLOT;
	p->session = s;
	m->sessions.n++;
	return s;
}

/* Another session of the same station begins: nothing of the one before is true of it. */
static void renew(struct mgmt *m, struct mgmt_session *s, const struct radius_request *r,
	const uint8_t nas[16], uint64_t started_us)
{
	ended_unlink(m, s);
	s->started_us = started_us;
	memcpy(s->nas, nas, sizeof(s->nas));
	s->id_len = r->session.len;
	memcpy(s->id, r->session.p, r->session.len);
	s->facts_len = 0;
	s->person->network.set = 0;
	s->person->network.n_addrs = 0;
}

static enum mgmt_accounted go_on(struct mgmt *m, struct mgmt_session *s,
	const struct radius_request *r, bool is_new, unsigned slot)
{
	struct dp_said was = s->person->network, *said = &s->person->network;
	uint16_t link = link_of_vlan(m, r->vlan);

	keep_facts(s, r);
	if (r->n_addrs > 0) {
		memset(said->addr, 0, sizeof(said->addr));
		said->n_addrs = r->n_addrs;
		memcpy(said->addr, r->addr, r->n_addrs * sizeof(r->addr[0]));
		said->set |= DP_SAID_ADDRESSES;
	}
	read_facts(m, s, said);
	/* Interim updates that say what is known by now cost control nothing. */
	if (!is_new && link == 0 && !s->is_dirty && dp_said_equal(&was, said))
		return MGMT_ACCOUNTED_ALREADY;
	reply_later(m, s, slot);
	s->left = false;
	s->link = link;
	make_dirty(m, s);
	return MGMT_ACCOUNTED;
}

static enum mgmt_accounted stop(struct mgmt *m, struct mgmt_session *s, bool present, unsigned slot)
{
	if (s->ended_us != 0 && present)
		return MGMT_ACCOUNTED_ALREADY;
	if (!present)
		return MGMT_ACCOUNTED_STALE;
	end(m, s);
	reply_later(m, s, slot);
	s->left = true;
	make_dirty(m, s);
	return MGMT_ACCOUNTED;
}

enum mgmt_accounted mgmt_session_account(
	struct mgmt *m, const struct radius_request *r, const uint8_t nas[16], unsigned slot)
{
	struct mgmt_person *p = mgmt_person_find(m, &r->mac);
	struct mgmt_session *s = p != NULL ? p->session : NULL;
	uint64_t ago_us = ((uint64_t)r->delay + r->duration) * US_PER_SEC;
	uint64_t started_us = ago_us < m->now_us ? m->now_us - ago_us : 0;
	bool present =
		s != NULL && has_id(s, &r->session) && memcmp(s->nas, nas, sizeof(s->nas)) == 0;

	if (r->status == RADIUS_STOP) {
		/* The stop of a session nobody told of: the station may be known by what it says.
		 */
		if (s == NULL) {
			s = session_new(m, &r->mac);
			if (s == NULL)
				return MGMT_ACCOUNTED_NO_MEMORY;
			renew(m, s, r, nas, started_us);
			present = true;
		}
		return stop(m, s, present, slot);
	}
	if (present)
		return s->ended_us != 0 ? MGMT_ACCOUNTED_STALE : go_on(m, s, r, false, slot);
	/* Of two sessions the one that began later is the present one. */
	if (s != NULL && started_us < (s->ended_us != 0 ? s->ended_us : s->started_us))
		return MGMT_ACCOUNTED_STALE;
	if (s == NULL)
		s = session_new(m, &r->mac);
	if (s == NULL)
		return MGMT_ACCOUNTED_NO_MEMORY;
	renew(m, s, r, nas, started_us);
	return go_on(m, s, r, true, slot);
}

void mgmt_session_end(struct mgmt *m, struct mgmt_person *p)
{
	if (p->session == NULL)
		return;
	end(m, p->session);
	p->session->left = true;
}

/* --- all of them ----------------------------------------------------------------------------- */

struct walk {
	struct mgmt *m;
	const uint8_t *nas; /* NULL: of any */
	unsigned n;
};

static void end_of_nas(const void *node, VISIT which, void *arg)
{
	const struct mgmt_person *p = *(struct mgmt_person *const *)node;
	struct mgmt_session *s = p->session;
	struct walk *w = arg;

	if ((which != postorder && which != leaf) || s == NULL || s->ended_us != 0 ||
		memcmp(s->nas, w->nas, sizeof(s->nas)) != 0)
		return;
	end(w->m, s);
	s->left = true;
	make_dirty(w->m, s);
	w->n++;
}

unsigned mgmt_sessions_end(struct mgmt *m, const uint8_t nas[16])
{
	struct walk w = {.m = m, .nas = nas};

	twalk_r(m->people, end_of_nas, &w);
	return w.n;
}

static void read_again(const void *node, VISIT which, void *arg)
{
	struct mgmt_person *p = *(struct mgmt_person *const *)node;
	struct walk *w = arg;
	struct dp_said was = p->network;

	if ((which != postorder && which != leaf) || p->session == NULL ||
		p->session->ended_us != 0)
		return;
	read_facts(w->m, p->session, &p->network);
	if (dp_said_equal(&was, &p->network))
		return;
	make_dirty(w->m, p->session);
}

void mgmt_sessions_world(struct mgmt *m)
{
	struct walk w = {.m = m};

	twalk_r(m->people, read_again, &w);
}

void mgmt_session_done(struct mgmt *m, struct mgmt_pending *p)
{
	if (p->r.status < 0 && p->r.status != -ENOENT)
		LOG_LIMITED(LOG_LEVEL_WARN, "station not taken in", "error=\"%s\"",
			strerror((int)-p->r.status));
	if (p->slot != RADIUS_NO_SLOT)
		mgmt_radius_told(m, p->slot);
}

unsigned mgmt_sessions_turn(struct mgmt *m)
{
	struct mgmt_sessions *t = &m->sessions;
	unsigned done = flush_dirty(m);

	while (t->ended != NULL && !t->ended->is_dirty &&
		(t->n_ended > MGMT_ENDED_MAX ||
			m->now_us - t->ended->ended_us >= MGMT_ENDED_MS * US_PER_MS)) {
		session_free(m, t->ended);
		done++;
	}
	return done;
}

static void free_session(void *p)
{
	struct mgmt_session *s = ((struct mgmt_person *)p)->session;

	if (s != NULL)
		free(s->facts);
	free(s);
	free(p);
}

void mgmt_sessions_free(struct mgmt *m)
{
	tdestroy(m->people, free_session);
	m->people = NULL;
}
