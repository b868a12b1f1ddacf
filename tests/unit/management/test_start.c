/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "dataplane/shared.h"
#include "load.h"
#include "management/start.h"
#include "yaml/load.h"

#define HEAD                                                                                       \
	"gateway: {id: t}\nports: [{name: p, device: net_null0}, {name: q, device: \"tap:t0\"}]\n"

Test(start, a_port_is_opened_for_the_largest_mtu_of_its_links)
{
	struct config *c = load(HEAD "links:\n"
				     "  - {name: a, port: p, vlan: 1}\n"
				     "  - {name: b, port: p, vlan: 2, mtu: 9000}\n"
				     "  - {name: c, port: p, vlan: 3, mtu: 1400}\n");
	struct dp_port_spec spec;

	start_port_spec(c, 0, 4, &spec);
	cr_assert_eq(spec.mtu, 9000);
	cr_assert_eq(spec.workers, 4);
	cr_assert_eq(spec.kind, DP_PORT_VDEV);
	cr_assert_str_eq(spec.target, "net_null0");
	start_port_spec(c, 1, 4, &spec);
	cr_assert_eq(spec.mtu, 0);
	cr_assert_eq(spec.index, 1);
	cr_assert_eq(spec.kind, DP_PORT_TAP);
	cr_assert_str_eq(spec.target, "t0");
	config_free(c);
}

Test(start, memory_is_what_is_configured_or_grows_with_the_limits)
{
	struct config *small =
		load("gateway: {id: t, limits: {records: 1000}}\n"
		     "ports: [{name: p, device: net_null0}]\nlinks: [{name: a, port: p}]\n");
	struct config *big =
		load("gateway: {id: t, limits: {records: 1000000}}\n"
		     "ports: [{name: p, device: net_null0}]\nlinks: [{name: a, port: p}]\n");
	struct config *given =
		load("gateway: {id: t, memory: 300MiB}\n"
		     "ports: [{name: p, device: net_null0}]\nlinks: [{name: a, port: p}]\n");

	cr_assert_eq(start_memory(given, 1), (size_t)300 << 20);
	cr_assert_geq(start_memory(big, 1), start_memory(small, 1) + ((size_t)512 << 20));
	cr_assert_gt(start_memory(small, 8), start_memory(small, 1));
	config_free(small);
	config_free(big);
	config_free(given);
}

/* Loads `text`, checks it, and returns the first error, or NULL. */
static const char *complaint(const char *text)
{
	static char line[512];
	struct yaml_errors errors;
	struct config *c = load(text);
	int rc;

	yaml_errors_init(&errors);
	rc = start_check(c, &errors);
	cr_assert_eq(rc<0, errors.n_errors> 0);
	line[0] = '\0';
	if (errors.n > 0)
		yaml_errors_format(&errors, 0, line, sizeof(line));
	yaml_errors_fini(&errors);
	config_free(c);
	return rc < 0 ? line : NULL;
}

Test(start, a_usual_file_is_good)
{
	cr_assert_null(complaint(HEAD
		"links: [{name: a, port: p, vlan: 10, addresses: [10.0.0.2/24, \"fd00::2/64\"],\n"
		"  policy: {in: x, out: x}}]\npolicies: {x: [{permit: any}]}\n"));
}

Test(start, more_prefixes_than_a_link_holds_are_an_error)
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

Test(start, more_links_than_there_are_ids_are_an_error)
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
