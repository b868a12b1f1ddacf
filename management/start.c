/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/start.h"

#include <errno.h>
#include <stdlib.h>

#include "dataplane/shared.h"
#include "policy/policy.h"

#define MIB ((size_t)1 << 20)

/* Measured: record, node, chunk, names and rdata of a usual mix, and the three hash tables' share.
 */
#define RECORD_BYTES 640
#define RECORD_LEAST 160 /* ... of that at the start already: the hash tables */
#define STATION_BYTES 256
#define BASE_BYTES (96 * MIB)   /* EAL, control's bounded tables */
#define WORKER_BYTES (24 * MIB) /* counters, schedule, rings */

unsigned start_workers(const struct config *config, const struct eal_cpus *cpus)
{
	unsigned n =
		config->gateway.workers != 0 ? config->gateway.workers : eal_default_workers(cpus);

	return n < DP_WORKERS_MAX ? n : DP_WORKERS_MAX;
}

unsigned start_pool_mbufs(unsigned n_workers)
{
	return 8192 + 2048 * n_workers;
}

unsigned start_pool_room(unsigned mtu)
{
	return mtu + DP_HDR_MAX + DP_PORT_TAIL;
}

static enum dp_port_kind port_kind(enum config_device kind)
{
	switch (kind) {
	case CONFIG_DEVICE_KERNEL:
		return DP_PORT_KERNEL;
	case CONFIG_DEVICE_XDP:
		return DP_PORT_XDP;
	case CONFIG_DEVICE_TAP:
		return DP_PORT_TAP;
	case CONFIG_DEVICE_PCI:
		return DP_PORT_PCI;
	case CONFIG_DEVICE_VDEV:
		break;
	}
	return DP_PORT_VDEV;
}

void start_port_spec(
	const struct config *config, unsigned i, unsigned n_workers, struct dp_port_spec *out)
{
	const struct config_port *port = &config->ports[i];

	*out = (struct dp_port_spec){
		.name = port->name,
		.device = port->device,
		.kind = port_kind(port->kind),
		.target = port->target,
		.index = i,
		.workers = n_workers,
	};
	for (uint32_t l = 0; l < config->n_links; l++) {
		if (config->links[l].port == i && config->links[l].mtu > out->mtu)
			out->mtu = config->links[l].mtu;
	}
}

void start_cache_limits(const struct config *config, struct cache_limits *out)
{
	const struct config_limits *limits = &config->gateway.limits;

	*out = (struct cache_limits){
		.records = limits->records,
		.records_per_station = limits->records_per_station,
		.records_per_link = limits->records_per_link,
		.records_per_type = limits->records_per_type,
		.ttl = limits->ttl,
		.stations = limits->stations,
		.links = DP_LINKS_MAX,
	};
}

static size_t need(const struct config *config, unsigned n_workers, size_t record_bytes)
{
	struct cache_limits limits;
	struct dp_port_spec spec;
	size_t bytes = BASE_BYTES + n_workers * WORKER_BYTES;
	unsigned mtu = 1500;

	start_cache_limits(config, &limits);
	bytes += (size_t)limits.records * record_bytes + (size_t)limits.stations * STATION_BYTES;
	bytes += config->gateway.limits.rendered;
	for (unsigned i = 0; i < config->n_ports; i++) {
		start_port_spec(config, i, n_workers, &spec);
		bytes += dp_port_memory(&spec);
		if (spec.mtu > mtu)
			mtu = spec.mtu;
	}
	bytes += (size_t)start_pool_mbufs(n_workers) * (start_pool_room(mtu) + 512);
	return (bytes + 64 * MIB - 1) / (64 * MIB) * (64 * MIB);
}

size_t start_memory(const struct config *config, unsigned n_workers)
{
	if (config->gateway.memory != 0)
		return config->gateway.memory;
	return need(config, n_workers, RECORD_BYTES);
}

size_t start_memory_least(const struct config *config, unsigned n_workers)
{
	return need(config, n_workers, RECORD_LEAST);
}
