/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>

#include "cache/cache.h"
#include "dataplane/port.h"
#include "management/eal_args.h"
#include "yaml/config.h"

/*
 * From a configuration to what the stages of a start need. Main thread; nothing here needs EAL.
 */

/* Workers to start: gateway.workers, or what the CPUs suggest; no more than there can be. */
unsigned start_workers(const struct config *config, const struct eal_cpus *cpus);

/* mbufs of the shared pool: answers being built and on their way, control's frames. */
unsigned start_pool_mbufs(unsigned n_workers);

/* Data bytes of each, for the largest MTU of the ports. */
unsigned start_pool_room(unsigned mtu);

/* What port i of the configuration is to be opened with; strings are the configuration's. */
void start_port_spec(
	const struct config *config, unsigned i, unsigned n_workers, struct dp_port_spec *out);

/* Bounds of the cache. */
void start_cache_limits(const struct config *config, struct cache_limits *out);

/* Bytes of memory to ask EAL for: gateway.memory, or an upper bound of what the limits and ports
 * can take. */
size_t start_memory(const struct config *config, unsigned n_workers);

/* Bytes below which a start must fail: what is taken at once, before a record is learned. */
size_t start_memory_least(const struct config *config, unsigned n_workers);
