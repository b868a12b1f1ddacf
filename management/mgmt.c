/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/audit.h"
#include "management/mgmt_priv.h"
#include "management/http.h"
#include "management/names.h"
#include "management/radius.h"
#include "management/selftest.h"
#include "management/service.h"
#include "management/sessions.h"
#include "management/top.h"
#include "policy/names.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "yaml/load.h"

LOG_MODULE(mgmt);

#define WAIT_MS 100    /* control's log lines are written out at least this often */
#define WAIT_BUSY_MS 2 /* ... and its replies and captures read, while there are any */
#define EVENTS 32
#define SIGNALS_ONE_US US_PER_SEC /* terminating signals so close are one: timeout(1) sends two */
#define LEAVE_US (2 * US_PER_SEC) /* control's time to say goodbye */

int mgmt_watch(struct mgmt *m, int fd, unsigned source)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u32 = source};

	return epoll_ctl(m->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

/* --- signals --------------------------------------------------------------------------------- */

static int signals_open(struct mgmt *m)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	m->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (m->signal_fd < 0)
		return -errno;
	return mgmt_watch(m, m->signal_fd, MGMT_SRC_SIGNAL);
}

static void on_terminate(struct mgmt *m, unsigned signo)
{
	if (m->leave_signal_us == 0) {
		m->leave_signal_us = m->now_us;
		m->quietly = signo == SIGQUIT;
		LOG_NOTICE("leaving", "signal=%u goodbyes=%s", signo, m->quietly ? "no" : "yes");
		mgmt_leave(m, m->now_us);
		return;
	}
	if (m->now_us - m->leave_signal_us < SIGNALS_ONE_US)
		return;
	LOG_WARN("leaving at once", "signal=%u", signo);
	mgmt_socket_close(m);
	log_flush();
	_exit(1);
}

static unsigned signals_ready(struct mgmt *m)
{
	const struct mgmt_waiter nobody = {.slot = -1};
	struct signalfd_siginfo info;
	unsigned n = 0;

	while (read(m->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGUSR1) {
			mgmt_audit_open(m);
		} else if (info.ssi_signo == SIGHUP) {
			/* Whoever rotates logs says so by it, whatever becomes of the reload. */
			mgmt_audit_open(m);
			mgmt_reload(m, false, nobody);
		} else
			on_terminate(m, info.ssi_signo);
		n++;
	}
	return n;
}

/* --- the turn -------------------------------------------------------------------------------- */

static unsigned dispatch(struct mgmt *m, const struct epoll_event *e)
{
	switch (e->data.u32) {
	case MGMT_SRC_SIGNAL:
		return signals_ready(m);
	case MGMT_SRC_LISTEN:
		return mgmt_socket_accept(m);
	case MGMT_SRC_NETLINK:
		return mgmt_netlink_ready(m);
	case MGMT_SRC_RADIUS:
		return mgmt_radius_ready(m);
	case MGMT_SRC_HTTP:
		return 1; /* mgmt_http_turn() */
	default:
		return mgmt_client_ready(m, e->data.u32 - MGMT_SRC_CLIENT, e->events);
	}
}

/* A world under way is let through first: class slots alternate from one to the next. */
static void leave_turn(struct mgmt *m)
{
	if (!m->leaving || mgmt_leaving(m))
		return;
	if (m->quietly) {
		atomic_store_explicit(&m->p.shared->stop, 1, memory_order_release);
		return;
	}
	if (m->leave_by_us == 0) {
		if (m->world_pending)
			return;
		if (mgmt_world_leave(m) == 0)
			m->leave_by_us = m->now_us + LEAVE_US;
		else
			atomic_store_explicit(&m->p.shared->stop, 1, memory_order_release);
	} else if (m->now_us >= m->leave_by_us) {
		LOG_WARN("control did not say goodbye in time");
		atomic_store_explicit(&m->p.shared->stop, 1, memory_order_release);
	}
}

unsigned mgmt_turn(struct mgmt *m, uint64_t now_us)
{
	struct epoll_event events[EVENTS];
	unsigned done = 0;
	int n;

	m->now_us = now_us;
	n = epoll_wait(m->epoll_fd, events, EVENTS, 0);
	for (int i = 0; i < n; i++)
		done += dispatch(m, &events[i]);
	done += mgmt_sessions_turn(m);
	done += mgmt_replies(m);
	if (m->reload_wanted && !m->world_pending && !m->leaving) {
		const struct mgmt_waiter nobody = {.slot = -1};

		mgmt_reload(m, false, nobody);
		done++;
	} else if (m->rebuild_wanted && !m->world_pending && !m->leaving) {
		mgmt_rebuild(m);
		done++;
	}
	done += mgmt_ports_turn(m);
	done += mgmt_audit_turn(m);
	done += mgmt_clients_turn(m);
	done += mgmt_http_turn(m);
	done += mgmt_selftest_turn(m);
	done += mgmt_names_turn(m);
	mgmt_service_turn(m);
	leave_turn(m);
	log_flush();
	return done;
}

void mgmt_wait(struct mgmt *m)
{
	struct epoll_event e;

	epoll_wait(m->epoll_fd, &e, 1, m->pending != NULL || m->tap.open ? WAIT_BUSY_MS : WAIT_MS);
}

/* --- what is listened to ---------------------------------------------------------------------- */

int mgmt_listen_prepare(struct mgmt *m, const struct config *config, char *why)
{
	int rc = mgmt_radius_prepare(m, config, why);

	if (rc < 0)
		return rc;
	rc = mgmt_http_prepare(m, config, why);
	if (rc < 0)
		mgmt_radius_cancel(m);
	return rc;
}

void mgmt_listen_commit(struct mgmt *m)
{
	mgmt_radius_commit(m);
	mgmt_http_commit(m);
}

void mgmt_listen_cancel(struct mgmt *m)
{
	mgmt_radius_cancel(m);
	mgmt_http_cancel(m);
}

/* --- the end --------------------------------------------------------------------------------- */

void mgmt_leave(struct mgmt *m, uint64_t now_us)
{
	m->now_us = now_us;
	m->leaving = true;
	mgmt_service_leaving(m);
	leave_turn(m);
}

bool mgmt_ready(const struct mgmt *m)
{
	return atomic_load_explicit(&m->ready, memory_order_acquire);
}

bool mgmt_failed(const struct mgmt *m)
{
	return m->failed;
}

bool mgmt_leaving(const struct mgmt *m)
{
	return atomic_load_explicit(&m->p.shared->stop, memory_order_acquire) != 0;
}

/* --- making and freeing ---------------------------------------------------------------------- */

static int first_world(struct mgmt *m, struct config *config)
{
	const struct mgmt_waiter nobody = {.slot = -1};
	struct mgmt_state nothing = {0};
	char why[MGMT_WHY];
	int rc;

	rc = mgmt_listen_prepare(m, config, why);
	if (rc < 0) {
		config_free(config);
		LOG_ERR("configuration cannot be run", "why=\"%s\"", why);
		return rc;
	}
	rc = mgmt_state_make(m, config, &m->state, why);
	if (rc < 0) {
		LOG_ERR("configuration cannot be run", "why=\"%s\"", why);
		return rc;
	}
	return mgmt_world_submit(m, MGMT_PENDING_FIRST, m->state.world, &nothing, nobody, NULL);
}

static int open_all(struct mgmt *m, const struct mgmt_params *p)
{
	const char *path = p->socket != NULL ? p->socket : m->state.config->control.socket;
	int rc;

	mgmt_listen_commit(m);
	if (p->signals) {
		rc = signals_open(m);
		if (rc < 0)
			return rc;
	}
	if (path[0] != '\0') {
		rc = mgmt_socket_open(m, path, m->state.config->control.group);
		if (rc < 0)
			return rc;
	}
	if (p->service)
		mgmt_service_open(m);
	if (p->watch) {
		rc = mgmt_netlink_open(m);
		if (rc < 0)
			LOG_WARN("cannot watch interfaces", "error=\"%s\"", strerror(-rc));
	}
	if (p->telemetry) {
		rc = mgmt_telemetry_open(m);
		if (rc < 0)
			LOG_WARN("no telemetry", "error=\"%s\"", strerror(-rc));
	}
	return 0;
}

struct mgmt *mgmt_create(const struct mgmt_params *p, uint64_t now_us)
{
	struct mgmt *m = calloc(1, sizeof(*m));
	int rc = -ENOMEM;

	if (m == NULL) {
		config_free(p->config);
		errno = ENOMEM;
		return NULL;
	}
	m->p = *p;
	m->p.config = NULL;
	m->rcu_id = p->shared->n_workers;
	m->now_us = now_us;
	m->started_us = now_us;
	m->signal_fd = -1;
	pthread_mutex_init(&m->lock, NULL);
	m->names = policy_names_create();
	m->audit = mgmt_audit_create();
	m->radius = mgmt_radius_create();
	m->http = mgmt_http_create();
	for (unsigned i = 0; i < p->n_ports; i++)
		m->port_told[i] = true; /* control takes ports for up until told otherwise */
	m->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (m->epoll_fd < 0 || m->names == NULL || m->audit == NULL || m->radius == NULL ||
		m->http == NULL) {
		rc = m->epoll_fd < 0 ? -errno : -ENOMEM;
		config_free(p->config);
		goto fail;
	}
	rc = first_world(m, p->config);
	if (rc == 0)
		mgmt_audit_open(m);
	if (rc == 0)
		rc = open_all(m, p);
	if (rc < 0)
		goto fail;
	return m;

fail:
	mgmt_destroy(m);
	errno = -rc;
	return NULL;
}

void mgmt_destroy(struct mgmt *m)
{
	if (m == NULL)
		return;
	mgmt_telemetry_close(m);
	mgmt_netlink_close(m);
	mgmt_socket_close(m);
	mgmt_pending_drop(m);
	mgmt_radius_destroy(m);
	mgmt_http_destroy(m);
	mgmt_audit_destroy(m);
	if (m->signal_fd >= 0)
		close(m->signal_fd);
	if (m->epoll_fd >= 0)
		close(m->epoll_fd);
	mgmt_state_free(&m->state);
	mgmt_switches_free(&m->switches);
	mgmt_switches_free(&m->switches_before);
	mgmt_sessions_free(m);
	mgmt_top_free(m);
	mgmt_selftest_free(m);
	free(m->hits_before);
	policy_names_destroy(m->names);
	for (unsigned i = 0; i < DP_LINKS_MAX; i++)
		free(m->baseline[i]);
	pthread_mutex_destroy(&m->lock);
	free(m);
}
