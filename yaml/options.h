/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "yaml/complain.h"
#include "yaml/draft.h"

/** Make config.eal, argv pieces, of eal:. Reports names that are no long options. */
void yaml_build_options(struct yaml_loader *ld, struct draft *draft);
