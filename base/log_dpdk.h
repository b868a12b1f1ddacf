/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Send what DPDK's libraries and drivers log to the gateway's log, as module "dpdk" and at their
 * own levels. Before rte_eal_init(), so that its first lines come too. 0 or negative errno. */
int log_dpdk_attach(void);

/* Back to DPDK's own sink; for orderly exits. */
void log_dpdk_detach(void);
