/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "yaml/complain.h"
#include "yaml/config.h"

struct yaml_node;

/**
 * Where to listen: "10.0.0.1:1813" or "[fd00::1]:1813", at node; NULL: nowhere, addr and port stay
 * as they are. A bad one is reported with what it should be like, and is nowhere: family 0.
 */
void yaml_take_listen(struct yaml_loader *ld, struct yaml_node *node, const char *text,
	struct ip_addr *addr, uint16_t *port, const char *like);
