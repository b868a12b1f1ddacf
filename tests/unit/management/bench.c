/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_mbuf.h>
#include <rte_ring_elem.h>

#include "base/clock.h"
#include "cache/cache.h"
#include "dataplane/msg.h"
#include "dns/name.h"
#include "load.h"

struct bench bench;

void bench_eal(void)
{
	static char args[][24] = {"test", "--no-huge", "-m", "256", "--no-shconf", "--no-telemetry",
		"--no-pci", "-l", "0", "--log-level=*:error"};
	enum { ARGC = sizeof(args) / sizeof(args[0]) };
	char *argv[ARGC + 1] = {NULL};

	for (int i = 0; i < ARGC; i++)
		argv[i] = args[i];
	cr_assert_geq(rte_eal_init(ARGC, argv), 0);
}

void bench_port(unsigned n_queues)
{
	const struct dp_port_spec spec = {
		.name = "p", .device = "rings", .kind = DP_PORT_VDEV, .workers = n_queues};
	struct rte_ring *rx[8], *tx[8];
	char name[32], why[DP_PORT_WHY];
	int id;

	for (unsigned q = 0; q < n_queues; q++) {
		snprintf(name, sizeof(name), "rx%u", q);
		rx[q] = rte_ring_create(name, 1024, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
		snprintf(name, sizeof(name), "tx%u", q);
		tx[q] = rte_ring_create(name, 1024, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
	}
	id = rte_eth_from_rings("net_ring_p", rx, n_queues, tx, n_queues, 0);
	cr_assert_geq(id, 0);
	cr_assert_eq(dp_port_open_existing(&bench.port, &spec, (uint16_t)id, why), 0, "%s", why);
}

void bench_write(const char *text)
{
	FILE *f = fopen(bench.file, "w");

	cr_assert_not_null(f);
	cr_assert_geq(fputs(text, f), 0);
	cr_assert_eq(fclose(f), 0);
}

void bench_start(const char *text)
{
	struct ctl_params params = {.limits = {.records = 4000,
					    .records_per_station = 4000,
					    .records_per_link = 4000,
					    .ttl = 86400,
					    .stations = 100,
					    .links = DP_LINKS_MAX},
		.hash_key = {{1, 2}},
		.seed = 7,
		.socket = SLAB_SOCKET_ANY};
	struct mgmt_params mp = {
		.ports = &bench.port, .n_ports = 1, .shared = &bench.shared, .socket = ""};

	bench_eal();
	bench_port(1);
	bench.now_us = 1000 * US_PER_SEC;
	cr_assert_eq(dp_shared_init(&bench.shared, 1, 2047, 2048, SLAB_SOCKET_ANY), 0);
	bench.ctl = ctl_create(&bench.shared, &params, bench.now_us);
	cr_assert_not_null(bench.ctl);
	strcpy(bench.dir, "/tmp/linkspan-test-XXXXXX");
	cr_assert_not_null(mkdtemp(bench.dir));
	snprintf(bench.file, sizeof(bench.file), "%s/test.yaml", bench.dir);
	bench_write(text);
	mp.ctl = bench.ctl;
	mp.config = load(text);
	/* Reloads read the file of that name. */
	mp.config->file = bench.file;
	bench.mgmt = mgmt_create(&mp, bench.now_us);
	cr_assert_not_null(bench.mgmt);
	bench_settle();
	cr_assert(mgmt_ready(bench.mgmt));
}

/* No worker runs: what control tells it is dropped. */
static unsigned drop_downcalls(void)
{
	struct dp_downcall d;
	unsigned n = 0;

	while (rte_ring_dequeue_elem(bench.shared.down[0], &d, sizeof(d)) == 0) {
		if (dp_down_has_mbuf(&d))
			rte_pktmbuf_free(d.m);
		n++;
	}
	return n;
}

void bench_stop(void)
{
	drop_downcalls();
	ctl_destroy(bench.ctl);
	mgmt_destroy(bench.mgmt);
	drop_downcalls();
	cr_assert_eq(rte_mempool_in_use_count(bench.shared.pool), 0);
	dp_shared_fini(&bench.shared);
	dp_port_close(&bench.port);
	unlink(bench.file);
	cr_assert_eq(rmdir(bench.dir), 0, "something was left in %s", bench.dir);
}

void bench_settle(void)
{
	for (unsigned idle = 0, i = 0; idle < 4 && i < 100000; i++) {
		unsigned done = mgmt_turn(bench.mgmt, bench.now_us);

		done += ctl_turn(bench.ctl, bench.now_us);
		done += drop_downcalls();
		idle = done == 0 && bench.mgmt->pending == NULL ? idle + 1 : 0;
		if (done == 0)
			bench.now_us += US_PER_MS;
	}
}

/* --- clients --------------------------------------------------------------------------------- */

int bench_client(void)
{
	int fd[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	cr_assert_geq(mgmt_client_add(bench.mgmt, fd[1]), 0);
	return fd[0];
}

void bench_send(int fd, const char *line)
{
	cr_assert_eq(send(fd, line, strlen(line), MSG_NOSIGNAL), (ssize_t)strlen(line));
}

json_t *bench_reply(int fd)
{
	size_t len = 0, cap = 1 << 20;
	char *buf = malloc(cap);
	json_error_t error;
	json_t *reply;

	for (unsigned i = 0; i < 100000; i++) {
		ssize_t n = recv(fd, buf + len, cap - len, 0);

		if (n == 0) {
			free(buf);
			return NULL;
		}
		if (n < 0) {
			if (mgmt_turn(bench.mgmt, bench.now_us) +
					ctl_turn(bench.ctl, bench.now_us) + drop_downcalls() ==
				0)
				bench.now_us += US_PER_MS;
			continue;
		}
		len += (size_t)n;
		if (buf[len - 1] == '\n')
			break;
		if (len == cap)
			buf = realloc(buf, cap *= 2);
	}
	cr_assert_gt(len, 0, "no reply");
	reply = json_loadb(buf, len, 0, &error);
	cr_assert_not_null(reply, "%s", error.text);
	free(buf);
	return reply;
}

json_t *bench_ask(int fd, const char *cmd, const char *arg)
{
	char line[256];

	if (arg != NULL)
		snprintf(line, sizeof(line), "{\"cmd\":\"%s\",\"args\":[\"%s\"]}\n", cmd, arg);
	else
		snprintf(line, sizeof(line), "{\"cmd\":\"%s\"}\n", cmd);
	bench_send(fd, line);
	return bench_reply(fd);
}

/* --- records --------------------------------------------------------------------------------- */

const uint8_t *bench_wire(const char *text, size_t *len)
{
	static uint8_t name[DNS_NAME_MAX];
	int n = dns_name_from_text(text, name);

	cr_assert_gt(n, 0, "%s", text);
	*len = (size_t)n;
	return name;
}

void bench_learn(const char *link, unsigned station, const char *name, uint16_t rrtype,
	const void *rdata, size_t rdlen, bool flush, bool link_local)
{
	struct cache_learn l = {.cache_flush = flush,
		.rrtype = rrtype,
		.rdata = rdata,
		.rdlen = (uint16_t)rdlen,
		.link = link_ids_find(bench.mgmt->state.ids, link)->id,
		.ttl = 120,
		.link_local = link_local,
		.mac = {{2, 0, 0, 0, 0, (uint8_t)station}}};
	uint8_t wire[DNS_NAME_MAX];
	int len = dns_name_from_text(name, wire);
	uint32_t rec;

	cr_assert_gt(len, 0, "%s", name);
	l.name = wire;
	l.name_len = (uint8_t)len;
	cr_assert_eq(cache_learn(ctl_cache(bench.ctl), &l, clock_ms(bench.now_us), &rec), CACHE_NEW,
		"%s", name);
}
