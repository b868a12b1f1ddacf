/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What a record costs (DESIGN §10): fills a cache with the mix of the budget and prints the bytes
 *taken from DPDK's heap per record, and what they are for. Run by `meson test --benchmark`. Fails
 *above 512 bytes a record.
 *
 *	measure_memory [SERVICES]	default 200000: a million records
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_malloc.h>

#include "cache/cache.h"
#include "dns/name.h"

#define RECORDS_PER_SERVICE 5
#define SERVICES_PER_STATION 2
#define LINKS 1000
#define TXT_LEN 120
#define BUDGET 512

static void ignore(void *arg, uint32_t rec)
{
	(void)arg;
	(void)rec;
}

static void ignore_due(void *arg, uint32_t rec, unsigned stage)
{
	(void)arg;
	(void)rec;
	(void)stage;
}

static const struct cache_ops ops = {
	.added = ignore, .removing = ignore, .dying = ignore, .due = ignore_due};

static size_t heap(void)
{
	struct rte_malloc_socket_stats s;
	size_t sum = 0;

	for (int socket = 0; socket < RTE_MAX_NUMA_NODES; socket++) {
		if (rte_malloc_get_socket_stats(socket, &s) == 0)
			sum += s.heap_allocsz_bytes;
	}
	return sum;
}

static int learn(struct cache *c, struct cache_learn *l, const char *name, uint16_t rrtype,
	const void *rdata, size_t rdlen)
{
	uint8_t wire[DNS_NAME_MAX];
	uint32_t rec;

	l->name = wire;
	l->name_len = (uint8_t)dns_name_from_text(name, wire);
	l->rrtype = rrtype;
	l->rdata = rdata;
	l->rdlen = (uint16_t)rdlen;
	l->cache_flush = rrtype != DNS_TYPE_PTR;
	l->ttl = rrtype == DNS_TYPE_PTR || rrtype == DNS_TYPE_TXT ? 4500 : 120;
	return cache_learn(c, l, 0, &rec) == CACHE_NEW ? 0 : -1;
}

/* PTR, SRV, TXT, A and AAAA of the i-th service, each with names of usual length. */
static int learn_service(struct cache *c, unsigned i)
{
	static const char *const types[] = {"_ipp._tcp", "_airplay._tcp", "_googlecast._tcp",
		"_raop._tcp", "_printer._tcp", "_smb._tcp", "_ssh._tcp", "_http._tcp"};
	const char *type = types[i % 8];
	unsigned host = i / SERVICES_PER_STATION;
	uint8_t target[DNS_NAME_MAX], srv[6 + DNS_NAME_MAX] = {0}, txt[TXT_LEN] = {TXT_LEN - 1};
	uint8_t ip[16] = {0xfd, [8] = (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
	struct cache_learn l = {
		.link = (uint16_t)(host % LINKS),
		.mac = {{2, 0, 0, (uint8_t)(host >> 16), (uint8_t)(host >> 8), (uint8_t)host}},
	};
	char ptr[64], instance[64], name[64];
	size_t len;
	int rc;

	snprintf(ptr, sizeof(ptr), "%s.local", type);
	snprintf(instance, sizeof(instance), "Device %06u.%s.local", i, type);
	snprintf(name, sizeof(name), "host-%06u.local", i);
	len = (size_t)dns_name_from_text(instance, target);
	rc = learn(c, &l, ptr, DNS_TYPE_PTR, target, len);
	len = (size_t)dns_name_from_text(name, srv + 6);
	rc |= learn(c, &l, instance, DNS_TYPE_SRV, srv, 6 + len);
	rc |= learn(c, &l, instance, DNS_TYPE_TXT, txt, sizeof(txt));
	rc |= learn(c, &l, name, DNS_TYPE_A, ip + 7, 4);
	rc |= learn(c, &l, name, DNS_TYPE_AAAA, ip, 16);
	return rc;
}

static void print_part(const char *what, size_t bytes, uint32_t records)
{
	printf("  %-10s %7.1f\n", what, (double)bytes / records);
}

static int measure(unsigned services)
{
	static const struct sip_key key = {{1, 2}};
	struct cache_limits limits = {
		.records = services * RECORDS_PER_SERVICE,
		.records_per_station = 1024,
		.records_per_link = 100000,
		.ttl = 86400,
		.stations = services / SERVICES_PER_STATION + 1,
		.links = LINKS,
	};
	const struct cache_view *v;
	struct cache_stats s;
	struct defer defer;
	size_t before, bytes;
	struct cache *c;
	struct rcu rcu;

	if (rcu_create(&rcu, 1, SLAB_SOCKET_ANY, &slab_mem_plain) < 0 ||
		defer_init(&defer, &rcu, 1024, SLAB_SOCKET_ANY, &slab_mem_plain) < 0)
		return EXIT_FAILURE;
	before = heap();
	c = cache_create("measure", &limits, &key, &defer, &ops, NULL, SLAB_SOCKET_ANY, 0, 0);
	if (c == NULL) {
		perror("cache_create");
		return EXIT_FAILURE;
	}
	for (unsigned i = 0; i < services; i++) {
		if (learn_service(c, i) < 0) {
			fprintf(stderr, "service %u was refused\n", i);
			return EXIT_FAILURE;
		}
	}
	bytes = heap() - before;
	cache_stats(c, &s);
	v = cache_view(c);
	printf("%u records, %u nodes, %u stations: %.1f bytes a record\n", s.records, s.nodes,
		s.stations, (double)bytes / s.records);
	print_part("records", slab_bytes(v->record_slab), s.records);
	print_part("nodes", slab_bytes(v->node_slab), s.records);
	print_part("chunks", slab_bytes(v->chunk_small) + slab_bytes(v->chunk_large), s.records);
	print_part("blobs", blob_bytes(v->blobs), s.records);
	print_part("stations", slab_bytes(v->station_slab), s.records);
	print_part("hashes etc", bytes - s.bytes, s.records);
	cache_destroy(c);
	printf("after destruction: %zu bytes left\n", heap() - before);
	defer_fini(&defer);
	rcu_destroy(&rcu);
	return bytes <= (size_t)BUDGET * s.records ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	static char args[][24] = {"measure", "--no-huge", "-m", "", "--no-shconf", "--no-telemetry",
		"--no-pci", "-l", "0", "--log-level=*:error"};
	enum { ARGC = sizeof(args) / sizeof(args[0]) };
	unsigned services = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 200000;
	char *eal[ARGC + 1] = {NULL};
	int rc;

	/* Megabytes: 4 KiB a service, and what EAL wants. */
	snprintf(args[3], sizeof(args[3]), "%u", 128 + services / 250);
	for (int i = 0; i < ARGC; i++)
		eal[i] = args[i];
	if (rte_eal_init(ARGC, eal) < 0)
		return EXIT_FAILURE;
	rc = measure(services);
	rte_eal_cleanup();
	return rc;
}
