/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "yaml/complain.h"
#include "yaml/draft.h"
#include "yaml/locations.h"
#include "yaml/stations.h"

/** What rules say of stations refers to these. */
struct yaml_who_names {
	const struct yaml_places *places;
	const struct yaml_roles *roles;
};

/** Take station, role, user and location of one side of a rule. Reports what is unknown. */
void yaml_take_who(struct yaml_loader *ld, const struct yaml_who_names *names,
	const struct raw_side *raw, struct config_who *out);

/** Take the short forms `role:` and `user:` of a rule as its `to.role`, `to.user`. */
void yaml_take_short_who(struct yaml_loader *ld, const struct yaml_who_names *names,
	const struct raw_rule *raw, struct config_who *out);

/** Whether a rule says anything of the station. */
bool yaml_who_says(const struct config_who *who);
