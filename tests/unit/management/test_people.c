/* SPDX-License-Identifier: BSD-3-Clause */

/* Who stations are: commands, what explain makes of it, and what a reload says it will change. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "base/counter.h"
#include "bench.h"
#include "dns/name.h"
#include "dns/wire.h"
#include "load.h"
#include "policy/names.h"

#define CONFIG(rules)                                                                              \
	"gateway: {id: t}\nports: [{name: p, device: net_ring_p}]\n"                               \
	"locations: {c: {n: {}, s: {}}}\n"                                                         \
	"roles: [staff, student]\n"                                                                \
	"links:\n"                                                                                 \
	"  - {name: a, port: p, vlan: 10, addresses: [10.0.0.2/24], location: c/n, policy: {in: "  \
	"all}}\n"                                                                                  \
	"  - {name: b, port: p, vlan: 20, addresses: [10.0.1.2/24], policy: {out: see}}\n"         \
	"stations:\n"                                                                              \
	"  - {mac: \"02:00:00:00:00:01\", user: ann, role: staff}\n"                               \
	"  - {mac: \"02:00:00:00:00:11\", user: ann, location: c/s}\n"                             \
	"policies:\n"                                                                              \
	"  all: [{permit: any}]\n"                                                                 \
	"  see:\n" rules

#define RULES                                                                                      \
	"    - {permit: airplay, when: {same: user}}\n"                                            \
	"    - {permit: airplay, role: staff, when: {same: location, level: 2}}\n"                 \
	"    - {permit: airprint}\n"

static int fd;

static void learn(unsigned station, const char *type, const char *instance)
{
	size_t len;
	const uint8_t *wire = bench_wire(instance, &len);

	bench_learn("a", station, type, DNS_TYPE_PTR, wire, len, false, false);
}

static void start(void)
{
	bench_start(CONFIG(RULES));
	fd = bench_client();
	learn(1, "_airplay._tcp.local", "Ann._airplay._tcp.local");
	learn(2, "_airplay._tcp.local", "Bob._airplay._tcp.local");
	learn(2, "_ipp._tcp.local", "Printer._ipp._tcp.local");
	learn(2, "_http._tcp.local", "Web._http._tcp.local");
	bench_settle();
}

/* A command of several words, parted by blanks. */
static json_t *ask(const char *words)
{
	char line[512] = "{\"cmd\":\"", *text = strdup(words), *save = NULL;
	unsigned n = 0;

	for (char *w = strtok_r(text, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save), n++)
		sprintf(line + strlen(line),
			n == 0   ? "%s\",\"args\":["
			: n == 1 ? "\"%s\""
				 : ",\"%s\"",
			w);
	strcat(line, "]}\n");
	free(text);
	bench_send(fd, line);
	return bench_reply(fd);
}

static void expect_error(const char *words, const char *error)
{
	json_t *r = ask(words);
	const char *said = json_string_value(json_object_get(r, "error"));

	cr_assert_not_null(said, "%s is not refused", words);
	cr_assert_str_eq(said, error, "%s: %s", words, said);
	json_decref(r);
}

/* What it is said to be, "ann/staff/c/n"; ? for what is not known. */
static void expect_is(json_t *r, const char *what)
{
	static const char *const keys[] = {"user", "role", "location"};
	json_t *is = json_object_get(r, "is");
	char text[128] = "";

	cr_assert_not_null(is);
	for (unsigned i = 0; i < 3; i++) {
		const char *v = json_string_value(json_object_get(is, keys[i]));

		sprintf(text + strlen(text), "%s%s", i ? "/" : "", v != NULL ? v : "?");
	}
	cr_assert_str_eq(text, what, "%s", text);
}

Test(people, are_what_was_said_last, .init = start)
{
	json_t *r = ask("station set 02:00:00:00:00:01 role=student location=c/s");

	expect_is(r, "ann/student/c/s");
	json_decref(r);
	/* A name left empty is none, whatever the file says. */
	r = ask("station set 02:00:00:00:00:01 user=");
	expect_is(r, "?/student/c/s");
	json_decref(r);
	/* It outlasts a reload. */
	bench_write(CONFIG(RULES "    - {deny: any}\n"));
	json_decref(bench_ask(fd, "reload", NULL));
	r = ask("station set 02:00:00:00:00:01 location=c/n");
	expect_is(r, "?/student/c/n");
	json_decref(r);
	r = ask("station remove 02:00:00:00:00:01");
	expect_is(r, "ann/staff/?");
	json_decref(r);
	/* It was on no link, and nothing is said of it. */
	expect_error("station remove 02:00:00:00:00:77",
		"nothing is known of a station 02:00:00:00:00:77");
	bench_stop();
}

Test(people, of_whom_nonsense_is_said_stay_as_they_are, .init = start)
{
	expect_error("station set 02:00:00:00:00:01 role=boss", "roles: does not list boss");
	expect_error("station set 02:00:00:00:00:01 location=c/x", "there is no location c/x");
	expect_error("station set 02:00:00:00:00:01 floor=3",
		"expected user=NAME, role=NAME, location=PATH, ap=NAME, "
		"authenticated=true|false, address=IP or link=NAME");
	expect_error("station set 02:00:00:00:00:01 authenticated=maybe",
		"authenticated: expected true or false");
	expect_error(
		"station set 02:00:00:00:00:01 address=10.0.0", "address: expected an IP address");
	expect_error("station set 02:00:00:00:00:01 address=10.0.0.0/99",
		"address: expected an IP address, or a prefix");
	expect_error("station set 02:00:00:00:00:01 address=10.0.0.1 address=10.0.0.2 "
		     "address=10.0.0.3 address=10.0.0.4 address=10.0.0.5",
		"address: expected at most 4");
	expect_error("station set 02:00:00:00:00:01 link=z", "there is no link z");
	expect_error("station set 01:00:00:00:00:01 user=ann",
		"01:00:00:00:00:01 is not the MAC address of a station");
	expect_error("station set ann user=ann", "ann is not the MAC address of a station");
	expect_error("station set 02:00:00:00:00:01",
		"expected: station set MAC user=NAME role=NAME location=PATH ap=NAME "
		"authenticated=true|false address=IP link=NAME, or station show|remove MAC");
	bench_stop();
}

/* The object of a service in an explanation. */
static json_t *service(json_t *r, const char *instance)
{
	json_t *s;
	size_t i;

	json_array_foreach(json_object_get(r, "services"), i, s)
	{
		if (strcmp(json_string_value(json_object_get(s, "instance")), instance) == 0)
			return s;
	}
	cr_assert_fail("no %s", instance);
	return NULL;
}

static const char *text(json_t *o, const char *key)
{
	const char *v = json_string_value(json_object_get(o, key));

	return v != NULL ? v : "";
}

Test(people, are_told_apart_by_explain, .init = start)
{
	json_t *r = ask("explain consumer=link=b"), *ann, *rule, *bob;

	cr_expect_str_eq(text(service(r, "Ann"), "verdict"), "depends");
	cr_expect_str_eq(text(service(r, "Printer"), "verdict"), "permit");
	cr_expect_str_eq(text(service(r, "Web"), "verdict"), "deny");
	cr_expect(json_is_null(json_object_get(service(r, "Printer"), "asked")));
	json_decref(r);

	r = ask("explain consumer=02:00:00:00:00:11@b");
	ann = service(r, "Ann");
	cr_expect_str_eq(text(ann, "verdict"), "permit");
	cr_expect_eq(json_integer_value(json_object_get(json_object_get(ann, "rule"), "line")), 14);
	rule = json_array_get(json_object_get(ann, "asked"), 0);
	cr_expect_str_eq(text(rule, "relation"), "same user: consumer ann, provider ann");
	cr_expect_str_eq(text(rule, "relation_holds"), "yes");
	bob = service(r, "Bob");
	cr_expect_str_eq(text(bob, "verdict"), "deny");
	cr_assert_eq(json_array_size(json_object_get(bob, "asked")), 2);
	rule = json_array_get(json_object_get(bob, "asked"), 0);
	cr_expect_str_eq(text(rule, "relation"), "same user: consumer ann, provider unknown");
	cr_expect_str_eq(text(rule, "relation_holds"), "no");
	rule = json_array_get(json_object_get(bob, "asked"), 1);
	cr_expect_str_eq(text(rule, "consumer_matches"), "no");
	cr_expect_str_eq(text(rule, "relation"),
		"same location down to level 2: consumer c/s, provider c/n");
	json_decref(r);

	/* Said by command, it is explained at once. */
	json_decref(ask("station set 02:00:00:00:00:12 role=staff location=c/n"));
	r = ask("explain consumer=02:00:00:00:00:12@b");
	cr_expect_str_eq(text(service(r, "Bob"), "verdict"), "permit");
	json_decref(r);
	expect_error("explain consumer=02:00:00:00:00:77",
		"02:00:00:00:00:77 has not been heard, so its link is not known: say "
		"02:00:00:00:00:77@LINK");
	expect_error("explain consumer=02:00:00:00:00:77@x", "there is no link x");
	bench_stop();
}

Test(people, explain_of_what_is_not_held, .init = start)
{
	json_t *r = ask("explain consumer=link=b service=Gone._ipp._tcp.local");

	cr_expect_str_eq(text(r, "unknown"),
		"nothing is held of it: it was not announced where it may be learned");
	json_decref(r);
	/* Of the printer only the PTR is held; whom to ask for the rest is known. */
	r = ask("flush");
	json_decref(r);
	r = ask("explain consumer=link=b service=Printer._ipp._tcp.local");
	cr_expect_not_null(
		strstr(text(r, "unknown"), "nothing is held of it"), "%s", text(r, "unknown"));
	json_decref(r);
	bench_stop();
}

static json_int_t count(json_t *r, const char *how)
{
	return json_integer_value(
		json_object_get(json_object_get(json_object_get(r, "services"), how), "count"));
}

static const char *first(json_t *r, const char *how)
{
	return json_string_value(json_array_get(
		json_object_get(json_object_get(json_object_get(r, "services"), how), "names"), 0));
}

static json_int_t decided(json_t *r, unsigned rule)
{
	return json_integer_value(
		json_object_get(json_array_get(json_object_get(r, "rules"), rule), "hits"));
}

/* A rule that stays keeps its count, wherever it stands now; another one begins anew. */
Test(people, a_reload_keeps_the_counts_of_rules, .init = start)
{
	json_t *r;

	COUNTER_ADD(bench.mgmt->state.world->hits[0][2], 5);
	COUNTER_ADD(bench.mgmt->state.world->hits[1][2], 2);
	COUNTER_ADD(bench.mgmt->state.world->hits[0][4], 3);
	r = bench_ask(fd, "show", "policy");
	cr_expect_eq(decided(r, 0), 0);
	cr_expect_eq(decided(r, 1), 7);
	cr_expect_eq(decided(r, 3), 3);
	json_decref(r);
	bench_write(CONFIG("    - {permit: airprint}\n"
			   "    - {permit: airplay, when: {same: user}}\n"
			   "    - {permit: airprint}\n"
			   "    - {permit: airplay}\n"));
	json_decref(bench_ask(fd, "reload", NULL));
	r = bench_ask(fd, "show", "policy");
	cr_expect_eq(decided(r, 1), 3);
	cr_expect_eq(decided(r, 2), 7);
	cr_expect_eq(decided(r, 3), 0);
	cr_expect_eq(decided(r, 4), 0);
	json_decref(r);
	COUNTER_ADD(bench.mgmt->state.world->hits[0][3], 1);
	bench_write(CONFIG(RULES));
	json_decref(bench_ask(fd, "reload", NULL));
	r = bench_ask(fd, "show", "policy");
	cr_expect_eq(decided(r, 1), 8);
	json_decref(r);
	bench_stop();
}

Test(people, a_reload_says_what_comes_into_view_and_goes, .init = start)
{
	json_t *r;

	bench_write(CONFIG("    - {permit: airplay, when: {same: user}}\n"
			   "    - {permit: _http._tcp}\n"));
	r = bench_ask(fd, "reload", "--dry-run");
	cr_expect_str_eq(json_string_value(json_array_get(
				 json_object_get(json_object_get(r, "rules"), "added"), 0)),
		"see: {permit: _http._tcp}");
	cr_expect_eq(json_array_size(json_object_get(json_object_get(r, "rules"), "removed")), 2);
	cr_expect_eq(count(r, "visible"), 1);
	cr_expect_str_eq(first(r, "visible"), "Web._http._tcp.local");
	cr_expect_eq(count(r, "hidden"), 1);
	cr_expect_str_eq(first(r, "hidden"), "Printer._ipp._tcp.local");
	json_decref(r);
	r = bench_ask(fd, "reload", NULL);
	cr_expect_eq(count(r, "visible"), 1);
	cr_expect_eq(count(r, "hidden"), 1);
	json_decref(r);
	r = bench_ask(fd, "reload", NULL);
	cr_expect_eq(count(r, "visible") + count(r, "hidden"), 0);
	json_decref(r);
	bench_stop();
}

/* Each name once: what nothing speaks of any more is taken back, what something does is not. */
Test(people, names_made_up_each_time_do_not_pile_up, .init = start)
{
	char words[128];

	json_decref(ask("station set 02:00:00:00:00:09 user=eve ap=roof"));
	for (unsigned i = 0; i < 5 * 4200; i++) {
		snprintf(words, sizeof(words), "station set 02:00:00:00:00:08 user=guest-%u", i);
		json_decref(ask(words));
		if (i % 4200 == 4199) {
			bench.now_us += 61 * US_PER_SEC;
			bench_settle();
		}
	}
	cr_expect_leq(policy_names_count(bench.mgmt->names), 2 * 4200 + 10);
	json_t *r = ask("station show 02:00:00:00:00:09");

	expect_is(r, "eve/?/?");
	cr_expect_str_eq(
		json_string_value(json_object_get(json_object_get(r, "is"), "ap")), "roof");
	json_decref(r);
	r = ask("station show 02:00:00:00:00:01");
	expect_is(r, "ann/staff/?");
	json_decref(r);
	r = ask("station show 02:00:00:00:00:08");
	expect_is(r, "guest-20999/?/?");
	json_decref(r);
	bench_stop();
}
