/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "ctl/options.h"

/* `sweep`: a table of who offers what, once all links have been asked; how far it is on a terminal
 * meanwhile. The exit code. */
int sweep_run(const struct options *o);
