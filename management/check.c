/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/world.h"
#include "dns/wire.h"
#include "management/socket_path.h"
#include "management/start.h"
#include "policy/names.h"
#include "policy/policy.h"

/* What a file's own rules cannot know. */

static void check_link(const struct config_link *l, struct yaml_errors *errors)
{
	unsigned own6 = 0, pfx4 = 0, pfx6 = 0;

	for (uint32_t i = 0; i < l->n_addresses; i++) {
		if (l->addresses[i].addr.family == 4) {
			pfx4++;
		} else {
			pfx6++;
			own6++;
		}
	}
	for (uint32_t i = 0; i < l->n_prefixes; i++) {
		if (l->prefixes[i].addr.family == 4)
			pfx4++;
		else
			pfx6++;
	}
	if (own6 > DP_LINK_ADDRS - 1)
		yaml_errors_add(errors, YAML_ERROR, &l->pos,
			"link %s: found %u IPv6 addresses, expected at most %u", l->name, own6,
			DP_LINK_ADDRS - 1);
	if (pfx4 > DP_LINK_PREFIXES || pfx6 > DP_LINK_PREFIXES)
		yaml_errors_add(errors, YAML_ERROR, &l->pos,
			"link %s: found %u IPv4 and %u IPv6 prefixes with those of its addresses, "
			"expected at most %u of each",
			l->name, pfx4, pfx6, DP_LINK_PREFIXES);
}

/* Class of a service type as the rules write it ("_ipp._tcp"), or of what they call `any`. */
static uint32_t type_class(const struct policy *p, const char *type)
{
	const char *dot = strchr(type, '.');
	size_t first = (size_t)(dot - type), second = strlen(dot + 1);
	uint8_t wire[2 * (DNS_LABEL_MAX + 1)];

	wire[0] = (uint8_t)first;
	memcpy(wire + 1, type, first);
	wire[first + 1] = (uint8_t)second;
	memcpy(wire + first + 2, dot + 1, second);
	return policy_type(p, wire, (uint8_t)(first + second + 2));
}

/* Does the link show this type to its stations, but keep them from asking for it? */
static bool is_unaskable(const struct policy *p, uint16_t link, uint32_t type)
{
	const struct policy_table *t = policy_table(p);

	return policy_permits(policy_ask(t, type, policy_out_column(p, link))) &&
	       !policy_permits(policy_ask(t, type, policy_query_column(p, link)));
}

/* The first type a rule permits that the link's own `in` keeps from being asked; NULL: none. */
static const char *unaskable_type(
	const struct policy *p, uint16_t link, const struct config_rule *r)
{
	if (!r->permit)
		return NULL;
	if (r->services.any && is_unaskable(p, link, POLICY_TYPE_OTHER))
		return "any";
	for (uint32_t i = 0; i < r->services.n_types; i++)
		if (is_unaskable(p, link, type_class(p, r->services.types[i].type)))
			return r->services.types[i].type;
	return NULL;
}

/*
 * DESIGN §6: a question heard on a link is put to its `in` and then to its `out`, so what `in`
 * denies outright is never answered, whatever `out` permits. Said once for each pair of policies.
 */
static void check_asking(const struct config *config, const struct policy *p, const uint16_t *ids,
	struct yaml_errors *errors)
{
	for (uint32_t i = 0; i < config->n_links; i++) {
		const struct config_link *l = &config->links[i];
		const struct config_policy *out;
		uint32_t before = 0;

		if (l->policy_in == CONFIG_NO_POLICY || l->policy_out == CONFIG_NO_POLICY)
			continue;
		while (before < i && (config->links[before].policy_in != l->policy_in ||
					     config->links[before].policy_out != l->policy_out))
			before++;
		if (before < i)
			continue;
		out = &config->policies[l->policy_out];
		for (uint32_t r = 0; r < out->n_rules; r++) {
			const char *type = unaskable_type(p, ids[i], &out->rules[r]);

			if (type == NULL)
				continue;
			yaml_errors_add(errors, YAML_WARNING, &l->pos,
				"link %s: policy %s shows %s, but policy %s denies asking for it; "
				"omit `in`, or "
				"permit it there with `kind: query`",
				l->name, out->name, type, config->policies[l->policy_in].name);
			break;
		}
	}
}

static void check_policy(const struct config *config, struct yaml_errors *errors)
{
	uint16_t *ids = calloc(config->n_links + 1, sizeof(*ids));
	char why[256] = "no memory";
	struct policy_names *names = policy_names_create();
	struct policy *p = NULL;

	for (uint32_t i = 0; ids != NULL && i < config->n_links; i++)
		ids[i] = (uint16_t)(i + 1);
	if (ids != NULL && names != NULL)
		p = policy_compile(
			config, names, ids, (uint16_t)(config->n_links + 1), 0, why, sizeof(why));
	if (p == NULL)
		yaml_errors_add(errors, YAML_ERROR, NULL, "policies: %s", why);
	else
		check_asking(config, p, ids, errors);
	policy_free(p);
	policy_names_destroy(names);
	free(ids);
}

/* A start takes its tables at once; what does not fit is better said before. */
static void check_memory(const struct config *config, struct yaml_errors *errors)
{
	struct eal_cpus cpus = {0};
	size_t least;

	if (config->gateway.memory == 0)
		return;
	if (eal_cpus_read(&cpus) < 0)
		cpus.n = 1;
	least = start_memory_least(config, start_workers(config, &cpus));
	if (config->gateway.memory < least)
		yaml_errors_add(errors, YAML_ERROR, NULL,
			"gateway.memory: found %zu MiB, expected at least %zu MiB for these "
			"limits, ports and workers",
			(size_t)config->gateway.memory >> 20, least >> 20);
}

/* What is in the way now is an error; a directory may still be made before the start. */
static void check_socket(const struct config *config, struct yaml_errors *errors)
{
	const char *path = config->control.socket;
	char why[SOCKET_PATH_WHY];
	int rc;

	if (path == NULL || path[0] == '\0')
		return;
	rc = socket_path_check(path, why, sizeof(why));
	if (rc < 0)
		yaml_errors_add(errors, rc == -ENOTSOCK ? YAML_ERROR : YAML_WARNING, NULL,
			"control.socket: %s", why);
}

int mgmt_check(const struct config *config, struct yaml_errors *errors)
{
	size_t before = errors->n_errors;

	check_memory(config, errors);
	check_socket(config, errors);
	if (config->n_ports > DP_PORTS_MAX)
		yaml_errors_add(errors, YAML_ERROR, &config->ports[DP_PORTS_MAX].pos,
			"ports: found %u, expected at most %u", config->n_ports, DP_PORTS_MAX);
	for (uint32_t i = 0; i < config->n_links; i++)
		check_link(&config->links[i], errors);
	if (config->n_links > DP_LINKS_MAX - 1)
		yaml_errors_add(errors, YAML_ERROR, &config->links[DP_LINKS_MAX - 1].pos,
			"links: found %u with the VLANs of ranges, expected at most %u",
			config->n_links, DP_LINKS_MAX - 1);
	else
		check_policy(config, errors);
	yaml_errors_sort(errors);
	return errors->n_errors > before ? -EINVAL : 0;
}
