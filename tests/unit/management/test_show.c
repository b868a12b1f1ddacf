/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/counter.h"
#include "bench.h"
#include "dns/name.h"
#include "dns/wire.h"

#define CONFIG                                                                                     \
	"gateway: {id: t}\nports: [{name: p, device: net_ring_p}]\n"                               \
	"links:\n"                                                                                 \
	"  - {name: a, port: p, vlan: 10, addresses: [10.0.0.2/24], policy: {in: x, out: x}}\n"    \
	"  - {name: b, port: p, vlan: 20, mode: off}\n"                                            \
	"policies: {x: [{permit: any}]}\n"

static int fd;

static void start(void)
{
	bench_start(CONFIG);
	fd = bench_client();
}

/* The value at a path like "links.0.name". */
static json_t *at(json_t *v, const char *path)
{
	char key[64];

	while (v != NULL && *path != '\0') {
		size_t n = strcspn(path, ".");

		snprintf(key, sizeof(key), "%.*s", (int)n, path);
		v = json_is_array(v) ? json_array_get(v, strtoul(key, NULL, 10))
				     : json_object_get(v, key);
		path += n + (path[n] == '.');
	}
	return v;
}

static void expect_text(json_t *v, const char *path, const char *text)
{
	const char *found = json_string_value(at(v, path));

	cr_assert_not_null(found, "%s is no text", path);
	cr_assert_str_eq(found, text, "%s: %s", path, found);
}

static void expect_number(json_t *v, const char *path, long long number)
{
	cr_assert(json_is_integer(at(v, path)), "%s is no number", path);
	cr_assert_eq(json_integer_value(at(v, path)), number, "%s: %lld", path,
		(long long)json_integer_value(at(v, path)));
}

Test(show, status, .init = start)
{
	json_t *r = bench_ask(fd, "show", "status");

	expect_text(r, "gateway", "t");
	expect_text(r, "version", LINKSPAN_VERSION);
	cr_assert(json_is_true(at(r, "ready")));
	cr_assert(json_is_null(at(r, "reload_error")));
	expect_number(r, "generation", 1);
	expect_number(r, "links", 2);
	expect_number(r, "ports", 1);
	expect_number(r, "workers.0.worker", 0);
	expect_number(r, "policy.rules", 1);
	json_decref(r);
	bench_stop();
}

Test(show, ports, .init = start)
{
	json_t *r = bench_ask(fd, "show", "ports");

	expect_text(r, "ports.0.name", "p");
	expect_text(r, "ports.0.driver", "net_ring");
	expect_text(r, "ports.0.mac", "02:6c:73:70:00:00");
	expect_text(r, "ports.0.link", "up");
	expect_number(r, "ports.0.mtu", 1500);
	expect_number(r, "ports.0.queues.0.worker", 0);
	expect_number(r, "ports.0.stats.ipackets", 0);
	json_decref(r);
	bench_stop();
}

Test(show, links, .init = start)
{
	json_t *r = bench_ask(fd, "show", "links");

	cr_assert_eq(json_array_size(at(r, "links")), 2);
	expect_text(r, "links.0.name", "a");
	expect_text(r, "links.0.port", "p");
	expect_text(r, "links.0.mode", "gateway");
	expect_number(r, "links.0.vlan", 10);
	expect_number(r, "links.0.mtu", 1500);
	expect_text(r, "links.0.addresses.0", "10.0.0.2");
	expect_text(r, "links.0.addresses.1", "fe80::6c:73ff:fe70:0");
	expect_text(r, "links.0.policy.in", "x");
	expect_text(r, "links.1.mode", "off");
	cr_assert(json_is_null(at(r, "links.1.policy.out")));
	json_decref(r);
	bench_stop();
}

Test(show, policy, .init = start)
{
	json_t *r = bench_ask(fd, "show", "policy");

	expect_text(r, "rules.0.policy", "x");
	expect_text(r, "rules.0.file", bench.file);
	expect_number(r, "rules.0.line", 6);
	cr_assert(json_is_true(at(r, "rules.0.permit")));
	json_decref(r);
	bench_stop();
}

/* Every name of outcome.h, for every link and for packets of none; summed over workers and control.
 */
Test(show, counters, .init = start)
{
	struct dp_link_counters *worker = bench.shared.counters[0].link;
	struct dp_link_counters *control = bench.shared.counters[1].link;
	long long host;
	char path[96];
	json_t *r;

	r = bench_ask(fd, "show", "counters");
	host = json_integer_value(at(r, "links.1.events.tx_host"));
	json_decref(r);
	COUNTER_ADD(worker[1].outcome[DP_answered], 3);
	COUNTER_ADD(worker[0].outcome[DP_unknown_link], 5);
	COUNTER_ADD(worker[1].event[DP_EV_tx_host], 2);
	COUNTER_ADD(control[1].event[DP_EV_tx_host], 4);
	r = bench_ask(fd, "show", "counters");
	cr_assert_eq(json_array_size(at(r, "links")), 3);
	cr_assert(json_is_null(at(r, "links.0.link")));
	expect_number(r, "links.0.outcomes.unknown_link", 5);
	expect_text(r, "links.1.link", "a");
	expect_number(r, "links.1.outcomes.answered", 3);
	expect_number(r, "links.1.events.tx_host", host + 6);
	for (unsigned i = 0; i < DP_N_OUTCOMES; i++) {
		snprintf(path, sizeof(path), "links.2.outcomes.%s", dp_outcome_name(i));
		expect_number(r, path, 0);
	}
	for (unsigned i = 0; i < DP_N_EVENTS; i++) {
		snprintf(path, sizeof(path), "links.2.events.%s", dp_event_name(i));
		cr_assert(json_is_integer(at(r, path)), "%s", path);
	}
	for (unsigned i = 0; i < CTL_N_COUNTERS; i++) {
		snprintf(path, sizeof(path), "control.%s", ctl_counter_name(i));
		cr_assert(json_is_integer(at(r, path)), "%s", path);
	}
	expect_number(r, "cache.records", 0);
	expect_number(r, "ports.0.stats.opackets", 0);
	json_decref(r);
	bench_stop();
}

/* --- the cache ------------------------------------------------------------------------------- */

static void learn_ptr(unsigned station, const char *type, const char *instance)
{
	size_t len;
	const uint8_t *wire = bench_wire(instance, &len);

	bench_learn("a", station, type, DNS_TYPE_PTR, wire, len, false, false);
}

static void learn_srv(unsigned station, const char *instance, uint16_t port, const char *host)
{
	uint8_t rdata[6 + DNS_NAME_MAX] = {0, 0, 0, 0, (uint8_t)(port >> 8), (uint8_t)port};
	size_t len;
	const uint8_t *wire = bench_wire(host, &len);

	memcpy(rdata + 6, wire, len);
	bench_learn("a", station, instance, DNS_TYPE_SRV, rdata, 6 + len, true, false);
}

static const uint8_t txt[] = "\4a=b\"";
static const uint8_t v4[4] = {10, 0, 0, 7};
static const uint8_t ll[16] = {0xfe, 0x80, [15] = 9};

static json_t *find(json_t *list, const char *key, const char *value)
{
	json_t *e;
	size_t i;

	json_array_foreach(list, i, e)
	{
		if (strcmp(json_string_value(json_object_get(e, key)), value) == 0)
			return e;
	}
	cr_assert_fail("no %s %s", key, value);
	return NULL;
}

Test(show, records, .init = start)
{
	json_t *r, *ptr, *addr;

	learn_ptr(1, "_ipp._tcp.local", "Caf\xc3\xa9 \\. 1._ipp._tcp.local");
	bench_learn("a", 1, "host.local", DNS_TYPE_AAAA, ll, 16, true, true);
	bench.now_us += 20 * UINT64_C(1000000);
	r = bench_ask(fd, "show", "records");
	cr_assert_eq(json_array_size(at(r, "records")), 2);
	ptr = find(at(r, "records"), "type", "PTR");
	expect_text(ptr, "name", "_ipp._tcp.local");
	expect_text(ptr, "data", "Caf\xc3\xa9 \\. 1._ipp._tcp.local");
	expect_text(ptr, "link", "a");
	expect_text(ptr, "provider", "02:00:00:00:00:01");
	expect_number(ptr, "ttl", 120);
	expect_number(ptr, "ttl_left", 100);
	cr_assert_eq(json_array_size(at(ptr, "flags")), 0);
	addr = find(at(r, "records"), "type", "AAAA");
	expect_text(addr, "data", "fe80::9");
	expect_text(addr, "flags.0", "unique");
	expect_text(addr, "flags.1", "link-local");
	json_decref(r);
	bench_stop();
}

Test(show, services_and_what_they_lack, .init = start)
{
	json_t *r, *s;

	learn_ptr(1, "_ipp._tcp.local", "Whole._ipp._tcp.local");
	learn_srv(1, "Whole._ipp._tcp.local", 631, "whole.local");
	bench_learn("a", 1, "Whole._ipp._tcp.local", DNS_TYPE_TXT, txt, 5, true, false);
	bench_learn("a", 1, "whole.local", DNS_TYPE_A, v4, 4, true, false);
	learn_ptr(2, "_ipp._tcp.local", "Bare._ipp._tcp.local");
	learn_ptr(3, "_ipp._tcp.local", "Lost._ipp._tcp.local");
	learn_srv(3, "Lost._ipp._tcp.local", 631, "lost.local");
	learn_ptr(4, "_ipp._tcp.local", "Local._ipp._tcp.local");
	learn_srv(4, "Local._ipp._tcp.local", 80, "local-only.local");
	bench_learn("a", 4, "Local._ipp._tcp.local", DNS_TYPE_TXT, txt, 5, true, false);
	bench_learn("a", 4, "local-only.local", DNS_TYPE_AAAA, ll, 16, true, true);
	/* Subtypes are no services of their own. */
	learn_ptr(1, "_universal._sub._ipp._tcp.local", "Whole._ipp._tcp.local");

	r = bench_ask(fd, "show", "services");
	cr_assert_eq(json_array_size(at(r, "services")), 4);
	s = find(at(r, "services"), "instance", "Whole");
	expect_text(s, "type", "_ipp._tcp.local");
	expect_text(s, "link", "a");
	expect_text(s, "host", "whole.local");
	expect_number(s, "port", 631);
	expect_text(s, "addresses.0", "10.0.0.7");
	expect_text(s, "state", "complete");
	cr_assert(json_is_null(at(s, "why")));
	s = find(at(r, "services"), "instance", "Bare");
	expect_text(s, "state", "incomplete");
	cr_assert(strstr(json_string_value(at(s, "why")), "SRV is missing") != NULL);
	cr_assert(json_is_null(at(s, "host")));
	s = find(at(r, "services"), "instance", "Lost");
	expect_text(s, "state", "incomplete");
	cr_assert(strstr(json_string_value(at(s, "why")), "no address is known") != NULL);
	s = find(at(r, "services"), "instance", "Local");
	expect_text(s, "state", "hidden");
	expect_text(s, "addresses.0", "fe80::9");
	cr_assert(strstr(json_string_value(at(s, "why")), "RFC 8766") != NULL);
	json_decref(r);
	bench_stop();
}

Test(show, stations, .init = start)
{
	json_t *r;

	bench_learn("a", 5, "one.local", DNS_TYPE_A, v4, 4, true, false);
	bench_learn("a", 5, "two.local", DNS_TYPE_A, v4, 4, true, false);
	r = bench_ask(fd, "show", "stations");
	cr_assert_eq(json_array_size(at(r, "stations")), 1);
	expect_text(r, "stations.0.mac", "02:00:00:00:00:05");
	expect_text(r, "stations.0.link", "a");
	expect_number(r, "stations.0.records", 2);
	json_decref(r);
	bench_stop();
}

/* More than a page, with holes: each record once. */
Test(show, many_records_come_in_pages, .init = start)
{
	char name[64];
	json_t *r;

	for (unsigned i = 0; i < 2500; i++) {
		uint8_t addr[4] = {10, 1, (uint8_t)(i >> 8), (uint8_t)i};

		snprintf(name, sizeof(name), "h%u.local", i);
		bench_learn("a", 1 + i % 50, name, DNS_TYPE_A, addr, 4, true, false);
	}
	r = bench_ask(fd, "show", "records");
	cr_assert_eq(json_array_size(at(r, "records")), 2500);
	json_decref(r);
	r = bench_ask(fd, "flush", "link=a");
	expect_number(r, "flushed", 2500);
	json_decref(r);
	r = bench_ask(fd, "show", "records");
	cr_assert_eq(json_array_size(at(r, "records")), 0);
	json_decref(r);
	bench_stop();
}
