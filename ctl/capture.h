/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "ctl/options.h"

/*
 * `capture`: writes what the gateway sends, pcapng, to o->write or to standard output, until a
 * terminating signal, or for o->seconds. The exit code.
 */
int capture_run(const struct options *o);
