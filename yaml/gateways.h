/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "yaml/complain.h"
#include "yaml/draft.h"

/** Make config.gateways of gateways:. Reports what is no MAC address of a station. */
void yaml_build_gateways(struct yaml_loader *ld, struct draft *draft);
