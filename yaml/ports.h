/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "yaml/complain.h"
#include "yaml/draft.h"

/** Report port names and devices that stand twice, and find the pairs (config_port.peer). */
void yaml_build_ports(struct yaml_loader *ld, struct draft *draft);
