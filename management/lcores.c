/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/lcores.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_pause.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/tsc.h"

LOG_MODULE(lcore);

#define SLEEP_MAX_US 1000
#define SLEEP_MIN_US 50  /* the first sleep; each further one is twice as long */
#define DRAIN_TURNS 1000 /* a leaving worker sends what control handed it last */

/* --- who runs where -------------------------------------------------------------------------- */

static bool overlaps(const rte_cpuset_t *a, const rte_cpuset_t *b)
{
	rte_cpuset_t both;

	CPU_AND(&both, a, b);
	return CPU_COUNT(&both) > 0;
}

/* Has another lcore of ours one of its CPUs? */
static bool shares_cpu(unsigned id)
{
	const rte_cpuset_t own = rte_lcore_cpuset(id);
	unsigned other;

	RTE_LCORE_FOREACH(other)
	{
		const rte_cpuset_t set = rte_lcore_cpuset(other);

		if (other != id && overlaps(&own, &set))
			return true;
	}
	return false;
}

enum lcore_idle lcore_idle_of(enum config_idle idle, bool control, bool shares, bool has_queue)
{
	if (!has_queue)
		return LCORE_SLEEP;
	switch (idle) {
	case CONFIG_IDLE_POLL:
		return LCORE_SPIN;
	case CONFIG_IDLE_YIELD:
		return LCORE_YIELD;
	case CONFIG_IDLE_SLEEP:
		return LCORE_SLEEP;
	case CONFIG_IDLE_AUTO:
		break;
	}
	if (control)
		return LCORE_SLEEP;
	return shares ? LCORE_YIELD : LCORE_SPIN;
}

int lcores_lay_out(struct lcores *l, unsigned want, enum config_idle idle)
{
	unsigned id;

	memset(l, 0, sizeof(*l));
	l->control.id = rte_get_main_lcore();
	l->control.shares = shares_cpu(l->control.id);
	l->control.idle = lcore_idle_of(idle, true, l->control.shares, true);
	RTE_LCORE_FOREACH_WORKER(id)
	{
		struct lcore *w = &l->worker[l->n_workers];

		if (l->n_workers == DP_WORKERS_MAX || (want != 0 && l->n_workers == want))
			break;
		w->id = id;
		w->worker = l->n_workers;
		w->shares = shares_cpu(id);
		w->idle = lcore_idle_of(idle, false, w->shares, true);
		l->id[l->n_workers++] = id;
	}
	return l->n_workers == 0 || l->n_workers < want ? -ERANGE : 0;
}

void lcores_other_cpus(const struct lcores *l, const cpu_set_t *process, cpu_set_t *out)
{
	cpu_set_t used, left;

	CPU_ZERO(&used);
	for (unsigned i = 0; i < l->n_workers; i++) {
		const rte_cpuset_t set = rte_lcore_cpuset(l->worker[i].id);

		CPU_OR(&used, &used, &set);
	}
	CPU_AND(&left, process, &used);
	CPU_XOR(out, process, &left);
	if (CPU_COUNT(out) == 0) {
		const rte_cpuset_t main_set = rte_lcore_cpuset(l->control.id);

		*out = main_set;
	}
}

/* --- idling ---------------------------------------------------------------------------------- */

/* Microseconds to sleep after `empty` turns in a row, not beyond the next timer. */
static unsigned sleep_us(unsigned empty, bool timer, uint32_t at_ms, uint64_t now_us)
{
	unsigned us = SLEEP_MAX_US;
	int32_t due;

	if (empty < 5)
		us = SLEEP_MIN_US << empty;
	if (!timer)
		return us;
	due = clock_ms_diff(at_ms, clock_ms(now_us));
	return due <= 0 ? 0 : us; /* a millisecond at most: never past a timer by more */
}

static void nap(unsigned us)
{
	struct timespec t = {.tv_nsec = (long)us * 1000};

	if (us > 0)
		nanosleep(&t, NULL);
}

static bool stopped(const struct dp_shared *s)
{
	return atomic_load_explicit(&s->stop, memory_order_relaxed) != 0;
}

static void busy(struct dp_shared *s, unsigned set, uint64_t us)
{
	COUNTER_ADD(s->counters[set].busy_us, us);
}

static void worker_idle(struct lcore *l, unsigned empty, uint64_t now_us)
{
	uint32_t at_ms = 0;
	bool timer;

	switch (l->idle) {
	case LCORE_SPIN:
		rte_pause();
		return;
	case LCORE_YIELD:
		sched_yield();
		return;
	case LCORE_SLEEP:
		timer = dp_worker_next(l->w, &at_ms);
		rcu_offline(l->shared->rcu, l->worker);
		nap(sleep_us(empty, timer, at_ms, now_us));
		rcu_online(l->shared->rcu, l->worker);
	}
}

static int worker_loop(void *arg)
{
	struct lcore *l = arg;
	uint64_t now_us = tsc_now_us(), next_us;
	unsigned empty = 0;

	rcu_online(l->shared->rcu, l->worker);
	while (!stopped(l->shared)) {
		if (dp_worker_turn(l->w, now_us) > 0) {
			next_us = tsc_now_us();
			empty = 0;
			busy(l->shared, l->worker, next_us - now_us);
		} else {
			worker_idle(l, empty++, now_us);
			next_us = tsc_now_us();
		}
		now_us = next_us;
	}
	for (unsigned i = 0; i < DRAIN_TURNS && dp_worker_turn(l->w, tsc_now_us()) > 0; i++)
		;
	rcu_offline(l->shared->rcu, l->worker);
	return 0;
}

int lcores_launch(struct lcores *l)
{
	int rc = 0;

	for (unsigned i = 0; i < l->n_workers && rc == 0; i++)
		rc = rte_eal_remote_launch(worker_loop, &l->worker[i], l->worker[i].id);
	if (rc < 0)
		atomic_store_explicit(&l->control.shared->stop, 1, memory_order_release);
	return rc;
}

void lcores_control(struct lcores *l, struct ctl *ctl)
{
	unsigned empty = 0;

	log_queue_this_thread(true);
	while (!stopped(l->control.shared)) {
		uint64_t now_us = tsc_now_us();
		uint32_t at_ms = 0;
		bool timer;

		if (ctl_turn(ctl, now_us) > 0) {
			busy(l->control.shared, l->n_workers, tsc_now_us() - now_us);
			empty = 0;
			continue;
		}
		switch (l->control.idle) {
		case LCORE_SPIN:
			rte_pause();
			break;
		case LCORE_YIELD:
			sched_yield();
			break;
		case LCORE_SLEEP:
			timer = ctl_next(ctl, &at_ms);
			nap(sleep_us(empty, timer, at_ms, now_us));
			break;
		}
		empty++;
	}
	log_queue_this_thread(false);
	log_flush();
}

void lcores_join(void)
{
	rte_eal_mp_wait_lcore();
}
