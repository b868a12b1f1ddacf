/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>

#include "yaml/config.h"

/** A key's path in the file, "gateway.workers", "ports[1].device". */
struct config_key_name {
	char text[96];
};

/**
 * List the keys that differ between two configurations and can't change without a restart, as the
 * schema table says. Any thread.
 *
 * @param names  gets the first `max` of them, in the order of the schema
 * @return how many there are, which may exceed `max`; 0: `new` may be loaded
 */
size_t config_restart_keys(const struct config *running, const struct config *new,
	struct config_key_name *names, size_t max);
