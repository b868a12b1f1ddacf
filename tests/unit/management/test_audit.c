/* SPDX-License-Identifier: BSD-3-Clause */

/* The audit: what becomes of notes, of files that cannot be written, of files that grow. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <rte_ring_elem.h>

#include "bench.h"
#include "dns/name.h"
#include "dns/wire.h"
#include "management/audit.h"

static char file[128], old[140];
static int fd;

/* The file is in the directory of the bench, which bench_start() makes. */
static const char *config(const char *where)
{
	static char text[1024];

	snprintf(text, sizeof(text),
		"gateway: {id: t}\nports: [{name: p, device: net_ring_p}]\n"
		"links:\n"
		"  - {name: a, port: p, vlan: 10, addresses: [10.0.0.2/24], policy: {in: x}}\n"
		"  - {name: b, port: p, vlan: 20, policy: {out: x}}\n"
		"stations: [{mac: \"02:00:00:00:00:01\", user: ann, role: staff}]\n"
		"policies:\n  x:\n    - {deny: airplay}\n    - {permit: any}\n%s",
		where);
	return text;
}

static void start(void)
{
	char where[256];

	bench_start(config(""));
	fd = bench_client();
	snprintf(file, sizeof(file), "%s/audit.jsonl", bench.dir);
	snprintf(old, sizeof(old), "%s.1", file);
	snprintf(where, sizeof(where), "audit: {file: \"%s\", rotate: 64KiB}\n", file);
	bench_write(config(where));
	json_decref(bench_ask(fd, "reload", NULL));
	bench_settle();
}

static void stop(void)
{
	bench_settle();
	unlink(file);
	unlink(old);
	bench_stop();
}

/* Line n of the file, from 0; NULL: there is none. */
static json_t *line(const char *path, unsigned n)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;
	json_t *o = NULL;

	if (f == NULL)
		return NULL;
	for (unsigned i = 0; getline(&text, &size, f) > 0; i++) {
		if (i < n)
			continue;
		o = json_loads(text, 0, NULL);
		cr_assert_not_null(o, "not JSON: %s", text);
		break;
	}
	free(text);
	fclose(f);
	return o;
}

static const char *text(json_t *o, const char *key)
{
	const char *v = json_string_value(json_object_get(o, key));

	return v != NULL ? v : "";
}

static void expect(json_t *o, const char *key, const char *value)
{
	cr_expect_str_eq(text(o, key), value, "%s: %s", key, text(o, key));
}

/* A note of worker 0 as it would be: a denied question of ann's. */
static struct dp_audit_event question(uint64_t tag)
{
	struct dp_audit_event e = {.tag = tag,
		.generation = bench.mgmt->state.world->generation,
		.kind = DP_AUDIT_DENIED,
		.what = DP_AUDIT_QUERY,
		.family = 4,
		.link = 2,
		.rrtype = DNS_TYPE_PTR,
		.verdict = 1,
		.mac = {{2, 0, 0, 0, 0, 1}},
		.ip = {10, 0, 1, 9}};

	e.name_len = (uint8_t)dns_name_from_text("_airplay._tcp.local", e.name);
	return e;
}

Test(audit, a_line_says_who_what_and_by_which_rule, .init = start)
{
	struct dp_audit_event e = question(7);
	json_t *o = line(file, 0), *rule;

	/* The reload that switched it on. */
	expect(o, "event", "config");
	expect(o, "what", "reload");
	json_decref(o);
	dp_audit_push(bench.shared.audit[0], &e);
	bench_settle();
	o = line(file, 1);
	expect(o, "event", "denied");
	expect(o, "link", "b");
	expect(o, "direction", "in");
	expect(o, "kind", "query");
	expect(o, "mac", "02:00:00:00:00:01");
	expect(o, "ip", "10.0.1.9");
	expect(o, "user", "ann");
	expect(o, "role", "staff");
	expect(o, "type", "_airplay._tcp");
	expect(o, "rrtype", "PTR");
	cr_expect_eq(json_integer_value(json_object_get(o, "count")), 1);
	rule = json_object_get(o, "rule");
	expect(rule, "file", bench.file);
	expect(rule, "policy", "x");
	cr_expect_eq(json_integer_value(json_object_get(rule, "line")), 9);
	cr_expect_eq(strlen(text(o, "time")), strlen("2026-01-01T00:00:00.000Z"));
	json_decref(o);
	/* By an answer its provider too; by default there is no rule; of an instance its name. */
	e = question(8);
	e.what = DP_AUDIT_ANSWER;
	e.verdict = 0;
	e.other = 1;
	e.provider = (struct mac_addr){{2, 0, 0, 0, 0, 5}};
	e.name_len = (uint8_t)dns_name_from_text("Ann\\.s TV._airplay._tcp.local", e.name);
	dp_audit_push(bench.shared.audit[0], &e);
	bench_settle();
	o = line(file, 2);
	expect(o, "direction", "out");
	expect(o, "kind", "answer");
	expect(o, "provider", "02:00:00:00:00:05");
	expect(o, "provider_link", "a");
	cr_expect(json_is_null(json_object_get(o, "rule")));
	expect(o, "type", "_airplay._tcp");
	cr_expect_not_null(strstr(text(o, "instance"), "TV"));
	json_decref(o);
	/* The rules of a configuration that is gone are not told by the numbers of another. */
	e = question(9);
	e.generation--;
	dp_audit_push(bench.shared.audit[0], &e);
	bench_settle();
	o = line(file, 3);
	expect(o, "rule", "of a configuration before this one");
	json_decref(o);
	stop();
}

Test(audit, what_repeats_is_counted, .init = start)
{
	struct dp_audit *a = bench.shared.audit[0];
	struct dp_audit_event e = question(77);
	uint32_t now_ms = 1000000;
	json_t *o;

	for (unsigned i = 0; i < 500; i++)
		if (dp_audit_first(a, e.tag, now_ms))
			dp_audit_push(a, &e);
	bench_settle();
	o = line(file, 1);
	cr_expect_eq(json_integer_value(json_object_get(o, "count")), 1);
	json_decref(o);
	cr_expect_null(line(file, 2));
	/* Quiet for a while: the lcore's count goes, and management tells it when its time is up.
	 */
	for (unsigned i = 0; i < DP_AUDIT_SLOTS / 64 + 1; i++)
		dp_audit_turn(a, now_ms + DP_AUDIT_FOLD_MS + 20 * i);
	bench_settle();
	cr_expect_null(line(file, 2));
	bench.now_us += (AUDIT_FOLD_S + 1) * UINT64_C(1000000);
	for (unsigned i = 0; i < AUDIT_KINDS / 64 + 1; i++)
		bench_settle();
	o = line(file, 2);
	cr_assert_not_null(o);
	expect(o, "event", "denied");
	expect(o, "type", "_airplay._tcp");
	cr_expect_eq(json_integer_value(json_object_get(o, "count")), 499);
	json_decref(o);
	cr_expect_null(line(file, 3));
	stop();
}

Test(audit, another_kind_pushes_a_count_out_and_loses_nothing, .init = start)
{
	struct dp_audit *a = bench.shared.audit[0];
	uint64_t step = DP_AUDIT_SLOTS / 4, lines = 0, counted = 0;
	json_t *o;

	/* Five kinds that want the same four places, over and over. */
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 1; i <= 5; i++) {
			struct dp_audit_event e = question(i * step);

			if (dp_audit_first(a, e.tag, 1000 + round))
				dp_audit_push(a, &e);
			if (dp_audit_first(a, e.tag, 1000 + round))
				dp_audit_push(a, &e);
		}
		bench_settle();
	}
	bench.now_us += (AUDIT_FOLD_S + 1) * UINT64_C(1000000);
	for (unsigned i = 0; i < DP_AUDIT_SLOTS / 64 + 1; i++)
		dp_audit_turn(a, 1000000 + 20 * i);
	for (unsigned i = 0; i < 2 * (AUDIT_KINDS / 64 + 1); i++) {
		bench.now_us += 2 * UINT64_C(1000000);
		bench_settle();
	}
	for (unsigned i = 1; (o = line(file, i)) != NULL; i++, lines++) {
		counted += (uint64_t)json_integer_value(json_object_get(o, "count"));
		json_decref(o);
	}
	cr_expect_eq(counted, 200, "%llu in %llu lines", (unsigned long long)counted,
		(unsigned long long)lines);
	cr_expect_leq(lines, 30);
	stop();
}

Test(audit, a_full_ring_costs_notes_which_are_counted, .init = start)
{
	struct dp_audit *a = bench.shared.audit[0];
	json_t *r, *audit;

	for (unsigned i = 1; i <= DP_AUDIT_RING + 99; i++) {
		struct dp_audit_event e = question(i);

		if (dp_audit_first(a, i, 1000))
			dp_audit_push(a, &e);
	}
	cr_expect_eq(a->lost, 100);
	/* What was lost is a first one again. */
	cr_expect(dp_audit_first(a, DP_AUDIT_RING + 99, 1001));
	r = bench_ask(fd, "show", "status");
	audit = json_object_get(r, "audit");
	cr_expect_eq(json_integer_value(json_object_get(audit, "lost")), 100);
	cr_expect_str_eq(text(audit, "file"), file);
	json_decref(r);
	stop();
}

Test(audit, a_file_that_cannot_be_written_costs_lines, .init = start)
{
	struct dp_audit_event e = question(5);
	char where[64];
	json_t *r;

	/* No space at all. */
	snprintf(where, sizeof(where), "audit: {file: /dev/full}\n");
	bench_write(config(where));
	json_decref(bench_ask(fd, "reload", NULL));
	dp_audit_push(bench.shared.audit[0], &e);
	bench_settle();
	r = bench_ask(fd, "show", "status");
	cr_expect_geq(json_integer_value(json_object_get(json_object_get(r, "audit"), "lost")), 1);
	cr_expect_str_eq(text(json_object_get(r, "audit"), "file"), "/dev/full");
	json_decref(r);
	stop();
}

Test(audit, a_large_file_is_renamed, .init = start)
{
	struct stat st;

	for (unsigned i = 1; i <= 600; i++) {
		struct dp_audit_event e = question(i * 0x10001ull);

		dp_audit_push(bench.shared.audit[0], &e);
		if (i % 100 == 0)
			bench_settle();
	}
	cr_assert_eq(stat(old, &st), 0);
	cr_expect_leq(st.st_size, 64 << 10);
	cr_expect_gt(st.st_size, 60 << 10);
	cr_assert_eq(stat(file, &st), 0);
	cr_expect_leq(st.st_size, 64 << 10);
	stop();
}

/* What logrotate does: the file is moved away, and a signal or a reload says so. */
Test(audit, a_file_moved_away_is_let_go_of, .init = start)
{
	struct dp_audit_event e = question(5);
	json_t *o;

	cr_assert_eq(rename(file, old), 0);
	mgmt_audit_open(bench.mgmt);
	dp_audit_push(bench.shared.audit[0], &e);
	bench_settle();
	o = line(file, 0);
	expect(o, "event", "denied");
	json_decref(o);
	stop();
}
