/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

/**
 * Copy text with {vlan}, {vlan/256} and {vlan%256} replaced by the number, in decimal.
 *
 * @return 0; -EINVAL for any other brace; -ENAMETOOLONG if it does not fit
 */
int yaml_template(const char *text, uint16_t vlan, char *out, size_t size);
