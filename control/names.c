/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/names.h"

#include "cache/directory.h"
#include "cache/service.h"
#include "control/ctl.h"
#include "dns/name.h"

#define NAME_RECORDS 64 /* records of a name and type looked at */

struct ctl_seat ctl_seat_of(const struct ctl *c, const struct cache_record *r)
{
	const struct dp_link *l = c->world != NULL ? dp_world_link(c->world, r->link) : NULL;

	return (struct ctl_seat){
		.link = r->link, .station = l != NULL && l->isolated ? r->station : 0};
}

bool ctl_seat_has(const struct ctl_seat *seat, const struct cache_record *r)
{
	return r->link == seat->link && (seat->station == 0 || r->station == seat->station);
}

uint32_t ctl_name_next(const struct ctl *c, struct ctl_name_walk *w)
{
	for (;;) {
		uint32_t rec = w->left > 0 ? cache_iter_next(&w->it) : 0, node;
		const struct cache_record *r;

		if (rec != 0) {
			w->left--;
			r = cache_record_at(c->view, rec);
			if (cache_record_claims(r))
				return rec;
			continue;
		}
		if (w->type == CACHE_USUAL_TYPES)
			return 0;
		node = cache_find(c->view, w->name, cache_usual_types[w->type++]);
		w->left = node != 0 ? NAME_RECORDS : 0;
		if (node != 0)
			cache_iter_init(&w->it, c->view, cache_node_at(c->view, node));
	}
}

uint32_t ctl_name_pointer(const struct ctl *c, const uint8_t *name, uint16_t link)
{
	uint8_t canon[DNS_NAME_MAX + 1] __attribute__((aligned(64)));
	size_t len = dns_name_len(name);
	struct dns_service_name sd;
	struct hash128 key;

	dns_service_parse(name, &sd);
	if (sd.kind != DNS_NAME_INSTANCE)
		return 0;
	dns_name_canon(canon, name, len);
	key = ctl_node_key(c, name + sd.type_off, DNS_TYPE_PTR);
	return cache_find_record(c->view, cache_ident(c->view, key, canon, len), link);
}
