/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dataplane/world.h"
#include "load.h"
#include "management/check.h"
#include "management/start.h"
#include "yaml/load.h"

#define HEAD                                                                                       \
	"gateway: {id: t}\nports: [{name: p, device: net_null0}, {name: q, device: \"tap:t0\"}]\n"

static unsigned pretend_cpus; /* 0: those there are */

/* In libc's place: a machine of any size. */
int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	memset(set, 0, size);
	if (pretend_cpus == 0)
		return syscall(SYS_sched_getaffinity, pid, size, set) < 0 ? -1 : 0;
	for (unsigned i = 0; i < pretend_cpus; i++)
		CPU_SET_S(i, size, set);
	return 0;
}

/* Loads `text`, checks it, and returns the first error or warning, or NULL. */
static const char *complaint(const char *text)
{
	static char line[512];
	struct yaml_errors errors;
	struct config *c = load(text);
	int rc;

	yaml_errors_init(&errors);
	rc = mgmt_check(c, &errors);
	cr_assert_eq(rc<0, errors.n_errors> 0);
	line[0] = '\0';
	if (errors.n > 0)
		yaml_errors_format(&errors, 0, line, sizeof(line));
	rc = errors.n > 0;
	yaml_errors_fini(&errors);
	config_free(c);
	return rc ? line : NULL;
}

Test(check, a_usual_file_is_good)
{
	cr_assert_null(complaint(HEAD
		"links: [{name: a, port: p, vlan: 10, addresses: [10.0.0.2/24, \"fd00::2/64\"],\n"
		"  policy: {in: x, out: x}}]\npolicies: {x: [{permit: any}]}\n"));
}

Test(check, more_prefixes_than_a_link_holds_are_an_error)
{
	char text[2048];
	const char *found;
	int at = sprintf(
		text, HEAD "links:\n  - name: a\n    port: p\n    vlan: 10\n    prefixes: [");

	for (int i = 0; i < DP_LINK_PREFIXES + 1; i++)
		at += sprintf(text + at, "%s10.%d.0.0/16", i > 0 ? ", " : "", i);
	sprintf(text + at, "]\n");
	found = complaint(text);
	cr_assert_not_null(found);
	cr_assert(strstr(found, "link a: found 17 IPv4") != NULL, "%s", found);
}

Test(check, more_links_than_there_are_ids_are_an_error)
{
	char text[2048];
	const char *found;
	int at = sprintf(text, "gateway: {id: t}\nports:\n");

	for (int i = 0; i < 3; i++)
		at += sprintf(text + at, "  - {name: p%d, device: net_null%d}\n", i, i);
	at += sprintf(text + at, "links:\n");
	for (int i = 0; i < 3; i++)
		at += sprintf(text + at,
			"  - {name: \"l%d-{vlan}\", port: p%d, vlan: \"1-4094\"}\n", i, i);
	found = complaint(text);
	cr_assert_not_null(found);
	cr_assert(strstr(found, "found 12282 with the VLANs of ranges, expected at most 8191") !=
			  NULL,
		"%s", found);
}

/* DESIGN §6: what `out` permits and `in` forbids to ask is never answered. */
Test(check, out_that_in_forbids_to_ask_is_a_warning)
{
	static const char link[] = HEAD "links: [{name: a, port: p, policy: {in: %s, out: %s}}]\n"
					"policies:\n  all: [{permit: any}]\n  none: [{deny: any}]\n"
					"  print: [{permit: _ipp._tcp}]\n  learn: [{deny: any, "
					"kind: advertisement}, {permit: any}]\n";
	static const struct {
		const char *in, *out, *says;
	} t[] = {
		{"all", "all", NULL},
		{"none", "none", NULL},
		{"print", "print", NULL},
		{"learn", "all", NULL},
		{"none", "print", "shows _ipp._tcp, but policy none denies asking for it"},
		{"print", "all", "shows any, but policy print denies asking for it"},
	};
	char text[1024];

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *found;

		snprintf(text, sizeof(text), link, t[i].in, t[i].out);
		found = complaint(text);
		if (t[i].says == NULL)
			cr_expect(found == NULL || strstr(found, "denies asking") == NULL,
				"%s/%s: %s", t[i].in, t[i].out, found);
		else
			cr_expect(found != NULL && strstr(found, t[i].says) != NULL, "%s/%s: %s",
				t[i].in, t[i].out, found ? found : "nothing");
	}
}

Test(check, memory_that_cannot_hold_the_tables_is_an_error)
{
	const char *found = complaint(
		"gateway: {id: t, memory: 128MiB}\nports: [{name: p, device: net_null0}]\n"
		"links: [{name: a, port: p}]\n");

	cr_assert_not_null(found);
	cr_assert(strstr(found, "gateway.memory: found 128 MiB, expected at least") != NULL, "%s",
		found);
	found = complaint("gateway: {id: t, memory: 512MiB, limits: {records: 10000}}\n"
			  "ports: [{name: p, device: net_null0}]\nlinks: [{name: a, port: p}]\n");
	cr_assert(found == NULL || strstr(found, "gateway.memory") == NULL, "%s", found);
}

#define SMALL                                                                                      \
	"gateway: {id: t, memory: %zuMiB}\nports: [{name: p, device: net_null0}]\n"                \
	"links: [{name: a, port: p}]\n"

/* Without gateway.workers, the start takes all CPUs but one. */
Test(check, memory_is_for_the_workers_a_start_would_have)
{
	const char *found;
	char text[256];
	struct config *c;
	size_t mib;

	snprintf(text, sizeof(text), SMALL, (size_t)1024);
	c = load(text);
	mib = start_memory_least(c, 1) >> 20;
	cr_assert_gt(start_memory_least(c, 15) >> 20, mib);
	config_free(c);
	snprintf(text, sizeof(text), SMALL, mib);
	pretend_cpus = 2;
	found = complaint(text);
	cr_assert(found == NULL || strstr(found, "gateway.memory") == NULL, "%s", found);
	pretend_cpus = 16;
	found = complaint(text);
	cr_assert(found != NULL && strstr(found, "gateway.memory") != NULL);
}

#define SOCKET_AT                                                                                  \
	HEAD "links: [{name: a, port: p, policy: {in: x, out: x}}]\n"                              \
	     "policies: {x: [{permit: any}]}\ncontrol: {socket: %s%s}\n"

Test(check, a_control_socket_that_cannot_be_made_is_told)
{
	char dir[] = "/tmp/linkspan-check-XXXXXX", text[512];
	const char *found;

	cr_assert_not_null(mkdtemp(dir));
	snprintf(text, sizeof(text), SOCKET_AT, dir, "/one/s");
	found = complaint(text);
	cr_assert_null(found, "%s", found);
	snprintf(text, sizeof(text), SOCKET_AT, dir, "/one/two/s");
	found = complaint(text);
	cr_assert_not_null(found);
	cr_assert(strstr(found, "warning: control.socket: directory ") != NULL, "%s", found);
	snprintf(text, sizeof(text), SOCKET_AT, dir, "");
	found = complaint(text);
	cr_assert_not_null(found);
	cr_assert(strstr(found, "exists and is no socket") != NULL, "%s", found);
	cr_assert_null(strstr(found, "warning"), "%s", found);
	rmdir(dir);
}
