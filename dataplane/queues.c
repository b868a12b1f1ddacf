/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/queues.h"

#include <stdio.h>

#include "base/log.h"
#include "dataplane/worker.h"

LOG_MODULE(port);

int dp_queues_assign(const struct dp_port *ports, unsigned n_ports,
	struct dp_worker *const *workers, unsigned n_workers)
{
	int rc;

	for (unsigned i = 0; i < n_ports; i++) {
		for (uint16_t q = 0; q < ports[i].n_queues && q < n_workers; q++) {
			rc = dp_worker_add_queue(workers[q], ports[i].id, q);
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

const char *dp_queues_text(const struct dp_port *p, const unsigned *lcore, char *buf, size_t size)
{
	size_t used = 0;
	int n;

	buf[0] = '\0';
	for (uint16_t q = 0; q < p->n_queues; q++) {
		n = snprintf(buf + used, size - used, "%s%u:w%u@lcore%u", q > 0 ? " " : "", q, q,
			lcore[q]);
		if (n < 0 || (size_t)n >= size - used) {
			buf[used] = '\0'; /* whole queues only */
			break;
		}
		used += (size_t)n;
	}
	return buf;
}

void dp_queues_log(
	const struct dp_port *ports, unsigned n_ports, const unsigned *lcore, unsigned n_workers)
{
	unsigned most = 0;
	char text[1024];

	for (unsigned i = 0; i < n_ports; i++) {
		LOG_INFO("queue map", "port=%s queues=%u map=\"%s\"", ports[i].name,
			ports[i].n_queues, dp_queues_text(&ports[i], lcore, text, sizeof(text)));
		if (ports[i].n_queues > most)
			most = ports[i].n_queues;
	}
	if (most < n_workers)
		LOG_NOTICE("more workers than queues",
			"workers=%u queues=%u hint=\"the last %u have nothing to do and sleep\"",
			n_workers, most, n_workers - most);
}
