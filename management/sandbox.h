/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "yaml/config.h"

/*
 * What the process may still do once its ports are open: capabilities are given up by all threads,
 * DPDK's too, but for those the kinds of ports need; then system calls that nothing here makes are
 * refused with EPERM, to all threads. NICs bound to DPDK keep theirs: what their drivers call is
 * not known. Files are opened by the owner's permissions from then on.
 */

struct sandbox {
	bool off;              /* gateway.sandbox: off */
	bool pci, kernel, xdp; /* kinds of ports there are; kernel: tap too */
};

void sandbox_of(const struct config *config, struct sandbox *out);

/*
 * Main thread, after the ports are open and before management runs. 0, or a negative errno: then
 * nothing can be relied on, and the start must fail.
 */
int sandbox_enter(const struct sandbox *s);
