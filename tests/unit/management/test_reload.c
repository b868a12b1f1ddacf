/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "bench.h"
#include "cache/cache.h"
#include "dns/wire.h"

#define HEAD "gateway: {id: t}\nports: [{name: p, device: net_ring_p}]\n"
#define POLICIES "policies: {learn: [{permit: any}], show: [{permit: _ipp._tcp}]}\n"
#define LINK(name, vlan)                                                                           \
	"  - {name: " name ", port: p, vlan: " vlan ", policy: {in: learn, out: show}}\n"
#define TWO HEAD "links:\n" LINK("a", "1") LINK("b", "2") POLICIES

static const struct dp_world *in_force(void)
{
	return bench.shared.world;
}

static const char *error_of(const json_t *reply)
{
	return json_string_value(json_object_get(reply, "error"));
}

Test(reload, brings_a_changed_file_into_force)
{
	json_t *reply;
	int fd;

	bench_start(TWO);
	cr_assert_eq(in_force()->generation, 1);
	bench_write(HEAD "links:\n" LINK("c", "3") LINK("a", "5") POLICIES);
	fd = bench_client();
	reply = bench_ask(fd, "reload", NULL);
	cr_assert_null(error_of(reply));
	cr_assert_eq(json_integer_value(json_object_get(reply, "generation")), 2);
	cr_assert_eq(in_force()->generation, 2, "the answer comes when it is in force");
	cr_assert_eq(in_force()->n_links, 2);
	cr_assert_str_eq(dp_world_link(in_force(), 1)->name, "a");
	cr_assert_eq(dp_world_link(in_force(), 1)->vlan, 5);
	cr_assert_null(dp_world_link(in_force(), 2));
	cr_assert_str_eq(dp_world_link(in_force(), 3)->name, "c");
	json_decref(reply);
	bench_stop();
}

/* All or nothing: the running configuration stays, and every error is told. */
Test(reload, refuses_a_broken_file_with_all_its_errors)
{
	const struct dp_world *before;
	json_t *reply, *details;
	int fd;

	bench_start(TWO);
	before = in_force();
	bench_write(HEAD "links:\n  - {name: a, port: nowhere, vlan: 5000}\nnonsense: 1\n");
	fd = bench_client();
	reply = bench_ask(fd, "reload", NULL);
	cr_assert_not_null(error_of(reply));
	details = json_object_get(reply, "details");
	cr_assert_geq(json_array_size(details), 3);
	cr_assert(strstr(json_string_value(json_array_get(details, 0)), "test.yaml:") != NULL);
	json_decref(reply);
	cr_assert_eq(in_force(), before);

	/* It is remembered until a reload succeeds. */
	reply = bench_ask(fd, "show", "status");
	cr_assert_not_null(json_string_value(json_object_get(reply, "reload_error")));
	json_decref(reply);
	bench_write(TWO);
	json_decref(bench_ask(fd, "reload", NULL));
	reply = bench_ask(fd, "show", "status");
	cr_assert(json_is_null(json_object_get(reply, "reload_error")));
	json_decref(reply);
	bench_stop();
}

Test(reload, refuses_what_only_a_restart_changes_and_names_it)
{
	json_t *reply;
	int fd;

	bench_start(TWO);
	bench_write("gateway: {id: other}\nports: [{name: p, device: net_ring_p}]\n"
		    "links:\n" LINK("a", "1") POLICIES);
	fd = bench_client();
	reply = bench_ask(fd, "reload", NULL);
	cr_assert_str_eq(error_of(reply), "only a restart changes gateway.id");
	cr_assert_null(json_object_get(reply, "details"), "said once");
	cr_assert_eq(json_array_size(json_object_get(reply, "restart_keys")), 1);
	cr_assert_eq(in_force()->generation, 1);
	json_decref(reply);
	bench_stop();
}

Test(reload, of_what_the_ports_cannot_do_is_refused)
{
	json_t *reply;
	int fd;

	bench_start(TWO);
	bench_write(HEAD "links: [{name: a, port: p, vlan: 1, mtu: 9000}]\n");
	fd = bench_client();
	reply = bench_ask(fd, "reload", NULL);
	cr_assert(strstr(error_of(reply), "found 9000, but port p has 1500") != NULL, "%s",
		error_of(reply));
	cr_assert_eq(in_force()->generation, 1);
	json_decref(reply);
	bench_stop();
}

Test(reload, dry_tells_the_changes_and_changes_nothing)
{
	json_t *reply;
	int fd;

	bench_start(TWO);
	bench_write(HEAD "links:\n" LINK("a", "1") POLICIES);
	fd = bench_client();
	reply = bench_ask(fd, "reload", "--dry-run");
	cr_assert(json_is_true(json_object_get(reply, "dry_run")));
	cr_assert_str_eq(json_string_value(json_array_get(
				 json_object_get(json_object_get(reply, "links"), "removed"), 0)),
		"b");
	bench_settle();
	cr_assert_eq(in_force()->generation, 1);
	cr_assert_eq(in_force()->n_links, 2);
	json_decref(reply);
	bench_stop();
}

/* Two clients at once: one reload is under way, the other is told so. */
Test(reload, is_one_at_a_time)
{
	json_t *first, *second;
	int a, b;

	bench_start(TWO);
	a = bench_client();
	b = bench_client();
	bench_send(a, "{\"cmd\":\"reload\"}\n");
	bench_send(b, "{\"cmd\":\"reload\"}\n");
	first = bench_reply(a);
	second = bench_reply(b);
	cr_assert_null(error_of(first));
	cr_assert_str_eq(error_of(second), "another reload is under way");
	json_decref(first);
	json_decref(second);
	bench_stop();
}

Test(reload, outlives_the_client_that_asked)
{
	int fd;

	bench_start(TWO);
	bench_write(HEAD "links:\n" LINK("a", "1") POLICIES);
	fd = bench_client();
	bench_send(fd, "{\"cmd\":\"reload\"}\n");
	mgmt_turn(bench.mgmt, bench.now_us);
	close(fd);
	bench_settle();
	cr_assert_eq(in_force()->generation, 2);
	cr_assert_eq(in_force()->n_links, 1);
	bench_stop();
}

Test(reload, records_of_a_removed_link_go_with_it)
{
	static const uint8_t addr[4] = {10, 0, 0, 9};
	uint16_t id;

	bench_start(TWO);
	id = link_ids_find(bench.mgmt->state.ids, "b")->id;
	bench_learn("b", 1, "host.local", DNS_TYPE_A, addr, 4, true, false);
	cr_assert_eq(cache_link_records(ctl_cache(bench.ctl), id), 1);
	bench_write(HEAD "links:\n" LINK("a", "1") POLICIES);
	json_decref(bench_ask(bench_client(), "reload", NULL));
	bench_settle();
	cr_assert_eq(cache_link_records(ctl_cache(bench.ctl), id), 0);
	bench_stop();
}

/* A port whose MTU falls takes its links with it. */
Test(reload, follows_a_ports_mtu)
{
	bench_start(TWO);
	mgmt_port_seen(bench.mgmt, 0, true, 1280);
	bench_settle();
	cr_assert_eq(in_force()->generation, 2);
	cr_assert_eq(dp_world_link(in_force(), 1)->mtu, 1280);
	mgmt_port_seen(bench.mgmt, 0, true, 9000);
	bench_settle();
	cr_assert_eq(dp_world_link(in_force(), 1)->mtu, 1500, "no more than buffers hold");
	bench_stop();
}

#define WIDE HEAD "links: [{name: a, port: p, vlan: 1, mtu: 1400}]\n"

/* An explicit mtu beyond what the port has now: the link follows, and reloads go on. */
Test(reload, a_port_below_a_links_mtu_clamps_it)
{
	json_t *reply;

	bench_start(WIDE);
	mgmt_port_seen(bench.mgmt, 0, true, 1280);
	bench_settle();
	cr_assert_eq(in_force()->generation, 2);
	cr_assert_eq(dp_world_link(in_force(), 1)->mtu, 1280);
	reply = bench_ask(bench_client(), "reload", NULL);
	cr_assert_null(error_of(reply), "%s", error_of(reply));
	json_decref(reply);
	cr_assert_eq(dp_world_link(in_force(), 1)->mtu, 1280);
	mgmt_port_seen(bench.mgmt, 0, true, 1500);
	bench_settle();
	cr_assert_eq(dp_world_link(in_force(), 1)->mtu, 1400, "what it asks for, again");
	bench_stop();
}

/* SIGHUP with a broken file in the same turn as the port's change. */
Test(reload, that_is_refused_does_not_swallow_a_rebuild)
{
	const struct mgmt_waiter nobody = {.slot = -1};

	bench_start(TWO);
	bench_write("nonsense\n");
	mgmt_port_seen(bench.mgmt, 0, true, 1280);
	mgmt_reload(bench.mgmt, false, nobody);
	bench_settle();
	cr_assert_eq(dp_world_link(in_force(), 1)->mtu, 1280);
	bench_stop();
}

/* What --check finds beyond the file's own rules. */
Test(reload, finds_and_warns_of_what_check_does)
{
	json_t *reply;
	char text[2048];
	int fd, at;

	bench_start(TWO);
	fd = bench_client();
	at = sprintf(text, HEAD "links:\n");
	for (int l = 0; l < 2; l++) {
		at += sprintf(
			text + at, "  - {name: l%d, port: p, vlan: %d, prefixes: [", l, l + 1);
		for (int i = 0; i < DP_LINK_PREFIXES + 1; i++)
			at += sprintf(text + at, "%s10.%d.0.0/16", i > 0 ? ", " : "", i);
		at += sprintf(text + at, "]}\n");
	}
	bench_write(text);
	reply = bench_ask(fd, "reload", NULL);
	cr_assert_not_null(error_of(reply));
	cr_assert_eq(json_array_size(json_object_get(reply, "details")), 2, "both links");
	json_decref(reply);
	bench_write(HEAD "links: [{name: a, port: p, policy: {in: none, out: all}}]\n"
			 "policies: {all: [{permit: any}], none: [{deny: any}]}\n");
	reply = bench_ask(fd, "reload", NULL);
	cr_assert_null(error_of(reply));
	cr_assert_eq(json_array_size(json_object_get(reply, "warnings")), 1);
	json_decref(reply);
	bench_stop();
}

Test(reload, a_carrier_lost_and_found_is_told_to_control)
{
	bench_start(TWO);
	mgmt_port_seen(bench.mgmt, 0, false, 1500);
	bench_settle();
	cr_assert_not(bench.mgmt->port_told[0]);
	mgmt_port_seen(bench.mgmt, 0, true, 1500);
	bench_settle();
	cr_assert(bench.mgmt->port_told[0]);
	bench_stop();
}

Test(reload, leaving_empties_the_world_and_stops_the_lcores)
{
	bench_start(TWO);
	mgmt_leave(bench.mgmt, bench.now_us);
	cr_assert_not(mgmt_leaving(bench.mgmt), "control says goodbye first");
	bench_settle();
	cr_assert(mgmt_leaving(bench.mgmt));
	cr_assert_eq(in_force()->n_links, 0);
	cr_assert_eq(in_force()->generation, 2);
	bench_stop();
}

/* Control is stuck: management does not wait for ever. */
Test(reload, leaving_does_not_wait_for_ever)
{
	bench_start(TWO);
	mgmt_leave(bench.mgmt, bench.now_us);
	mgmt_turn(bench.mgmt, bench.now_us + US_PER_SEC);
	cr_assert_not(mgmt_leaving(bench.mgmt));
	mgmt_turn(bench.mgmt, bench.now_us + 10 * US_PER_SEC);
	cr_assert(mgmt_leaving(bench.mgmt));
	bench_stop();
}
