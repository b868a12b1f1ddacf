/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/people.h"
#include "management/show.h"

#include <stdlib.h>
#include <string.h>

#include "dns/name.h"
#include "dns/rdata.h"
#include "management/snapshot.h"
#include "policy/names.h"

/* show records, show services, show stations: the cache, a page of slots at a time. */

#define DATA_TEXT 2048 /* longer rdata is shown as its length */

typedef uint32_t (*take_fn)(struct mgmt *m, uint32_t cursor, struct snapshot *s);
typedef json_t *(*object_fn)(const struct mgmt *m, const struct snapshot *s, unsigned i);

/* One page of a member array `name`; the document is closed after the last. */
static bool page(struct mgmt *m, struct show_state *s, struct text *out, const char *name,
	take_fn take, object_fn object)
{
	struct snapshot *snap = malloc(sizeof(*snap));

	if (snap == NULL) {
		out->lost = true;
		return false;
	}
	if (s->stage == 0) {
		text_str(out, "{");
		show_array(s, out, name);
		s->stage = 1;
	}
	s->cursor = take(m, s->cursor, snap);
	for (unsigned i = 0; i < snap->n; i++) {
		json_t *o = object(m, snap, i);

		if (o != NULL)
			show_element(s, out, o);
	}
	free(snap);
	if (s->cursor != 0)
		return true;
	text_str(out, "]}");
	return false;
}

/* --- records --------------------------------------------------------------------------------- */

static json_t *flags_object(uint16_t flags)
{
	static const struct {
		uint16_t bit;
		const char *name;
	} names[] = {
		{CACHE_REC_UNIQUE, "unique"},
		{CACHE_REC_DYING, "dying"},
		{CACHE_REC_GOODBYE, "goodbye"},
		{CACHE_REC_LINK_LOCAL, "link-local"},
		{CACHE_REC_HIDDEN, "hidden"},
		{CACHE_REC_CONTESTED, "contested"},
	};
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (flags & names[i].bit)
			json_array_append_new(list, json_string(names[i].name));
	}
	return list;
}

static json_t *rdata_text(uint16_t rrtype, const uint8_t *rdata, size_t len)
{
	char text[DATA_TEXT];

	if (dns_rdata_to_text(rrtype, rdata, len, text, sizeof(text)) < 0)
		return json_sprintf("%zu bytes", len);
	return json_string(text);
}

static json_t *record_object(const struct mgmt *m, const struct snapshot *s, unsigned i)
{
	const struct snapshot_record *r = &s->record[i];
	char type[16];

	if (dns_type_to_text(r->rrtype, type, sizeof(type)) < 0)
		type[0] = '\0';
	return json_pack("{s:o,s:s,s:o,s:I,s:I,s:o,s:o,s:o}", "name",
		show_name(snapshot_at(s, r->name)), "type", type, "data",
		rdata_text(r->rrtype, snapshot_at(s, r->rdata), r->rdata.len), "ttl",
		(json_int_t)r->ttl, "ttl_left", (json_int_t)r->ttl_left, "link",
		show_link_name(m, r->link), "provider", show_mac(&r->mac), "flags",
		flags_object(r->flags));
}

bool show_records(struct mgmt *m, struct show_state *s, struct text *out)
{
	return page(m, s, out, "records", snapshot_records, record_object);
}

/* --- services -------------------------------------------------------------------------------- */

static json_t *txt_object(const struct snapshot *s, struct snapshot_bytes txt)
{
	return txt.len > 0 ? rdata_text(DNS_TYPE_TXT, snapshot_at(s, txt), txt.len) : json_null();
}

static json_t *addrs_object(const struct snapshot_service *v)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < v->n_addrs; i++)
		json_array_append_new(list, show_ip(v->addr[i].family, v->addr[i].bytes));
	return list;
}

/* Why other links do not get it whole; NULL if they do. The order is that of resolving. */
static const char *service_lack(const struct snapshot_service *v)
{
	switch (v->state) {
	case CACHE_SERVICE_COMPLETE:
		return NULL;
	case CACHE_SERVICE_HIDDEN:
		return "no address is any use on another link (RFC 8766 5.5.2)";
	case CACHE_SERVICE_INCOMPLETE:
		break;
	}
	if (v->host.len == 0)
		return "SRV is missing, the owner is asked when somebody wants it";
	if (v->n_addrs == 0)
		return "no address is known, the owner is asked when somebody wants it";
	return "TXT is missing, the owner is asked when somebody wants it";
}

static const char *const state_names[] = {
	[CACHE_SERVICE_COMPLETE] = "complete",
	[CACHE_SERVICE_INCOMPLETE] = "incomplete",
	[CACHE_SERVICE_HIDDEN] = "hidden",
};

static json_t *service_object(const struct mgmt *m, const struct snapshot *s, unsigned i)
{
	const struct snapshot_service *v = &s->service[i];
	const char *lack = service_lack(v);
	char label[DNS_LABEL_TEXT_MAX];
	json_t *o;

	if (dns_label_to_text(snapshot_at(s, v->instance), label, sizeof(label)) < 0)
		return NULL;
	o = json_pack("{s:s,s:o,s:o,s:o,s:I}", "instance", label, "type",
		show_name(snapshot_at(s, v->type)), "link", show_link_name(m, v->link), "provider",
		show_mac(&v->mac), "ttl_left", (json_int_t)v->ttl_left);
	json_object_set_new(
		o, "host", v->host.len > 0 ? show_name(snapshot_at(s, v->host)) : json_null());
	json_object_set_new(o, "port", v->host.len > 0 ? json_integer(v->port) : json_null());
	json_object_set_new(o, "txt", txt_object(s, v->txt));
	json_object_set_new(o, "addresses", addrs_object(v));
	json_object_set_new(o, "state", json_string(state_names[v->state]));
	json_object_set_new(o, "why", lack != NULL ? json_string(lack) : json_null());
	return o;
}

bool show_services(struct mgmt *m, struct show_state *s, struct text *out)
{
	return page(m, s, out, "services", snapshot_services, service_object);
}

/* --- stations -------------------------------------------------------------------------------- */

static bool all_zero(const uint8_t *b, size_t n)
{
	while (n > 0 && b[n - 1] == 0)
		n--;
	return n == 0;
}

/* Addresses its mDNS came from, and those it is said to have. */
static json_t *addresses_object(const struct snapshot_station *st, const struct dp_said *said)
{
	json_t *list = json_array();
	char text[PREFIX_TEXT_SIZE];

	if (!all_zero(st->ip4, sizeof(st->ip4)))
		json_array_append_new(list, show_ip(4, st->ip4));
	if (!all_zero(st->ip6, sizeof(st->ip6)))
		json_array_append_new(list, show_ip(6, st->ip6));
	for (unsigned i = 0; i < said->n_addrs; i++) {
		const struct ip_prefix *p = &said->addr[i];

		if (p->addr.family == 4 ? memcmp(p->addr.b, st->ip4, 4) == 0
					: memcmp(p->addr.b, st->ip6, 16) == 0)
			continue;
		if (p->len == (p->addr.family == 4 ? 32 : 128))
			json_array_append_new(list, show_ip(p->addr.family, p->addr.b));
		else
			json_array_append_new(list, json_string(prefix_format(p, text)));
	}
	return list;
}

static json_t *station_object(const struct mgmt *m, const struct snapshot *s, unsigned i)
{
	const struct snapshot_station *st = &s->station[i];
	struct policy_who who;
	struct dp_said said;
	json_t *o;

	mgmt_said(m, m->state.world, &st->mac, &said);
	mgmt_who(m, st->link, &st->mac, &who);
	o = json_pack("{s:o,s:o,s:o,s:s?,s:b,s:o,s:b}", "mac", show_mac(&st->mac), "link",
		show_link_name(m, st->link), "is", mgmt_who_object(m, &who), "ap",
		policy_ap_name(m->names, said.ap), "authenticated", said.authenticated, "addresses",
		addresses_object(st, &said), "asks", st->asker);
	json_object_set_new(o, "services", json_integer(st->n_services));
	json_object_set_new(o, "records", json_integer(st->n_records));
	json_object_set_new(o, "queries", json_integer(st->queries));
	json_object_set_new(o, "refused", json_integer(st->refused));
	json_object_set_new(o, "first_seen_s_ago", json_integer(st->first_ms / 1000));
	json_object_set_new(o, "seen_s_ago", json_integer(st->seen_ms / 1000));
	return o;
}

bool show_stations(struct mgmt *m, struct show_state *s, struct text *out)
{
	return page(m, s, out, "stations", snapshot_stations, station_object);
}
