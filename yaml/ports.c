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

void yaml_check_ports(struct yaml_loader *ld, const struct draft *draft)
{
	const struct config_port *ports = draft->config.ports;
	struct yaml_node *node = yaml_child(draft->root, "ports");

	if (!draft->config.n_ports)
		return;
	node = node->first;
	/* At most 32 of them, as DPDK has room for. */
	for (uint32_t i = 0; i < draft->config.n_ports; i++, node = node->next) {
		for (uint32_t j = 0; j < i; j++)
			check_pair(ld, &ports[j], j, &ports[i], node);
	}
}
