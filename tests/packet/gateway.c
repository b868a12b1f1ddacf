/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/packet/gateway.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "base/clock.h"
#include "base/rcu.h"
#include "control/people.h"
#include "dataplane/queues.h"
#include "management/world_build.h"
#include "policy/names.h"
#include "tests/packet/poison.h"
#include "yaml/load.h"

#define RING_SIZE 4096
#define POOL_MBUFS 4095
#define POOL_ROOM 9216
#define RENDERED (1 << 20) /* bytes, per worker */
#define STATIONS 1000
#define ROUNDS_MAX 1000000 /* turns at one time: beyond that something feeds itself */
#define IDLE_ROUNDS 3      /* an idle turn of one may be what another waits for */

static int fail(char *why, const char *what, const char *detail)
{
	snprintf(why, GATEWAY_WHY, "%s%s%s", what, detail != NULL ? ": " : "",
		detail != NULL ? detail : "");
	return -1;
}

/* --- configuration -----------------------------------------------------------------------------
 */

static struct config *load(const char *name, const char *yaml, char why[GATEWAY_WHY])
{
	struct yaml_errors errors;
	struct config *config = NULL;

	yaml_errors_init(&errors);
	if (yaml_load_string(name, yaml, strlen(yaml), &config, &errors) < 0) {
		if (errors.n == 0 || yaml_errors_format(&errors, 0, why, GATEWAY_WHY) < 0)
			fail(why, "the configuration cannot be read", NULL);
		config = NULL;
	}
	/* Scenarios send a thousand packets at once; those about admission say so. */
	if (config != NULL && strstr(yaml, "admission:") == NULL)
		config->admission.off = true;
	yaml_errors_fini(&errors);
	return config;
}

static struct dp_world *build_world(
	struct gateway *g, const struct config *config, const struct link_ids *ids, char *why)
{
	struct mgmt_world_input in = {.config = config,
		.ports = g->ports,
		.n_workers = g->n_workers,
		.generation = g->generation + 1,
		.ids = ids,
		.names = g->names};
	struct dp_world *w = config != NULL ? mgmt_world_build(&in, why) : NULL;

	if (w != NULL)
		g->generation++;
	return w;
}

static uint32_t records_of(void *arg, uint16_t id)
{
	struct gateway *g = arg;

	return g->made ? cache_link_records(ctl_cache(g->ctl), id) : 0;
}

/* Submits one request and turns until it comes back. */
static int request(struct gateway *g, struct ctl_request *r, char *why)
{
	struct ctl_request *done = NULL;

	if (ctl_submit(g->ctl, r) < 0)
		return fail(why, "control takes no request", NULL);
	for (unsigned i = 0; i < 1000 && done == NULL; i++) {
		if (gateway_settle(g, why) < 0)
			return -1;
		done = ctl_reply(g->ctl);
		/* Work that is spread over turns of a later tick. */
		if (done == NULL)
			g->now_us += US_PER_MS;
	}
	if (done != r)
		return fail(why, "control does not answer a request", NULL);
	return r->status < 0 ? fail(why, "control refused", strerror((int)-r->status)) : 0;
}

/* Publishes w and frees the world before. */
static int publish(struct gateway *g, struct dp_world *w, char *why)
{
	struct ctl_request r = {.op = CTL_REQ_WORLD, .world = w};

	if (request(g, &r, why) < 0)
		return -1;
	if (r.old != g->world)
		return fail(why, "control gave another world back than the old one", NULL);
	mgmt_world_free(r.old);
	g->world = w;
	return 0;
}

/* --- start -------------------------------------------------------------------------------------
 */

static struct rte_ring *ring(const char *what, unsigned port, unsigned queue)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "st_%s_%u_%u", what, port, queue);
	return rte_ring_create(name, RING_SIZE, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

/* One port on rings, a queue each worker. */
static int open_port(struct gateway *g, unsigned i, bool soft_checksum, char *why)
{
	const struct config_port *cp = &g->config->ports[i];
	struct gateway_port *rings = &g->rings[i];
	struct dp_port_spec spec = {.name = cp->name,
		.device = cp->device,
		.kind = DP_PORT_VDEV,
		.target = cp->target,
		.index = i,
		.workers = g->n_workers,
		.mtu = 0};
	int id;

	for (uint32_t l = 0; l < g->config->n_links; l++)
		if (g->config->links[l].port == i && g->config->links[l].mtu > spec.mtu)
			spec.mtu = g->config->links[l].mtu;
	snprintf(rings->name, sizeof(rings->name), "st%u", i);
	for (unsigned q = 0; q < g->n_queues; q++) {
		rings->rx[q] = ring("rx", i, q);
		rings->tx[q] = ring("tx", i, q);
		if (rings->rx[q] == NULL || rings->tx[q] == NULL)
			return fail(why, "no memory for rings", NULL);
	}
	id = rte_eth_from_rings(rings->name, rings->rx, g->n_queues, rings->tx, g->n_queues, 0);
	if (id < 0)
		return fail(why, "rte_eth_from_rings", rte_strerror(rte_errno));
	if (dp_port_open_existing(&g->ports[i], &spec, (uint16_t)id, why) < 0)
		return -1;
	g->ports[i].soft_checksum = soft_checksum;
	g->n_ports = i + 1;
	return 0;
}

static int make_threads(struct gateway *g, uint64_t seed, char *why)
{
	const struct config_limits *limits = &g->config->gateway.limits;
	struct ctl_params params = {
		.limits = {.records = limits->records,
			.records_per_station = limits->records_per_station,
			.records_per_link = limits->records_per_link,
			.records_per_type = limits->records_per_type,
			.ttl = limits->ttl,
			.stations = STATIONS,
			.links = DP_LINKS_MAX},
		.hash_key = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}},
		.seed = seed,
	};

	if (dp_shared_init(&g->shared, g->n_workers, POOL_MBUFS, POOL_ROOM, 0) < 0)
		return fail(why, "no memory for what is shared", NULL);
	g->made = true;
	g->shared.ttl_cap = limits->ttl;
	g->shared.rendered = g->render ? RENDERED : 0;
	g->shared.fast = g->fast;
	g->ctl = ctl_create(&g->shared, &params, g->now_us);
	if (g->ctl == NULL)
		return fail(why, "control", strerror(errno));
	for (unsigned i = 0; i < g->n_workers; i++) {
		g->worker[i] = dp_worker_create(&g->shared, i, 0, seed + 1, g->now_us);
		if (g->worker[i] == NULL)
			return fail(why, "worker", strerror(errno));
		rcu_online(g->shared.rcu, i);
	}
	if (dp_queues_assign(g->ports, g->n_ports, g->worker, g->n_workers) < 0)
		return fail(why, "queues", NULL);
	return 0;
}

int gateway_prepare(void)
{
	struct rte_ring *r = ring("prepare", 0, 0);
	struct rte_eth_dev_info info = {0};
	int id = r != NULL ? rte_eth_from_ring(r) : -1;

	if (id < 0)
		return -1;
	if (rte_eth_dev_info_get((uint16_t)id, &info) < 0 || rte_eth_dev_close((uint16_t)id) < 0 ||
		rte_dev_remove(info.device) < 0)
		return -1;
	rte_ring_free(r);
	return 0;
}

int gateway_start(struct gateway *g, const struct gateway_start *how, char why[GATEWAY_WHY])
{
	memset(g, 0, sizeof(*g));
	g->now_us = how->now_us;
	g->names = policy_names_create();
	if (g->names == NULL)
		return fail(why, "out of memory", NULL);
	g->config = load(how->name, how->yaml, why);
	if (g->config == NULL)
		return -1;
	g->render = how->render;
	g->fast = how->fast;
	g->n_workers = how->workers != 0 ? how->workers : g->config->gateway.workers;
	if (g->n_workers == 0)
		g->n_workers = 1;
	g->n_queues = how->queues != 0 ? how->queues : g->n_workers;
	if (g->n_workers > GATEWAY_WORKERS_MAX || g->n_queues > GATEWAY_WORKERS_MAX)
		return fail(why, "too many workers or queues", NULL);
	for (unsigned i = 0; i < g->config->n_ports; i++)
		if (open_port(g, i, how->soft_checksum, why) < 0)
			return -1;
	if (make_threads(g, how->seed, why) < 0)
		return -1;
	g->ids = link_ids_make(NULL, g->config, records_of, g);
	if (g->ids == NULL)
		return fail(why, "link ids", strerror(errno));
	g->world = NULL;
	struct dp_world *first = build_world(g, g->config, g->ids, why);

	return first == NULL ? -1 : publish(g, first, why);
}

int gateway_reload(struct gateway *g, const char *name, const char *yaml, char why[GATEWAY_WHY])
{
	struct config *config = load(name, yaml, why);
	struct link_ids *ids;
	struct dp_world *w;

	if (config == NULL)
		return -1;
	ids = link_ids_make(g->ids, config, records_of, g);
	w = ids != NULL ? build_world(g, config, ids, why) : NULL;
	if (w == NULL) {
		link_ids_free(ids);
		config_free(config);
		return -1;
	}
	if (publish(g, w, why) < 0)
		return -1;
	link_ids_free(g->ids);
	config_free(g->config);
	g->ids = ids;
	g->config = config;
	return 0;
}

int gateway_leave(struct gateway *g, char why[GATEWAY_WHY])
{
	struct mgmt_world_input in = {.config = g->config,
		.ports = g->ports,
		.n_workers = g->n_workers,
		.generation = g->generation + 1,
		.ids = g->ids,
		.names = g->names};
	struct dp_world *w = mgmt_world_empty(&in, why);

	if (w == NULL)
		return -1;
	g->generation++;
	return publish(g, w, why);
}

int gateway_who(
	struct gateway *g, const char *mac, char *const *what, unsigned n, char why[GATEWAY_WHY])
{
	struct ctl_request r = {.op = CTL_REQ_STATION};

	if (mac_parse(mac, &r.said.who.mac) < 0)
		return fail(why, "not a MAC address", NULL);
	for (unsigned i = 0; i < n; i++) {
		const char *value = strchr(what[i], '=');

		if (strncmp(what[i], "user=", 5) == 0) {
			r.said.who.user = policy_names_user(g->names, value + 1);
			r.said.set |= DP_SAID_USER;
		} else if (strncmp(what[i], "role=", 5) == 0) {
			r.said.who.role = policy_names_role(g->names, value + 1);
			r.said.set |= DP_SAID_ROLE;
		} else if (strncmp(what[i], "location=", 9) == 0) {
			r.said.who.place = policy_names_place(g->names, value + 1);
			r.said.set |= DP_SAID_PLACE;
		} else if (strncmp(what[i], "authenticated=", 14) == 0) {
			r.said.authenticated = strcmp(value + 1, "true") == 0;
			r.said.set |= DP_SAID_AUTHENTICATED;
		} else if (strncmp(what[i], "address=", 8) == 0 && r.said.n_addrs < DP_SAID_ADDRS) {
			struct ip_prefix *p = &r.said.addr[r.said.n_addrs++];

			if (ip_parse(value + 1, &p->addr) < 0)
				return fail(why, "not an address", value + 1);
			p->len = p->addr.family == 4 ? 32 : 128;
			r.said.set |= DP_SAID_ADDRESSES;
		} else if (strncmp(what[i], "link=", 5) == 0) {
			const struct link_id *e = link_ids_find(g->ids, value + 1);

			if (e == NULL)
				return fail(why, "no such link", value + 1);
			r.link = e->id;
		} else if (strcmp(what[i], "left") == 0) {
			r.left = true;
		} else {
			return fail(why,
				"expected user=, role=, location=, authenticated=, "
				"address=, link= or left",
				NULL);
		}
	}
	if (request(g, &r, why) < 0)
		return -1;
	return r.status < 0 ? fail(why, "control refuses", NULL) : 0;
}

int64_t gateway_flush(struct gateway *g, uint16_t link, char why[GATEWAY_WHY])
{
	struct ctl_request r = {.op = CTL_REQ_FLUSH, .link = link};

	return request(g, &r, why) < 0 ? -1 : r.status;
}

int gateway_port_state(struct gateway *g, uint16_t port, bool up, char why[GATEWAY_WHY])
{
	struct ctl_request r = {.op = CTL_REQ_PORT_STATE, .port = port, .up = up};

	return request(g, &r, why);
}

/* --- frames ------------------------------------------------------------------------------------
 */

/* The frame in segments of at most `segment` bytes of data; what is behind the data is poisoned. */
static struct rte_mbuf *make_mbuf(struct rte_mempool *pool, const struct gateway_frame *f)
{
	size_t piece = f->segment != 0 ? f->segment : f->len, at = 0;
	struct rte_mbuf *head = NULL, *last = NULL;

	do {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
		size_t n = f->len - at < piece ? f->len - at : piece;

		if (m == NULL || n > rte_pktmbuf_tailroom(m)) {
			rte_pktmbuf_free(m);
			rte_pktmbuf_free(head);
			return NULL;
		}
		poison_clear(m);
		memcpy(rte_pktmbuf_mtod(m, void *), f->data + at, n);
		m->data_len = (uint16_t)n;
		m->pkt_len = (uint32_t)n;
		poison_behind(m);
		at += n;
		if (head == NULL) {
			head = m;
		} else {
			last->next = m;
			head->nb_segs++;
			head->pkt_len += (uint32_t)n;
		}
		last = m;
	} while (at < f->len);
	return head;
}

int gateway_receive(struct gateway *g, const struct gateway_frame *f)
{
	struct rte_mbuf *m;

	for (unsigned i = 0; i < g->n_ports; i++) {
		if (g->ports[i].id != f->port)
			continue;
		m = make_mbuf(g->ports[i].pool, f);
		if (m == NULL)
			return -1;
		m->vlan_tci = f->tci;
		if (f->rx_vlan || f->stripped)
			m->ol_flags |= RTE_MBUF_F_RX_VLAN;
		if (f->stripped)
			m->ol_flags |= RTE_MBUF_F_RX_VLAN_STRIPPED;
		if (rte_ring_enqueue(g->rings[i].rx[f->queue % g->n_queues], m) != 0) {
			rte_pktmbuf_free(m);
			return -1;
		}
		g->received++;
		return 0;
	}
	return -1;
}

size_t gateway_sent(struct gateway *g, uint8_t *buf, size_t cap, uint16_t *port)
{
	if (g->ports_stall)
		return 0;
	for (unsigned i = 0; i < g->n_ports; i++) {
		for (unsigned q = 0; q < g->n_queues; q++) {
			struct rte_mbuf *m;
			size_t len;
			const void *data;

			if (rte_ring_dequeue(g->rings[i].tx[q], (void **)&m) != 0)
				continue;
			len = rte_pktmbuf_pkt_len(m);
			poison_clear(m); /* an answer may have been written over its question */
			data = len <= cap ? rte_pktmbuf_read(m, 0, (uint32_t)len, buf) : NULL;
			if (data != NULL && data != buf)
				memcpy(buf, data, len);
			*port = g->ports[i].id;
			rte_pktmbuf_free(m);
			return data != NULL ? len : cap;
		}
	}
	return 0;
}

/* --- turns -------------------------------------------------------------------------------------
 */

int gateway_settle(struct gateway *g, char why[GATEWAY_WHY])
{
	unsigned idle = 0;

	for (unsigned i = 0; i < ROUNDS_MAX && idle < IDLE_ROUNDS; i++) {
		unsigned done = 0;

		for (unsigned w = 0; w < g->n_workers; w++)
			if (!g->worker_stalls[w])
				done += dp_worker_turn(g->worker[w], g->now_us);
		if (!g->control_stalls)
			done += ctl_turn(g->ctl, g->now_us);
		idle = done == 0 ? idle + 1 : 0;
	}
	return idle < IDLE_ROUNDS ? fail(why, "the turns never become idle", NULL) : 0;
}

/* --- what there is none of ----------------------------------------------------------------------
 */

int gateway_take_mbufs(struct gateway *g, char why[GATEWAY_WHY])
{
	struct rte_mbuf *m;

	gateway_give_mbufs(g);
	g->taken = calloc(g->shared.pool->size, sizeof(*g->taken));
	if (g->taken == NULL)
		return fail(why, "no memory", NULL);
	while ((m = rte_pktmbuf_alloc(g->shared.pool)) != NULL)
		g->taken[g->n_taken++] = m;
	return 0;
}

void gateway_give_mbufs(struct gateway *g)
{
	for (unsigned i = 0; i < g->n_taken; i++)
		rte_pktmbuf_free(g->taken[i]);
	free(g->taken);
	g->taken = NULL;
	g->n_taken = 0;
}

/* What fills a ring is nothing that anybody may touch. */
#define NOTHING ((void *)(uintptr_t)1)

void gateway_stall_ports(struct gateway *g)
{
	g->ports_stall = true;
	for (unsigned i = 0; i < g->n_ports; i++)
		for (unsigned q = 0; q < g->n_queues; q++)
			while (rte_ring_enqueue(g->rings[i].tx[q], NOTHING) == 0)
				;
}

void gateway_resume_ports(struct gateway *g)
{
	void *m;

	for (unsigned i = 0; g->ports_stall && i < g->n_ports; i++)
		for (unsigned q = 0; q < g->n_queues; q++)
			while (rte_ring_dequeue(g->rings[i].tx[q], &m) == 0)
				if (m != NOTHING)
					rte_pktmbuf_free(m);
	g->ports_stall = false;
}

bool gateway_next(const struct gateway *g, uint64_t *at_us)
{
	uint64_t first = UINT64_MAX, soonest = g->now_us - g->now_us % US_PER_MS + US_PER_MS;
	uint32_t at_ms;

	for (unsigned w = 0; w <= g->n_workers; w++) {
		bool any = w < g->n_workers ? dp_worker_next(g->worker[w], &at_ms)
					    : ctl_next(g->ctl, &at_ms);

		if (any && clock_us_of_ms(at_ms, g->now_us) < first)
			first = clock_us_of_ms(at_ms, g->now_us);
	}
	*at_us = first > soonest ? first : soonest;
	return first != UINT64_MAX;
}

/* --- counters ----------------------------------------------------------------------------------
 */

int64_t gateway_counter(const struct gateway *g, uint16_t link, const char *name)
{
	struct dp_link_counters sum;
	unsigned o = 0, e = 0;

	while (o < DP_N_OUTCOMES && strcmp(dp_outcome_name(o), name) != 0)
		o++;
	while (e < DP_N_EVENTS && strcmp(dp_event_name(e), name) != 0)
		e++;
	if (o == DP_N_OUTCOMES && e == DP_N_EVENTS)
		return -1;
	dp_counters_link(&g->shared, link, &sum);
	return (int64_t)(o < DP_N_OUTCOMES ? sum.outcome[o] : sum.event[e]);
}

void gateway_outcome_sums(const struct gateway *g, uint64_t *out)
{
	struct dp_link_counters sum;

	memset(out, 0, DP_N_OUTCOMES * sizeof(*out));
	for (uint16_t l = 0; l < g->ids->next; l++) {
		dp_counters_link(&g->shared, l, &sum);
		for (unsigned o = 0; o < DP_N_OUTCOMES; o++)
			out[o] += sum.outcome[o];
	}
}

uint64_t gateway_outcomes(const struct gateway *g)
{
	uint64_t sums[DP_N_OUTCOMES], all = 0;

	gateway_outcome_sums(g, sums);
	for (unsigned o = 0; o < DP_N_OUTCOMES; o++)
		all += sums[o];
	return all;
}

const struct dp_link *gateway_link(const struct gateway *g, const char *name)
{
	for (unsigned i = 1; g->world != NULL && i < g->world->n_ids; i++) {
		const struct dp_link *l = dp_world_link(g->world, (uint16_t)i);

		if (l != NULL && strcmp(l->name, name) == 0)
			return l;
	}
	return NULL;
}

/* --- end ---------------------------------------------------------------------------------------
 */

static void close_port(struct gateway *g, unsigned i)
{
	struct gateway_port *rings = &g->rings[i];
	struct rte_eth_dev_info info = {0};
	uint16_t id;
	char name[RTE_ETH_NAME_MAX_LEN];

	snprintf(name, sizeof(name), "net_ring_%s", rings->name);
	if (rings->name[0] != '\0' && rte_eth_dev_get_port_by_name(name, &id) == 0) {
		bool known = rte_eth_dev_info_get(id, &info) == 0 && info.device != NULL;

		if (g->ports[i].pool != NULL)
			poison_clear_pool(g->ports[i].pool);
		for (unsigned q = 0; q < g->n_queues; q++) {
			void *m;

			while (rte_ring_dequeue(rings->rx[q], &m) == 0 ||
				rte_ring_dequeue(rings->tx[q], &m) == 0)
				rte_pktmbuf_free(m);
		}
		dp_port_close(&g->ports[i]);
		rte_eth_dev_close(id);
		if (known)
			rte_dev_remove(info.device);
	}
	for (unsigned q = 0; q < GATEWAY_WORKERS_MAX; q++) {
		rte_ring_free(rings->rx[q]);
		rte_ring_free(rings->tx[q]);
	}
}

void gateway_stop(struct gateway *g)
{
	gateway_give_mbufs(g);
	gateway_resume_ports(g);
	for (unsigned i = 0; i < g->n_workers; i++) {
		if (g->worker[i] != NULL)
			rcu_offline(g->shared.rcu, i);
		dp_worker_destroy(g->worker[i]);
	}
	if (g->ctl != NULL)
		ctl_destroy(g->ctl);
	/* Frames on their way to control are still the ports'. */
	if (g->made)
		dp_shared_fini(&g->shared);
	for (unsigned i = 0; g->config != NULL && i < g->config->n_ports; i++)
		close_port(g, i);
	mgmt_world_free(g->world);
	policy_names_destroy(g->names);
	link_ids_free(g->ids);
	config_free(g->config);
	memset(g, 0, sizeof(*g));
}
