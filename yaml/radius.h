/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "yaml/complain.h"
#include "yaml/draft.h"
#include "yaml/locations.h"
#include "yaml/stations.h"

/**
 * Make config.radius. Reports an address to listen at that is none, a secret that is missing, and
 * roles and locations that are not known.
 */
void yaml_build_radius(struct yaml_loader *ld, struct draft *draft,
	const struct yaml_places *places, const struct yaml_roles *roles);
