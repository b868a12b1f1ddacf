/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/diff.h"

#include "load.h"

static const char base[] = "gateway: {id: a, limits: {ttl: 24h}}\n"
			   "ports: [{name: p, device: \"tap:t0\"}, {name: q, device: \"tap:t1\"}]\n"
			   "links: [{name: l, port: p, policy: {in: x}}]\n"
			   "policies: {x: [{permit: web}]}\n"
			   "eal: {log-level: a}\n";

/* Expect the keys, joined by blanks, that differ from `base`. */
static void expect_keys(const char *text, const char *expected)
{
	struct config *running = load_good(base), *new = load_good(text);
	struct config_key_name names[16];
	size_t n = config_restart_keys(running, new, names, 16);
	char joined[1024] = "";

	cr_assert_leq(n, 16);
	for (size_t i = 0; i < n; i++)
		sprintf(joined + strlen(joined), "%s%s", i ? " " : "", names[i].text);
	cr_expect_str_eq(joined, expected);
	cr_expect(eq(sz, config_restart_keys(new, running, NULL, 0), n));
	config_free(running);
	config_free(new);
}

Test(diff, equal)
{
	expect_keys(base, "");
}

Test(diff, a_default_equals_its_value_written_out)
{
	expect_keys("gateway: {id: a, workers: auto, idle: auto, limits: {ttl: 86400s, records: "
		    "1000000}}\n"
		    "ports: [{name: p, device: \"tap:t0\"}, {name: q, device: \"tap:t1\"}]\n"
		    "links: []\n"
		    "control: {socket: /run/linkspan/control.sock}\n"
		    "eal: {log-level: [a]}\n",
		"");
}

Test(diff, reloadable_keys_are_not_listed)
{
	expect_keys("gateway: {id: a}\n"
		    "ports: [{name: p, device: \"tap:t0\"}, {name: q, device: \"tap:t1\"}]\n"
		    "links: [{name: m, port: q, vlan: 7, mtu: 1400, policy: {out: y}}]\n"
		    "services: {s: [web]}\n"
		    "policies: {y: [{deny: s}]}\n"
		    "eal: {log-level: a}\n",
		"");
}

Test(diff, every_restart_key_is_listed)
{
	expect_keys("gateway: {id: b, workers: 3, memory: 1GiB, idle: poll, limits: {records: 1, "
		    "stations: 50, records_per_station: 2, records_per_link: 3, "
		    "rendered: 1MiB, ttl: 4s}}\n"
		    "ports: [{name: p, device: \"tap:t2\"}, {name: r, device: \"tap:t1\"}]\n"
		    "links: []\n"
		    "control: {socket: /a, group: g}\n"
		    "eal: {log-level: b}\n",
		"gateway.id gateway.workers gateway.memory gateway.idle gateway.limits.records "
		"gateway.limits.stations gateway.limits.records_per_station "
		"gateway.limits.records_per_link gateway.limits.rendered "
		"gateway.limits.ttl ports[0].device ports[1].name control.socket control.group "
		"eal");
}

Test(diff, number_of_ports_and_options)
{
	expect_keys("gateway: {id: a}\n"
		    "ports: [{name: p, device: \"tap:t0\"}]\n"
		    "links: []\n"
		    "eal: {log-level: a, no-huge: true}\n",
		"ports eal");
}

Test(diff, more_keys_than_room)
{
	struct config *running = load_good(base);
	struct config *new = load_good("gateway: {id: b, workers: 3}\n"
				       "ports: [{name: p, device: \"tap:t0\"}]\n"
				       "links: []\n"
				       "eal: {log-level: a}\n");
	struct config_key_name names[2] = {{"untouched"}, {"untouched"}};

	cr_expect(eq(sz, config_restart_keys(running, new, names, 1), 3));
	cr_expect_str_eq(names[0].text, "gateway.id");
	cr_expect_str_eq(names[1].text, "untouched");
	config_free(running);
	config_free(new);
}
