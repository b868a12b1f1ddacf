/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/world_build.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "dataplane/frame.h"
#include "dataplane/rendered.h"
#include "policy/names.h"
#include "policy/policy.h"

LOG_MODULE(mgmt);

_Static_assert(CONFIG_STATION_ADDRESSES == DP_SAID_ADDRS, "as many as can be said");
_Static_assert(CONFIG_REQUIRE_AUTHENTICATED == DP_REQUIRE_AUTHENTICATED &&
		       CONFIG_REQUIRE_ON_LINK == DP_REQUIRE_ON_LINK &&
		       CONFIG_REQUIRE_OWN == DP_REQUIRE_OWN,
	"one mask");

#define DEFAULT_MTU 1500

static int __attribute__((format(printf, 3, 4))) fail(char *why, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, MGMT_WHY, fmt, ap);
	va_end(ap);
	return err;
}

static int fail_link(char *why, const struct mgmt_world_input *in, const struct config_link *cl,
	const char *what, unsigned found, unsigned most)
{
	return fail(why, -EINVAL, "%s:%u:%u: link %s: %s: found %u, at most %u", in->config->file,
		cl->pos.line, cl->pos.col, cl->name, what, found, most);
}

static uint32_t be32_at(const uint8_t *b)
{
	uint32_t v;

	memcpy(&v, b, sizeof(v));
	return v;
}

/* The first `len` bits of n bytes set. */
static void mask_make(uint8_t *mask, unsigned n, unsigned len)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned bits = len > 8 * i ? len - 8 * i : 0;

		mask[i] = bits >= 8 ? 0xff : (uint8_t)(0xff00u >> bits);
	}
}

static bool link_add_prefix(struct dp_link *l, const struct ip_prefix *p)
{
	uint8_t mask[16];

	if (p->addr.family == 4) {
		if (l->n_pfx4 == DP_LINK_PREFIXES)
			return false;
		mask_make(mask, 4, p->len);
		l->mask4[l->n_pfx4] = be32_at(mask);
		l->pfx4[l->n_pfx4] = be32_at(p->addr.b) & be32_at(mask);
		l->n_pfx4++;
		return true;
	}
	if (l->n_pfx6 == DP_LINK_PREFIXES)
		return false;
	mask_make(mask, 16, p->len);
	memcpy(l->pfx6[l->n_pfx6].mask, mask, 16);
	for (unsigned i = 0; i < 16; i++)
		l->pfx6[l->n_pfx6].addr[i] = p->addr.b[i] & mask[i];
	l->n_pfx6++;
	return true;
}

/*
 * Own addresses. Every link has the link-local IPv6 address of the port's MAC, so that mDNS over
 * IPv6 always works.
 */
static int link_addresses(struct dp_link *l, const struct mgmt_world_input *in,
	const struct config_link *cl, char *why)
{
	struct ip_addr ll = ip_link_local_from_mac(&l->mac);

	memcpy(l->addr6[0], ll.b, 16);
	l->n_addr6 = 1;
	for (uint32_t i = 0; i < cl->n_addresses; i++) {
		const struct ip_prefix *p = &cl->addresses[i];

		if (p->addr.family == 4) {
			l->addr4 = be32_at(p->addr.b);
			l->has_addr4 = 1;
		} else if (l->n_addr6 < DP_LINK_ADDRS) {
			memcpy(l->addr6[l->n_addr6++], p->addr.b, 16);
		} else {
			return fail_link(
				why, in, cl, "IPv6 addresses", cl->n_addresses, DP_LINK_ADDRS - 1);
		}
		if (!link_add_prefix(l, p))
			goto too_many;
	}
	for (uint32_t i = 0; i < cl->n_prefixes; i++) {
		if (!link_add_prefix(l, &cl->prefixes[i]))
			goto too_many;
	}
	return 0;

too_many:
	return fail_link(why, in, cl, "prefixes of one family, addresses' included",
		cl->n_addresses + cl->n_prefixes, DP_LINK_PREFIXES);
}

/* A link wants more than its port has now, but the port may grow again: it has the buffers. */
struct clamped {
	const struct config_link *first;
	unsigned n;
};

static int link_mtu(struct dp_link *l, const struct mgmt_world_input *in,
	const struct config_link *cl, const struct dp_port *port, struct clamped *clamped,
	char *why)
{
	if (cl->mtu > port->mtu_max)
		return fail(why, -EINVAL, "%s:%u:%u: link %s: mtu: found %u, but port %s has %u",
			in->config->file, cl->pos.line, cl->pos.col, cl->name, cl->mtu, port->name,
			port->mtu_max);
	if (cl->mtu > port->mtu) {
		l->mtu = port->mtu;
		if (clamped->n++ == 0)
			clamped->first = cl;
	} else if (cl->mtu != 0) {
		l->mtu = cl->mtu;
	} else {
		l->mtu = port->mtu < DEFAULT_MTU ? port->mtu : DEFAULT_MTU;
	}
	return 0;
}

static int link_build(struct dp_link *l, const struct mgmt_world_input *in,
	const struct config_link *cl, uint16_t id, struct clamped *clamped, char *why)
{
	static const enum dp_link_mode modes[] = {[CONFIG_LINK_GATEWAY] = DP_LINK_GATEWAY,
		[CONFIG_LINK_OFF] = DP_LINK_OFF,
		[CONFIG_LINK_FILTER] = DP_LINK_FILTER};
	const struct dp_port *port = &in->ports[cl->port];
	int rc;

	l->id = id;
	l->port = port->id;
	l->vlan = cl->vlan;
	/* A worker that has a queue on the port, the same one for the life of the id. */
	l->home =
		(uint16_t)(id % (port->n_queues < in->n_workers ? port->n_queues : in->n_workers));
	l->mode = (uint8_t)modes[mgmt_switched(in->switches, in->config, cl)];
	l->mac = port->mac;
	l->query_budget = cl->query_budget;
	l->wireless = cl->wireless;
	l->unicast = cl->unicast;
	l->isolated = cl->isolated;
	l->rate[DP_METER_QUERIES] = in->config->admission.link_queries;
	l->rate[DP_METER_ADVERTISEMENTS] = in->config->admission.link_advertisements;
	l->rate[DP_METER_UNKNOWN] = in->config->admission.link_unknown;
	l->announce = cl->announce;
	l->conflicts_report = cl->conflicts_report;
	l->require = cl->require;
	l->silence_ms = cl->silence * 1000u;
	if (cl->location != CONFIG_NO_LOCATION)
		l->place = policy_names_place(in->names, in->config->locations[cl->location].path);
	snprintf(l->name, sizeof(l->name), "%s", cl->name);
	rc = link_mtu(l, in, cl, port, clamped, why);
	if (rc == 0)
		rc = link_addresses(l, in, cl, why);
	if (rc == 0)
		dp_link_finish(l);
	return rc;
}

static int world_ports(struct dp_world *w, const struct mgmt_world_input *in, char *why)
{
	for (unsigned i = 0; i < in->config->n_ports; i++) {
		const struct dp_port *port = &in->ports[i];
		struct dp_port_map *map = calloc(1, sizeof(*map));

		if (map == NULL)
			return fail(
				why, -ENOMEM, "no memory for the VLAN map of port %s", port->name);
		map->present = true;
		map->soft_checksum = port->soft_checksum;
		map->mac = port->mac;
		map->n_queues = port->n_queues;
		map->mtu = port->mtu;
		map->inline_pair = in->config->ports[i].peer != CONFIG_NO_PORT;
		if (map->inline_pair)
			map->peer = in->ports[in->config->ports[i].peer].id;
		memcpy(map->name, port->name, sizeof(map->name));
		w->port[port->id] = map;
	}
	dp_world_finish(w);
	return 0;
}

static int world_links(struct dp_world *w, const struct mgmt_world_input *in, char *why)
{
	const struct config *config = in->config;
	struct clamped clamped = {0};
	struct dp_link *all;
	int rc;

	w->link = calloc(w->n_ids, sizeof(*w->link));
	/* One piece, its first element first: freed by that. */
	all = aligned_alloc(64, (config->n_links + 1) * sizeof(*all));
	w->owner = all;
	if (w->link == NULL || all == NULL)
		return fail(why, -ENOMEM, "no memory for %u links", config->n_links);
	memset(all, 0, (config->n_links + 1) * sizeof(*all));
	for (uint32_t i = 0; i < config->n_links; i++) {
		uint16_t id = in->ids->of_config[i];
		struct dp_port_map *map = w->port[in->ports[config->links[i].port].id];

		rc = link_build(&all[i], in, &config->links[i], id, &clamped, why);
		if (rc < 0)
			return rc;
		w->link[id] = &all[i];
		dp_port_map_link(map, &all[i]);
		w->n_links++;
		w->silence |= all[i].silence_ms != 0;
	}
	if (clamped.n > 0)
		LOG_WARN("the port's mtu is below what links want, they use the port's",
			"link=%s mtu=%u port=%s port_mtu=%u links=%u", clamped.first->name,
			clamped.first->mtu, in->ports[clamped.first->port].name,
			in->ports[clamped.first->port].mtu, clamped.n);
	return 0;
}

/* Are both links told the same of what is on neither of them? */
static bool are_alike(const struct dp_world *w, const struct dp_link *a, const struct dp_link *b)
{
	if (a->personal && !policy_same_rules(w->policy, a->id, b->id))
		return false;
	return a->col_out == b->col_out && a->col_query == b->col_query && a->mtu == b->mtu &&
	       a->isolated == b->isolated && a->fast == b->fast && a->personal == b->personal;
}

/* Links with the same columns stand in one list, and there are few kinds of the rest. */
static int find_alike(struct dp_world *w, char *why)
{
	uint16_t *first, *next;
	uint32_t columns = 0;

	for (unsigned i = 0; i < w->n_ids; i++)
		if (w->link[i] != NULL && w->link[i]->col_out >= columns)
			columns = w->link[i]->col_out + 1;
	first = calloc(columns + 1u, sizeof(*first));
	next = calloc(w->n_ids + 1u, sizeof(*next));
	if (first == NULL || next == NULL) {
		free(first);
		free(next);
		return fail(why, -ENOMEM, "no memory to compare links");
	}
	for (uint16_t i = 1; i < w->n_ids; i++) {
		struct dp_link *l = w->link[i];
		uint16_t at;

		if (l == NULL)
			continue;
		for (at = first[l->col_out]; at != 0 && !are_alike(w, w->link[at], l);
			at = next[at])
			;
		l->alike = at != 0 ? at : i;
		/* Of those that are not, nothing is kept. */
		l->tail = dp_rendered_tail(0, l->fast ? l->alike : i, !l->fast, w->generation);
		if (at == 0) {
			next[i] = first[l->col_out];
			first[l->col_out] = i;
		}
	}
	free(first);
	free(next);
	return 0;
}

static int world_policy(struct dp_world *w, const struct mgmt_world_input *in,
	const struct config *config, char *why)
{
	errno = 0;
	w->policy = policy_compile(
		config, in->names, in->ids->of_config, w->n_ids, w->slot, why, MGMT_WHY);
	if (w->policy == NULL)
		return errno != 0 ? -errno : -ENOMEM;
	w->table = policy_table(w->policy);
	w->down = in->names->down;
	for (unsigned i = 0; i <= in->n_workers && i <= DP_WORKERS_MAX; i++) {
		/* Whole lines, so that no two lcores write into one. */
		size_t bytes = ((policy_rules(w->policy) + 1u) * sizeof(uint64_t) + 63) & ~63ul;

		w->hits[i] = aligned_alloc(64, bytes);
		if (w->hits[i] == NULL)
			return fail(why, -ENOMEM, "no memory for counters of rules");
		memset(w->hits[i], 0, bytes);
	}
	for (unsigned i = 0; i < w->n_ids; i++) {
		struct dp_link *l = w->link[i];

		if (l == NULL)
			continue;
		l->col_in = policy_in_column(w->policy, l->id);
		l->col_out = policy_out_column(w->policy, l->id);
		l->col_query = policy_query_column(w->policy, l->id);
		l->col_probe = policy_probe_column(w->policy, l->id);
		l->personal = policy_link_is_personal(w->policy, l->id);
		w->personal |= l->personal;
		l->fast = l->mode == DP_LINK_GATEWAY && l->unicast;
	}
	return find_alike(w, why);
}

/* What the file says of one. */
static void world_station(const struct mgmt_world_input *in, const struct config_station *s,
	const char *path, struct dp_said *out)
{
	*out = (struct dp_said){
		.who = {.mac = s->mac,
			.user = policy_names_user(in->names, s->user),
			.role = policy_names_role(in->names, s->role),
			.place = policy_names_place(in->names, path)},
		.ap = policy_names_ap(in->names, s->ap),
		.authenticated = s->authenticated == CONFIG_AUTHENTICATED_YES,
		.n_addrs = (uint8_t)s->n_addresses,
	};
	memcpy(out->addr, s->addresses, sizeof(out->addr));
}

/* What the file says of stations, by address. */
static int world_stations(struct dp_world *w, const struct mgmt_world_input *in, char *why)
{
	const struct config *config = in->config;

	w->stations = calloc(config->n_stations + 1u, sizeof(*w->stations));
	if (w->stations == NULL)
		return fail(why, -ENOMEM, "no memory for %u stations", config->n_stations);
	for (uint32_t i = 0; i < config->n_stations; i++) {
		const struct config_station *s = &config->stations[i];
		const char *path = s->location == CONFIG_NO_LOCATION
					   ? NULL
					   : config->locations[s->location].path;

		world_station(in, s, path, &w->stations[i]);
	}
	w->n_stations = config->n_stations;
	return 0;
}

/* What the `in` of each link says, as one number. */
static void world_signatures(struct dp_world *w, const struct mgmt_world_input *in)
{
	const struct config *config = in->config;
	struct policy_rule_info info;
	uint32_t rule = 0;
	uint32_t *sig = calloc(config->n_policies + 1u, sizeof(*sig));

	for (uint32_t k = 0; sig != NULL && k < config->n_policies; k++) {
		for (uint32_t i = 0; i < config->policies[k].n_rules; i++, rule++) {
			if (!policy_rule_info(w->policy, rule, &info))
				continue;
			for (const char *c = info.text; *c != '\0'; c++)
				sig[k] = (sig[k] ^ (uint8_t)*c) * 16777619u;
		}
	}
	/* Without memory all are alike: then nothing is asked anew. */
	for (uint32_t i = 0; sig != NULL && i < config->n_links; i++)
		if (config->links[i].policy_in != CONFIG_NO_POLICY)
			w->link[in->ids->of_config[i]]->in_sig = sig[config->links[i].policy_in];
	free(sig);
}

/* The wire name of a checked type, "_ipp._tcp", under local. */
static void pinned_name(struct dp_pinned *p, const char *type)
{
	static const uint8_t local[] = "\x05local";

	for (const char *label = type; *label != '\0';) {
		size_t len = strcspn(label, ".");

		p->name[p->type_len] = (uint8_t)len;
		memcpy(p->name + p->type_len + 1, label, len);
		p->type_len += (uint8_t)(len + 1);
		label += len + (label[len] == '.');
	}
	memcpy(p->name + p->type_len, local, sizeof(local));
	p->len = (uint8_t)(p->type_len + sizeof(local));
}

static int world_pinned(struct dp_world *w, const struct config_services *pinned, char *why)
{
	w->pinned = calloc(pinned->n_types + 1u, sizeof(*w->pinned));
	if (w->pinned == NULL)
		return fail(why, -ENOMEM, "no memory for %u pinned types", pinned->n_types);
	for (uint32_t i = 0; i < pinned->n_types; i++)
		pinned_name(&w->pinned[i], pinned->types[i].type);
	w->n_pinned = pinned->n_types;
	return 0;
}

/* Our addresses of all links, and other gateways. */
static int world_gateways(struct dp_world *w, const struct config *config, char *why)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < w->n_ids; i++)
		n += w->link[i] != NULL ? 1u + w->link[i]->n_addr6 : 0;
	w->own = dp_own_create(n);
	w->gateways = calloc(config->n_gateways + 1u, sizeof(*w->gateways));
	if (w->own == NULL || w->gateways == NULL)
		return fail(why, -ENOMEM, "no memory for %u addresses", n);
	for (unsigned i = 0; i < w->n_ids; i++) {
		const struct dp_link *l = w->link[i];

		if (l != NULL && l->has_addr4)
			dp_own_add(w->own, 4, (const uint8_t *)&l->addr4);
		for (unsigned k = 0; l != NULL && k < l->n_addr6; k++)
			dp_own_add(w->own, 6, l->addr6[k]);
	}
	for (uint32_t i = 0; i < config->n_gateways; i++)
		w->gateways[i] = config->gateways[i];
	w->n_gateways = config->n_gateways;
	return 0;
}

static struct dp_world *world_alloc(const struct mgmt_world_input *in)
{
	struct dp_world *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->generation = in->generation;
	w->n_workers = in->n_workers;
	w->slot = in->generation & 1;
	w->admission = !in->config->admission.off;
	bucket_rate_set(&w->admit[DP_METER_QUERIES], in->config->admission.station_queries,
		in->config->admission.station_burst);
	bucket_rate_set(&w->admit[DP_METER_ADVERTISEMENTS],
		in->config->admission.station_advertisements, in->config->admission.station_burst);
	/* Some seconds' worth at once: who comes asks for much. */
	bucket_rate_set(&w->misses.station, in->config->admission.misses_station,
		4 * in->config->admission.misses_station);
	bucket_rate_set(&w->misses.link, (in->config->admission.misses_gateway + 3) / 4,
		(in->config->admission.misses_gateway + 1) / 2);
	bucket_rate_set(&w->misses.gateway, in->config->admission.misses_gateway,
		2 * in->config->admission.misses_gateway);
	w->audit = in->config->audit.file != NULL || in->config->audit.syslog;
	w->n_ids = in->ids->next;
	snprintf(w->id, sizeof(w->id), "%s", in->config->gateway.id);
	return w;
}

static struct dp_world *world_failed(struct dp_world *w, int rc)
{
	mgmt_world_free(w);
	errno = -rc;
	return NULL;
}

struct dp_world *mgmt_world_build(const struct mgmt_world_input *in, char *why)
{
	struct dp_world *w = world_alloc(in);
	int rc;

	if (w == NULL)
		return world_failed(NULL, fail(why, -ENOMEM, "no memory for a world"));
	rc = world_ports(w, in, why);
	if (rc == 0)
		rc = world_links(w, in, why);
	if (rc == 0)
		rc = world_policy(w, in, in->config, why);
	if (rc == 0)
		world_signatures(w, in);
	if (rc == 0)
		rc = world_stations(w, in, why);
	if (rc == 0)
		rc = world_pinned(w, &in->config->pinned, why);
	if (rc == 0)
		rc = world_gateways(w, in->config, why);
	return rc == 0 ? w : world_failed(w, rc);
}

struct dp_world *mgmt_world_empty(const struct mgmt_world_input *in, char *why)
{
	struct config nothing = *in->config;
	struct dp_world *w = world_alloc(in);
	int rc;

	if (w == NULL)
		return world_failed(NULL, fail(why, -ENOMEM, "no memory for a world"));
	nothing.n_links = 0;
	nothing.n_policies = 0;
	rc = world_ports(w, in, why);
	if (rc == 0) {
		w->link = calloc(w->n_ids, sizeof(*w->link));
		if (w->link == NULL)
			rc = fail(why, -ENOMEM, "no memory for a world");
	}
	if (rc == 0)
		rc = world_policy(w, in, &nothing, why);
	return rc == 0 ? w : world_failed(w, rc);
}

void mgmt_world_free(struct dp_world *w)
{
	if (w == NULL)
		return;
	policy_free(w->policy);
	for (unsigned i = 0; i <= DP_WORKERS_MAX; i++)
		free(w->hits[i]);
	for (unsigned i = 0; i < DP_PORTS_MAX; i++)
		free(w->port[i]);
	free(w->pinned);
	free(w->own);
	free(w->gateways);
	free(w->stations);
	free(w->link);
	free(w->owner);
	free(w);
}
