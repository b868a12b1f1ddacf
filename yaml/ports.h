/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "yaml/complain.h"
#include "yaml/draft.h"

/** Report port names and devices that stand twice. */
void yaml_check_ports(struct yaml_loader *ld, const struct draft *draft);
