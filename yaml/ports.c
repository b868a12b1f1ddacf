/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/ports.h"

#include <string.h>

#include "yaml/device.h"
#include "yaml/tree.h"

static void check_pair(struct yaml_loader *ld, const struct config_port *first, uint32_t index,
	const struct config_port *port, struct yaml_node *node)
{
	struct yaml_node *name = yaml_child(node, "name"), *device = yaml_child(node, "device");

	if (first->name && port->name && !name->bad && !strcmp(first->name, port->name))
		yaml_expected(ld, name, "a name of its own (ports[%u] at line %u has it)", index,
			first->pos.line);
	if (first->target && port->target && !device->bad && yaml_device_same(first, port))
		yaml_expected(ld, device, "a device of its own (ports[%u] at line %u has it)",
			index, first->pos.line);
}

static void find_peer(
	struct yaml_loader *ld, struct config *config, uint32_t i, struct yaml_node *node)
{
	struct yaml_node *at = yaml_child(node, "bypass");
	struct config_port *port = &config->ports[i], *peer = NULL;

	for (uint32_t j = 0; j < config->n_ports; j++) {
		const char *name = config->ports[j].name;

		if (name == NULL) /* it has an error of its own, and may be the one */
			return;
		if (j != i && strcmp(name, port->bypass) == 0)
			peer = &config->ports[j];
	}
	if (peer == NULL) {
		yaml_expected(ld, at, "the name of another port");
		return;
	}
	/* Written on both sides it is the same pair. */
	if (port->peer == (uint32_t)(peer - config->ports))
		return;
	if (port->peer != CONFIG_NO_PORT || peer->peer != CONFIG_NO_PORT) {
		yaml_complain(ld, at, "found a second pair with port %s, expected one",
			port->peer != CONFIG_NO_PORT ? port->name : peer->name);
		return;
	}
	port->peer = (uint32_t)(peer - config->ports);
	peer->peer = i;
}

void yaml_build_ports(struct yaml_loader *ld, struct draft *draft)
{
	struct config *config = &draft->config;
	struct yaml_node *list = yaml_child(draft->root, "ports"), *node;

	if (!config->n_ports)
		return;
	for (uint32_t i = 0; i < config->n_ports; i++)
		config->ports[i].peer = CONFIG_NO_PORT;
	node = list->first;
	/* At most 32 of them, as DPDK has room for. */
	for (uint32_t i = 0; i < config->n_ports; i++, node = node->next) {
		for (uint32_t j = 0; j < i; j++)
			check_pair(ld, &config->ports[j], j, &config->ports[i], node);
	}
	node = list->first;
	for (uint32_t i = 0; i < config->n_ports; i++, node = node->next)
		if (config->ports[i].bypass != NULL && !yaml_child(node, "bypass")->bad)
			find_peer(ld, config, i, node);
}
