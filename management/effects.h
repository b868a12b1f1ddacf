/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "management/mgmt_priv.h"

/*
 * What a world that is not in force yet would change for the services that are held now:
 *
 *	{"visible": {"names": [...], "count": N}, "hidden": {...}}
 *
 * of services that some link would see which does not now, and the other way round; a rule about
 * who asks counts as seeing. Takes classes from the new policy, so before control has it. NULL
 * without memory. Management thread.
 */
json_t *mgmt_effects(struct mgmt *m, struct dp_world *next);
