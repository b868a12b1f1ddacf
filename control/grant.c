/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/grant.h"

#include <errno.h>
#include <string.h>

#include "control/ctl.h"
#include "dns/name.h"
#include "dns/rdata.h"

#define UNION_MAX 256 /* classes given to policy_class_union() at a time */

int ctl_grants_init(struct ctl *c)
{
	struct ctl_grants *g = &c->grants;
	/* The slab's own bound, not the limit: slots wait in the deferral beyond that. */
	uint32_t records = c->view->record_slab->max, groups;
	int rc;

	groups = 2 * records; /* an SRV record leads to two */
	rc = ctl_table_init(&g->groups, "groups", sizeof(struct ctl_group), groups, c->socket);
	if (rc < 0)
		return rc;
	g->uses = slab_create(
		"class uses", sizeof(struct ctl_class_use), 2 * groups, c->socket, &slab_mem_dpdk);
	g->rec = slab_mem_dpdk.alloc(((size_t)records + 1) * sizeof(*g->rec), c->socket);
	return g->uses != NULL && g->rec != NULL ? 0 : -ENOMEM;
}

void ctl_grants_fini(struct ctl *c)
{
	ctl_table_fini(&c->grants.groups);
	slab_destroy(c->grants.uses);
	slab_mem_dpdk.free(c->grants.rec);
}

void ctl_subject(const uint8_t *name, const struct dns_service_name *sd, uint16_t rrtype,
	const uint8_t *rdata, struct ctl_subject *out)
{
	const uint8_t *instance = NULL;

	memset(out, 0, sizeof(*out));
	if (sd->kind == DNS_NAME_INSTANCE) {
		instance = name;
	} else if (sd->kind == DNS_NAME_SERVICE_TYPE || sd->kind == DNS_NAME_SUBTYPE) {
		struct dns_service_name target;

		if (rrtype == DNS_TYPE_PTR) {
			dns_service_parse(rdata, &target);
			if (target.kind == DNS_NAME_INSTANCE)
				instance = rdata;
		}
	} else {
		/* What resolves a service comes with it: the host's addresses, what they are not,
		 * their reverse names. Anything else of a host is the host's alone (DESIGN §6). */
		bool reverse = rrtype == DNS_TYPE_PTR &&
			       (sd->kind == DNS_NAME_REVERSE4 || sd->kind == DNS_NAME_REVERSE6);

		out->kind = CTL_GROUP_HOST;
		out->host = reverse ? rdata : name;
		out->service = !reverse && rrtype != DNS_TYPE_A && rrtype != DNS_TYPE_AAAA &&
			       rrtype != DNS_TYPE_NSEC;
		return;
	}
	out->type = name + sd->type_off;
	out->type_len = sd->type_len;
	if (instance != NULL) {
		out->instance = instance + 1;
		out->instance_len = instance[0];
	}
	out->service = !(rrtype == DNS_TYPE_TXT && dns_service_is_device_info(name, sd));
	out->kind = CTL_GROUP_LABEL;
}

/* The TXT record of the service that the subject is of, on its link. */
static const struct cache_record *txt_of(
	const struct ctl *c, const struct ctl_subject *s, uint16_t link)
{
	const uint8_t *name = s->instance - 1;
	uint32_t node, rec;
	struct cache_iter it;

	node = cache_find_node(
		c->view, ctl_node_key(c, name, DNS_TYPE_TXT), name, dns_name_len(name));
	if (node == 0)
		return NULL;
	cache_iter_init(&it, c->view, cache_node_at(c->view, node));
	while ((rec = cache_iter_next(&it)) != 0) {
		const struct cache_record *r = cache_record_at(c->view, rec);

		if (r->link == link)
			return r;
	}
	return NULL;
}

uint32_t ctl_subject_class(const struct ctl *c, const struct dp_world *w,
	const struct ctl_subject *s, uint16_t link, const struct policy_who *who)
{
	const struct cache_record *txt = NULL;
	struct policy_subject subject = {
		.type = s->type,
		.type_len = s->type_len,
		.instance = s->instance,
		.instance_len = s->instance_len,
		.link = link,
		.txt = s->txt,
		.txt_len = s->txt_len,
		.who = who,
	};

	if (s->txt == NULL && s->instance != NULL && policy_needs_txt(w->policy))
		txt = txt_of(c, s, link);
	if (txt != NULL) {
		subject.txt = cache_record_rdata(c->view, txt);
		subject.txt_len = txt->rdlen;
	}
	return policy_class(w->policy, &subject);
}

/* What decides the class of a record of the cache. */
static void subject_of(const struct ctl *c, const struct cache_record *r, struct ctl_subject *s)
{
	const struct cache_node *n = cache_node_at(c->view, r->node);

	ctl_subject(
		cache_node_name(c->view, n), &n->sd, r->rrtype, cache_record_rdata(c->view, r), s);
}

static struct ctl_group *group_at(const struct ctl *c, uint32_t idx)
{
	return ctl_table_at(&c->grants.groups, idx);
}

static struct hash128 group_key(
	const struct ctl *c, unsigned kind, const uint8_t *name, size_t len, uint16_t link)
{
	struct {
		uint16_t link;
		uint8_t kind;
		uint8_t name[DNS_NAME_MAX];
	} k = {.link = link, .kind = (uint8_t)kind};

	dns_name_canon(k.name, name, len);
	return hash_bytes(&c->key, &k, offsetof(__typeof__(k), name) + len);
}

static struct hash128 subject_key(const struct ctl *c, const struct ctl_subject *s, uint16_t link)
{
	if (s->kind == CTL_GROUP_HOST)
		return group_key(c, s->kind, s->host, dns_name_len(s->host), link);
	return group_key(c, s->kind, s->instance, s->instance_len, link);
}

static uint32_t group_get(struct ctl *c, struct hash128 key, unsigned kind, uint16_t link)
{
	uint32_t idx = ctl_table_find(&c->grants.groups, key);
	struct ctl_group *g;

	if (idx != 0)
		return idx;
	idx = ctl_table_add(&c->grants.groups, key);
	if (idx == 0)
		return 0;
	g = group_at(c, idx);
	g->kind = (uint8_t)kind;
	g->link = link;
	return idx;
}

/* To be looked at when the turn ends: one message changes a group many times. */
static void mark_dirty(struct ctl *c, uint32_t idx)
{
	struct ctl_group *g = group_at(c, idx);

	if (g->dirty)
		return;
	g->dirty = true;
	g->dirty_next = c->grants.dirty;
	c->grants.dirty = idx;
}

/* One more, or one less, SRV record of this class. True if the set of classes changed. */
static bool use_class(struct ctl *c, struct ctl_group *g, unsigned slot, uint32_t cls, bool more)
{
	struct ctl_class_use *u = NULL;
	uint32_t *at = &g->classes[slot], idx;

	while (*at != 0) {
		u = slab_at(c->grants.uses, *at);
		if (u->cls == cls)
			break;
		at = &u->next;
	}
	idx = *at;
	if (idx != 0) {
		u->count += more ? 1 : -1u;
		if (u->count > 0)
			return false;
		*at = u->next;
		slab_free(c->grants.uses, idx);
		return true;
	}
	if (!more)
		return false;
	/* No memory: the class lends nothing, which errs on the side of silence. */
	idx = slab_alloc(c->grants.uses);
	if (idx == 0)
		return false;
	u = slab_at(c->grants.uses, idx);
	*u = (struct ctl_class_use){.cls = cls, .count = 1};
	*at = idx;
	return true;
}

static void list_push(struct ctl *c, uint32_t *head, uint32_t rec)
{
	struct ctl_rec *x = &c->grants.rec[rec];

	x->prev = 0;
	x->next = *head;
	if (*head != 0)
		c->grants.rec[*head].prev = rec;
	*head = rec;
}

static void list_drop(struct ctl *c, uint32_t *head, uint32_t rec)
{
	struct ctl_rec *x = &c->grants.rec[rec];

	if (x->prev != 0)
		c->grants.rec[x->prev].next = x->next;
	else
		*head = x->next;
	if (x->next != 0)
		c->grants.rec[x->next].prev = x->prev;
}

/* The union of the group under a world's policy; the group has records. */
static uint32_t group_union(struct ctl *c, const struct ctl_group *g, const struct dp_world *w)
{
	const struct dp_link *l = dp_world_link(w, g->link);
	struct ctl_subject s = {0};
	struct policy_who who;
	uint32_t cls[UNION_MAX], n = 0;

	/* Where `in` permits nothing, nothing may be known of hosts either. */
	if (l == NULL || !policy_permits(policy_ask(w->table, POLICY_TYPE_HOST, l->col_in)))
		return POLICY_CLASS_NONE;
	if (g->kind == CTL_GROUP_LABEL)
		subject_of(c, cache_record_at(c->view, g->records), &s);
	/* By itself a host is only what offers no service (DESIGN §6): one that offers a denied one
	 * is denied with it. */
	if (g->kind == CTL_GROUP_LABEL || g->classes[w->slot] == 0) {
		ctl_people_who(c, w, cache_record_at(c->view, g->records)->station, &who);
		cls[n++] = ctl_subject_class(c, w, &s, g->link, &who);
	}
	for (uint32_t i = g->classes[w->slot]; i != 0;) {
		const struct ctl_class_use *u = slab_at(c->grants.uses, i);

		if (n == UNION_MAX) {
			cls[0] = policy_class_union(w->policy, cls, n);
			n = 1;
		}
		cls[n++] = u->cls;
		i = u->next;
	}
	return n == 1 ? cls[0] : policy_class_union(w->policy, cls, n);
}

static void store_class(struct ctl *c, uint32_t rec, unsigned slot, uint32_t cls)
{
	_Atomic uint32_t *at = &cache_record_at(c->view, rec)->cls[slot];

	if (atomic_load_explicit(at, memory_order_relaxed) == cls)
		return;
	/* Release: the class's row was completed before (policy_class()). */
	atomic_store_explicit(at, cls, memory_order_release);
	if (c->world != NULL && slot == c->world->slot)
		cache_changed(c->cache, rec);
}

/* Takes the union again and stores it into the group's records if it changed. */
static void group_settle(struct ctl *c, struct ctl_group *g, const struct dp_world *w, bool always)
{
	uint32_t cls = group_union(c, g, w);

	if (cls == g->cls[w->slot] && !always)
		return;
	g->cls[w->slot] = cls;
	for (uint32_t rec = g->records; rec != 0; rec = c->grants.rec[rec].next)
		store_class(c, rec, w->slot, cls);
}

unsigned ctl_grant_turn(struct ctl *c, unsigned budget)
{
	const struct dp_world *coming = ctl_job_classifies(c);
	unsigned done = 0;

	while (c->grants.dirty != 0 && done < budget) {
		uint32_t idx = c->grants.dirty;
		struct ctl_group *g = group_at(c, idx);

		c->grants.dirty = g->dirty_next;
		g->dirty = false;
		done++;
		if (g->records == 0 && g->members == 0) {
			ctl_grant_forget(c, idx, 0);
			ctl_grant_forget(c, idx, 1);
			ctl_table_del(&c->grants.groups, idx);
			continue;
		}
		if (g->records == 0)
			continue;
		group_settle(c, g, c->world, false);
		if (coming != NULL)
			group_settle(c, g, coming, false);
	}
	return done;
}

/* A record with a class of its own: class under a world's policy, NONE if its link's `in` would not
 * let it in. */
static uint32_t own_class(const struct ctl *c, const struct cache_record *r,
	const struct ctl_subject *s, const struct dp_world *w)
{
	const struct dp_link *l = dp_world_link(w, r->link);
	struct policy_who who;
	uint32_t cls;

	if (l == NULL)
		return POLICY_CLASS_NONE;
	ctl_people_who(c, w, r->station, &who);
	cls = ctl_subject_class(c, w, s, r->link, &who);
	return policy_permits(policy_verdict(w->table, cls, l->col_in)) ? cls : POLICY_CLASS_NONE;
}

static void lend(struct ctl *c, uint32_t group, unsigned slot, uint32_t cls, bool more)
{
	if (group != 0 && use_class(c, group_at(c, group), slot, cls, more))
		mark_dirty(c, group);
}

/* Gives a service record its class under a world; an SRV lends it to its groups. */
static void classify(
	struct ctl *c, uint32_t rec, const struct ctl_subject *s, const struct dp_world *w)
{
	struct cache_record *r = cache_record_at(c->view, rec);
	const struct ctl_rec *x = &c->grants.rec[rec];
	uint32_t cls = own_class(c, r, s, w);

	store_class(c, rec, w->slot, cls);
	if (r->rrtype == DNS_TYPE_SRV) {
		lend(c, x->group, w->slot, cls, true);
		lend(c, x->label, w->slot, cls, true);
	}
}

/* Finds the groups an SRV record leads to. */
static void srv_join(struct ctl *c, uint32_t rec, const struct ctl_subject *s)
{
	const struct cache_record *r = cache_record_at(c->view, rec);
	const uint8_t *target = dns_rdata_name(DNS_TYPE_SRV, cache_record_rdata(c->view, r));
	struct ctl_rec *x = &c->grants.rec[rec];

	if (target != NULL && target[0] != 0)
		x->group = group_get(c,
			group_key(c, CTL_GROUP_HOST, target, dns_name_len(target), r->link),
			CTL_GROUP_HOST, r->link);
	if (x->group != 0) {
		list_push(c, &group_at(c, x->group)->srvs, rec);
		group_at(c, x->group)->members++;
	}
	if (s->instance != NULL)
		x->label = group_get(c,
			group_key(c, CTL_GROUP_LABEL, s->instance, s->instance_len, r->link),
			CTL_GROUP_LABEL, r->link);
	if (x->label != 0)
		group_at(c, x->label)->members++;
}

/* A record whose class is its group's. */
static void group_join(struct ctl *c, uint32_t rec, const struct ctl_subject *s)
{
	const struct dp_world *coming = ctl_job_classifies(c);
	const struct cache_record *r = cache_record_at(c->view, rec);
	struct ctl_rec *x = &c->grants.rec[rec];
	struct ctl_group *g;

	x->group = group_get(c, subject_key(c, s, r->link), s->kind, r->link);
	if (x->group == 0)
		return;
	g = group_at(c, x->group);
	list_push(c, &g->records, rec);
	if (x->next == 0) {
		/* The first: until now the union was of no interest. */
		group_settle(c, g, c->world, true);
		if (coming != NULL)
			group_settle(c, g, coming, true);
		return;
	}
	store_class(c, rec, c->world->slot, g->cls[c->world->slot]);
	if (coming != NULL)
		store_class(c, rec, coming->slot, g->cls[coming->slot]);
}

static void take_record(struct ctl *c, uint32_t rec)
{
	const struct dp_world *coming = ctl_job_classifies(c);
	struct cache_record *r = cache_record_at(c->view, rec);
	struct ctl_rec *x = &c->grants.rec[rec];
	struct ctl_subject s;

	if (c->world == NULL || x->known)
		return;
	x->known = true;
	x->job = c->job.number;
	subject_of(c, r, &s);
	if (!s.service) {
		group_join(c, rec, &s);
		return;
	}
	if (r->rrtype == DNS_TYPE_SRV)
		srv_join(c, rec, &s);
	classify(c, rec, &s, c->world);
	if (coming != NULL)
		classify(c, rec, &s, coming);
}

/* With the TXT record others of its service come under other rules. */
static void txt_changed(struct ctl *c, const struct cache_record *r)
{
	const struct dp_world *coming = ctl_job_classifies(c);

	if (r->rrtype == DNS_TYPE_TXT &&
		(policy_needs_txt(c->world->policy) ||
			(coming != NULL && policy_needs_txt(coming->policy))))
		ctl_people_changed(c, r->station);
}

static void forget_record(struct ctl *c, uint32_t rec)
{
	const struct dp_world *coming = ctl_job_classifies(c);
	const struct cache_record *r = cache_record_at(c->view, rec);
	struct ctl_rec *x = &c->grants.rec[rec];

	if (!x->known)
		return;
	if (r->rrtype != DNS_TYPE_SRV) {
		if (x->group != 0) {
			list_drop(c, &group_at(c, x->group)->records, rec);
			mark_dirty(c, x->group);
		}
	} else {
		unsigned slot = c->world->slot;

		lend(c, x->group, slot, r->cls[slot], false);
		lend(c, x->label, slot, r->cls[slot], false);
		if (coming != NULL && x->job == c->job.number) {
			lend(c, x->group, slot ^ 1, r->cls[slot ^ 1], false);
			lend(c, x->label, slot ^ 1, r->cls[slot ^ 1], false);
		}
		if (x->group != 0) {
			list_drop(c, &group_at(c, x->group)->srvs, rec);
			group_at(c, x->group)->members--;
			mark_dirty(c, x->group);
		}
		if (x->label != 0) {
			group_at(c, x->label)->members--;
			mark_dirty(c, x->label);
		}
	}
	memset(x, 0, sizeof(*x));
}

void ctl_grant_added(struct ctl *c, uint32_t rec)
{
	if (c->world != NULL)
		txt_changed(c, cache_record_at(c->view, rec));
	take_record(c, rec);
}

void ctl_grant_removing(struct ctl *c, uint32_t rec)
{
	if (c->world != NULL)
		txt_changed(c, cache_record_at(c->view, rec));
	forget_record(c, rec);
}

void ctl_grant_again(struct ctl *c, uint32_t rec)
{
	const struct cache_record *r = cache_record_at(c->view, rec);
	struct ctl_subject s;
	uint32_t before;
	bool typed = c->grants.rec[rec].typed;

	if (!c->grants.rec[rec].known)
		return;
	before = r->cls[c->world->slot];
	subject_of(c, r, &s);
	if (!s.service) {
		/* Its group's class follows from the services', or from the host's own. */
		if (c->grants.rec[rec].group != 0)
			mark_dirty(c, c->grants.rec[rec].group);
		return;
	}
	forget_record(c, rec);
	take_record(c, rec);
	c->grants.rec[rec].typed = typed;
	if (r->cls[c->world->slot] != before) {
		ctl_wait_arrived(c, rec);
		ctl_tell_added(c, rec);
	}
}

void ctl_grant_reclassify(struct ctl *c, uint32_t rec)
{
	const struct dp_world *coming = ctl_job_classifies(c);
	struct ctl_rec *x = &c->grants.rec[rec];
	struct ctl_subject s;

	/* Learned meanwhile: has both classes already. */
	if (coming == NULL || !x->known || x->job == c->job.number)
		return;
	x->job = c->job.number;
	subject_of(c, cache_record_at(c->view, rec), &s);
	if (s.service)
		classify(c, rec, &s, coming);
}

void ctl_grant_regroup(struct ctl *c, uint32_t group)
{
	const struct dp_world *coming = ctl_job_classifies(c);
	struct ctl_group *g = group_at(c, group);

	if (coming != NULL && g->records != 0)
		group_settle(c, g, coming, true);
}

void ctl_grant_forget(struct ctl *c, uint32_t group, unsigned slot)
{
	struct ctl_group *g = group_at(c, group);

	while (g->classes[slot] != 0) {
		uint32_t idx = g->classes[slot];

		g->classes[slot] = ((struct ctl_class_use *)slab_at(c->grants.uses, idx))->next;
		slab_free(c->grants.uses, idx);
	}
}

uint32_t ctl_grant_first_srv(const struct ctl *c, uint32_t rec)
{
	const struct cache_record *r = cache_record_at(c->view, rec);
	const struct ctl_rec *x = &c->grants.rec[rec];

	if (r->rrtype == DNS_TYPE_SRV || x->group == 0)
		return 0;
	return group_at(c, x->group)->srvs;
}

uint32_t ctl_grant_next_srv(const struct ctl *c, uint32_t srv)
{
	return c->grants.rec[srv].next;
}

bool ctl_grant_host(const struct ctl *c, const uint8_t *host, uint16_t link, uint32_t *cls)
{
	uint32_t idx = ctl_table_find(
		&c->grants.groups, group_key(c, CTL_GROUP_HOST, host, dns_name_len(host), link));

	if (idx == 0)
		return false;
	*cls = group_at(c, idx)->cls[c->world->slot];
	return group_at(c, idx)->members > 0;
}
