/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "yaml/arena.h"
#include "yaml/config.h"

/**
 * Read a device string into port->device, ->kind and ->target, which live in `arena`.
 *
 * @return 0; -EINVAL if it names no device; -ENOMEM
 */
int yaml_device_parse(const char *text, struct config_port *port, struct config_arena *arena);

/** Whether two ports would open the same interface, NIC or vdev. */
bool yaml_device_same(const struct config_port *a, const struct config_port *b);
