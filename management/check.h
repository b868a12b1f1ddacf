/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "yaml/config.h"
#include "yaml/errors.h"

/*
 * What the file's own rules cannot know: whether its links and policies fit the tables they will be
 * compiled to, whether memory holds those, and whether the control socket can be made. Adds an
 * error for each that does not, and a warning for what `out` permits and `in` forbids to ask
 * (DESIGN §6). Any thread; blocks on nothing. 0, or -EINVAL if it added any.
 */
int mgmt_check(const struct config *config, struct yaml_errors *errors);
