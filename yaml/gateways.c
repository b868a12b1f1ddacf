/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/gateways.h"

#include "yaml/arena.h"
#include "yaml/tree.h"

static void take(struct yaml_loader *ld, struct yaml_node *item, struct config *config)
{
	struct mac_addr *mac = &config->gateways[config->n_gateways];

	if (item->bad || item->kind != YAML_KIND_SCALAR)
		return;
	if (mac_parse(item->text, mac) < 0 || mac_is_multicast(mac) || mac_is_zero(mac))
		yaml_expected(ld, item, "the MAC address of a station like \"02:00:00:00:00:01\"");
	else
		config->n_gateways++;
}

void yaml_build_gateways(struct yaml_loader *ld, struct draft *draft)
{
	struct config *config = &draft->config;

	if (!draft->gateways)
		return;
	config->gateways =
		yaml_arena_array(ld->out, draft->gateways->n + 1, sizeof(struct mac_addr));
	if (!config->gateways) {
		yaml_oom(ld);
		return;
	}
	if (draft->gateways->kind == YAML_KIND_SCALAR)
		take(ld, draft->gateways, config);
	yaml_for_each_child(item, draft->gateways) take(ld, item, config);
}
