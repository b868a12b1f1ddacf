/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "yaml/config.h"

/* The configuration in `text`, which must be right. The caller's, for config_free(). */
struct config *load(const char *text);
