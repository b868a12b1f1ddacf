/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/control.h"
#include "dataplane/port.h"
#include "dataplane/shared.h"
#include "yaml/config.h"

/*
 * The management thread: files, sockets, configuration and the building of worlds. It blocks as it
 * likes, and writes nothing that workers or control read but new worlds (DESIGN §3).
 */

struct mgmt;

struct mgmt_params {
	struct config *config; /* mgmt_create() takes it over, also when it fails */
	struct dp_port *ports; /* ports[i] is config->ports[i]; the caller's, outlives management */
	unsigned n_ports;
	struct dp_shared *shared;
	struct ctl *ctl;
	const unsigned *lcore; /* lcore of worker w; the caller's, outlives management */
	unsigned main_lcore;
	const char *socket; /* control socket; NULL: the configuration's; empty: none (tests) */
	bool signals; /* read SIGTERM, SIGINT, SIGQUIT, SIGHUP and SIGUSR1, which all threads block
		       */
	bool telemetry; /* register /linkspan/... with DPDK telemetry */
	bool service;   /* tell a service manager, feed its watchdog */
	bool watch;     /* watch the interfaces of kernel-backed ports by rtnetlink */
};

/*
 * Makes the management state, opens the control socket, builds the first world and asks control to
 * publish it. Before the lcores start. NULL with errno set, reason logged.
 */
struct mgmt *mgmt_create(const struct mgmt_params *p, uint64_t now_us);

/*
 * After all lcores have left their loops and control is destroyed. Frees worlds and configurations,
 * removes the control socket. NULL is fine.
 */
void mgmt_destroy(struct mgmt *m);

/*
 * One turn: whatever is ready and no more, without waiting for it. Management thread only. Returns
 * how much was done; 0: idle.
 */
unsigned mgmt_turn(struct mgmt *m, uint64_t now_us);

/* Waits until there may be something for mgmt_turn() to do, at most a tenth of a second. */
void mgmt_wait(struct mgmt *m);

/*
 * Leaves cleanly, as SIGTERM does: asks control to stop all links (IGMP and MLD leave frames), then
 * sets shared->stop. Management thread.
 */
void mgmt_leave(struct mgmt *m, uint64_t now_us);

/* Has the first world come into force? Any thread. */
bool mgmt_ready(const struct mgmt *m);

/* Did it leave since something needs a new start? After the management thread has ended. */
bool mgmt_failed(const struct mgmt *m);

/* Are all lcores asked to stop? Any thread. */
bool mgmt_leaving(const struct mgmt *m);
