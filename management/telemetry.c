/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/mgmt_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_telemetry.h>

#include "management/show.h"

/*
 * /linkspan/... of DPDK telemetry. Callbacks run on threads of DPDK's, of which RCU knows nothing:
 * they read counters and, under the lock, what management has in force; never the cache. A reply
 * holds 16 KiB and 256 members, more is cut without a word, so lists come in pages.
 */

#define PAGE_LINKS 100

/* Commands cannot be taken back: they find management here, or nothing. Under its own lock. */
static struct mgmt *served;
static pthread_mutex_t served_lock = PTHREAD_MUTEX_INITIALIZER;

static struct mgmt *enter(void)
{
	pthread_mutex_lock(&served_lock);
	if (served == NULL) {
		pthread_mutex_unlock(&served_lock);
		return NULL;
	}
	pthread_mutex_lock(&served->lock);
	return served;
}

static void leave(struct mgmt *m)
{
	pthread_mutex_unlock(&m->lock);
	pthread_mutex_unlock(&served_lock);
}

static int on_status(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct mgmt *m = enter();
	struct cache_stats cs;

	(void)cmd;
	(void)params;
	if (m == NULL)
		return -EAGAIN;
	cache_stats(ctl_cache(m->p.ctl), &cs);
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "gateway", m->state.config->gateway.id);
	rte_tel_data_add_dict_string(d, "version", LINKSPAN_VERSION);
	rte_tel_data_add_dict_int(d, "ready", mgmt_ready(m));
	rte_tel_data_add_dict_u64(d, "generation", m->state.world->generation);
	rte_tel_data_add_dict_u64(d, "links", m->state.world->n_links);
	rte_tel_data_add_dict_u64(d, "workers", m->p.shared->n_workers);
	rte_tel_data_add_dict_u64(d, "records", cs.records);
	rte_tel_data_add_dict_u64(d, "stations", cs.stations);
	rte_tel_data_add_dict_u64(d, "cache_bytes", cs.bytes);
	leave(m);
	return 0;
}

/* "/linkspan/counters" over all links, "/linkspan/counters,NAME" of one, "/linkspan/counters,-" of
 * none. */
static int on_counters(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct mgmt *m = enter();
	struct dp_link_counters sum, one;
	const struct link_id *only = NULL;
	uint64_t *to = (uint64_t *)&sum, *from = (uint64_t *)&one;
	bool none;

	(void)cmd;
	if (m == NULL)
		return -EAGAIN;
	none = params != NULL && strcmp(params, "-") == 0;
	if (params != NULL && params[0] != '\0' && !none) {
		only = link_ids_find(m->state.ids, params);
		if (only == NULL) {
			leave(m);
			return -ENOENT;
		}
	}
	memset(&sum, 0, sizeof(sum));
	for (uint16_t id = 0; id < m->state.world->n_ids; id++) {
		if (only != NULL ? id != only->id : none && id != 0)
			continue;
		show_link_counters(m, id, &one);
		for (size_t i = 0; i < sizeof(sum) / sizeof(uint64_t); i++)
			to[i] += from[i];
	}
	rte_tel_data_start_dict(d);
	for (unsigned i = 0; i < DP_N_OUTCOMES; i++)
		rte_tel_data_add_dict_u64(d, dp_outcome_name(i), sum.outcome[i]);
	for (unsigned i = 0; i < DP_N_EVENTS; i++)
		rte_tel_data_add_dict_u64(d, dp_event_name(i), sum.event[i]);
	for (unsigned i = 0; i < CTL_N_COUNTERS; i++) {
		char name[64];

		snprintf(name, sizeof(name), "control_%s", ctl_counter_name(i));
		rte_tel_data_add_dict_u64(d, name, ctl_counter(m->p.ctl, i));
	}
	leave(m);
	return 0;
}

/* A line a link: lists of dictionaries are more than DPDK 22.11 can write. */
static int add_link(const struct mgmt *m, const struct dp_link *l, struct rte_tel_data *d)
{
	char key[8], line[RTE_TEL_MAX_STRING_LEN];
	struct dp_link_counters sum;

	show_link_counters(m, l->id, &sum);
	snprintf(key, sizeof(key), "%u", l->id);
	snprintf(line, sizeof(line), "%s vlan=%u packets=%llu answered=%llu", l->name, l->vlan,
		(unsigned long long)show_packets(&sum),
		(unsigned long long)sum.outcome[DP_answered]);
	return rte_tel_data_add_dict_string(d, key, line);
}

/* "/linkspan/links,ID": a page of the links whose ids are not below ID, by id. */
static int on_links(const char *cmd, const char *params, struct rte_tel_data *d)
{
	unsigned long from = params != NULL ? strtoul(params, NULL, 10) : 0;
	struct mgmt *m = enter();
	unsigned n = 0;

	(void)cmd;
	if (m == NULL)
		return -EAGAIN;
	rte_tel_data_start_dict(d);
	for (unsigned long id = from; id < m->state.world->n_ids && n < PAGE_LINKS; id++) {
		const struct dp_link *l = show_link(m, (uint16_t)id);

		if (l == NULL)
			continue;
		if (add_link(m, l, d) < 0)
			break;
		n++;
	}
	leave(m);
	return 0;
}

int mgmt_telemetry_open(struct mgmt *m)
{
	int rc;

	rc = rte_telemetry_register_cmd(
		"/linkspan/status", on_status, "The gateway. No parameters");
	if (rc == 0)
		rc = rte_telemetry_register_cmd("/linkspan/counters", on_counters,
			"Counters over all links. Parameters: name of one link, or - for none");
	if (rc == 0)
		rc = rte_telemetry_register_cmd("/linkspan/links", on_links,
			"Links, 100 at a time. Parameters: lowest link id");
	if (rc != 0 && rc != -EEXIST)
		return rc;
	pthread_mutex_lock(&served_lock);
	served = m;
	pthread_mutex_unlock(&served_lock);
	return 0;
}

void mgmt_telemetry_close(struct mgmt *m)
{
	pthread_mutex_lock(&served_lock);
	if (served == m)
		served = NULL;
	pthread_mutex_unlock(&served_lock);
}
