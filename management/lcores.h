/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <sched.h>
#include <stdbool.h>

#include "control/control.h"
#include "dataplane/shared.h"
#include "dataplane/worker.h"
#include "yaml/config.h"

/*
 * The loops around the turns: who runs on which lcore, and how an lcore without work passes its
 * time (DESIGN §3).
 */

enum lcore_idle {
	LCORE_SPIN,  /* poll on, with a pause */
	LCORE_YIELD, /* let others of the CPU run */
	LCORE_SLEEP, /* until the next timer, at most 1 ms */
};

/* One lcore's loop. Constant while it runs. */
struct lcore {
	unsigned id; /* DPDK's */
	bool shares; /* its CPUs are not its own */
	enum lcore_idle idle;
	unsigned worker; /* workers: number */
	struct dp_worker *w;
	struct dp_shared *shared;
};

struct lcores {
	struct lcore control; /* the main lcore */
	struct lcore worker[DP_WORKERS_MAX];
	unsigned id[DP_WORKERS_MAX]; /* of worker[i], as tables want it */
	unsigned n_workers;
};

/*
 * Lays out the lcores EAL has: the main one for control, the others for workers. want: workers
 * asked for, 0: as many as there are. Returns 0, or -ERANGE if there are fewer than wanted, or
 * none. Main thread, after EAL.
 */
int lcores_lay_out(struct lcores *l, unsigned want, enum config_idle idle);

/* What an lcore without work does. */
enum lcore_idle lcore_idle_of(enum config_idle idle, bool control, bool shares, bool has_queue);

/* The CPUs for threads that are no lcores: those of `process` that no worker has, else the main
 * lcore's. */
void lcores_other_cpus(const struct lcores *l, const cpu_set_t *process, cpu_set_t *out);

/* Starts the workers' loops; they end when shared->stop is set. 0 or a negative errno. Main thread.
 */
int lcores_launch(struct lcores *l);

/* Runs control's loop on the calling thread until shared->stop is set. */
void lcores_control(struct lcores *l, struct ctl *ctl);

/* Waits until all workers have left their loops. Main thread. */
void lcores_join(void);
