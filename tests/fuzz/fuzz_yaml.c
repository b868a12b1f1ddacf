/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "yaml/diff.h"
#include "yaml/load.h"

/* A configuration file of any bytes: refused with errors fit to print, or whole and consistent. */

static void check_errors(const struct yaml_errors *errors)
{
	for (size_t i = 0; i < errors->n; i++) {
		char line[2048];
		int len = yaml_errors_format(errors, i, line, sizeof(line));

		FUZZ_CHECK(len > 0 && (size_t)len < sizeof(line));
		for (int k = 0; k < len;) {
			size_t n = utf8_printable((uint8_t *)line + k, (size_t)(len - k));

			FUZZ_CHECK(n > 0);
			k += (int)n;
		}
		FUZZ_CHECK(!i || errors->list[i].pos.line >= errors->list[i - 1].pos.line);
	}
}

static void check_services(const struct config_services *services)
{
	for (uint32_t i = 0; i < services->n_types; i++)
		FUZZ_CHECK(services->types[i].type[0] == '_' && services->types[i].via[0]);
}

static void check_link(const struct config *c, const struct config_link *link)
{
	unsigned int v4 = 0;

	FUZZ_CHECK(link->name[0] && strlen(link->name) <= CONFIG_LINK_NAME_MAX);
	FUZZ_CHECK(link->port < c->n_ports && link->vlan <= 4094);
	FUZZ_CHECK(!link->mtu || (link->mtu >= 576 && link->mtu <= 9000));
	FUZZ_CHECK(link->query_budget > 0);
	FUZZ_CHECK(link->policy_in == CONFIG_NO_POLICY || link->policy_in < c->n_policies);
	FUZZ_CHECK(link->policy_out == CONFIG_NO_POLICY || link->policy_out < c->n_policies);
	for (uint32_t i = 0; i < link->n_addresses; i++) {
		v4 += link->addresses[i].addr.family == 4;
		FUZZ_CHECK(
			link->addresses[i].len > 0 && !ip_is_multicast(&link->addresses[i].addr));
	}
	FUZZ_CHECK(v4 <= 1);
}

static void check_config(const struct config *c)
{
	FUZZ_CHECK(c->n_ports > 0 && c->gateway.id[0] && c->control.socket[0] == '/');
	for (uint32_t i = 0; i < c->n_ports; i++)
		FUZZ_CHECK(c->ports[i].name[0] && c->ports[i].target[0]);
	for (uint32_t i = 0; i < c->n_links; i++)
		check_link(c, &c->links[i]);
	for (uint32_t i = 0; i < c->n_sets; i++)
		check_services(&c->sets[i].services);
	for (uint32_t i = 0; i < c->n_policies; i++) {
		for (uint32_t k = 0; k < c->policies[i].n_rules; k++) {
			const struct config_rule *rule = &c->policies[i].rules[k];

			check_services(&rule->services);
			FUZZ_CHECK(rule->services.any || rule->services.n_types);
			FUZZ_CHECK(
				rule->kind >= CONFIG_KIND_QUERY && rule->kind <= CONFIG_KIND_BOTH);
			for (uint32_t l = 0; l < rule->from.n; l++)
				FUZZ_CHECK(rule->from.links[l] < c->n_links);
			for (uint32_t l = 0; l < rule->to.n; l++)
				FUZZ_CHECK(rule->to.links[l] < c->n_links);
		}
	}
	for (uint32_t i = 0; i < c->n_eal; i++)
		FUZZ_CHECK(!strncmp(c->eal[i], "--", 2));
	FUZZ_CHECK(config_restart_keys(c, c, NULL, 0) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct yaml_errors errors;
	struct config *config;
	int ret;

	yaml_errors_init(&errors);
	ret = yaml_load_string("fuzz", (const char *)data, size, &config, &errors);
	FUZZ_CHECK(ret == 0 || ret == -EINVAL);
	FUZZ_CHECK((ret == 0) == (config != NULL) && (ret == 0) == (errors.n_errors == 0));
	check_errors(&errors);
	if (config)
		check_config(config);
	config_free(config);
	yaml_errors_fini(&errors);
	return 0;
}
