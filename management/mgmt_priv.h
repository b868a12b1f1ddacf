/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include <jansson.h>

#include "control/request.h"
#include "management/link_ids.h"
#include "management/mgmt.h"
#include "management/text.h"
#include "management/world_build.h"

/*
 * The inside of management, for management/ only. All of it belongs to the management thread but
 *where said.
 *
 *	mgmt.c       the turn, leaving
 *	reload.c     configuration file -> world -> control -> in force
 *	request.c    requests to control under way
 *	socket.c     the control socket and its clients; socket_path.c: where it is
 *	command.c    request line -> command
 *	show_*.c     what commands show
 *	top.c        ... and at what rate it happens
 *	explain.c    why a consumer gets a service, or does not
 *	hits.c       how often rules decided
 *	capture.c    frames of a link, as workers see them (pcapng.c: the file format)
 *	sweep.c      who offers what
 *	selftest.c   is a service of one link found from another?
 *	audit.c      lines about what was denied, refused, changed
 *	people.c     what was said of stations, by command and by the network
 *	names.c      numbers of users that nothing speaks of any more
 *	radius.c     the accounting listener (radius_packet.c: its packets)
 *	sessions.c   what accounting says of stations
 *	switches.c   what was switched by command
 *	netlink.c    interfaces of kernel-backed ports
 *	telemetry.c  DPDK telemetry
 *	service.c    what the service manager is told
 *	metrics.c    what Prometheus is told
 *	http.c       ... and how it asks
 */

/* A configuration with what was made of it. */
struct mgmt_state {
	struct config *config;
	struct link_ids *ids;
	struct dp_world *world;
};

/* A client that awaits the end of a request; it may have left in the meantime, then serial differs.
 */
struct mgmt_waiter {
	int slot; /* -1: none */
	uint64_t serial;
};

enum mgmt_pending_kind {
	MGMT_PENDING_FIRST,   /* the first world */
	MGMT_PENDING_RELOAD,  /* a new configuration */
	MGMT_PENDING_REBUILD, /* the same configuration, changed ports */
	MGMT_PENDING_SWITCH,  /* the same configuration, switched by command */
	MGMT_PENDING_LEAVE,   /* the empty world */
	MGMT_PENDING_PORT,
	MGMT_PENDING_FLUSH,
	MGMT_PENDING_STATION,
	MGMT_PENDING_SESSION,
	MGMT_PENDING_SWEEP,
	MGMT_PENDING_RECEIVE, /* a frame of the self-test */
};

struct mgmt_pending {
	struct ctl_request r;      /* r.cookie points back here */
	struct mgmt_pending *next; /* all that are under way */
	enum mgmt_pending_kind kind;
	struct mgmt_state state; /* worlds only: what comes into force */
	struct mgmt_waiter waiter;
	unsigned slot;   /* session: of the accounting request it came by */
	json_t *changes; /* reload: what it changes; switch: the reply */
};

struct mgmt_audit;
struct mgmt_clients;
struct mgmt_http;
struct mgmt_radius;
struct mgmt_netlink;
struct mgmt_selftest;
struct mgmt_top;

/* What accounting says (sessions.h). */
struct mgmt_sessions {
	struct mgmt_session *dirty, *dirty_tail; /* to be told to control, in order */
	struct mgmt_session *ended, *ended_tail; /* oldest first */
	uint32_t n, n_ended;                     /* live; ended */
};

/* Frames on their way to a capture or the self-test (capture.h). */
struct mgmt_tap {
	bool open;
	uint64_t lost_before, captured;
	char *glob; /* capture: of names; NULL: any */
};

/* A sweep that a client listens to (sweep.h). */
struct mgmt_sweeping {
	struct ctl_sweep *s; /* NULL: none; the request's until it is done */
	bool done;           /* control has given it back */
	bool refused;        /* ... at once: another was under way */
	uint64_t told_us;
};

/* What the service manager is told (service.h). */
struct mgmt_service {
	uint64_t feed_us; /* between two feeds of its watchdog; 0: it has none */
	uint64_t fed_us, told_us;
	uint64_t turns[DP_WORKERS_MAX + 1]; /* of each lcore, when it was fed last */
};

struct mgmt {
	struct mgmt_params p; /* p.config is NULL: see state */
	unsigned rcu_id;
	uint64_t now_us;
	uint64_t started_us;
	int epoll_fd;
	int signal_fd; /* -1: none */

	struct mgmt_state state;    /* in force, or on its way to be the first */
	uint64_t generation;        /* of the last world built */
	bool world_pending;         /* a CTL_REQ_WORLD is under way */
	bool reload_wanted;         /* SIGHUP came meanwhile */
	bool rebuild_wanted;        /* a port's MTU changed */
	struct policy_names *names; /* numbers of users, roles, places */
	uint64_t names_swept_us;    /* names.h */
	struct mgmt_audit *audit;   /* audit.h */
	uint64_t *hits_before;      /* [rules + 1] of worlds before this one; hits.h */
	void *people;               /* tree of struct mgmt_person, by MAC; people.h */
	struct mgmt_sessions sessions;
	struct mgmt_radius *radius;
	struct mgmt_http *http;
	struct mgmt_service service;
	struct mgmt_tap tap;
	struct mgmt_sweeping sweep;
	struct mgmt_selftest *selftest;       /* NULL: none is under way */
	struct mgmt_top *top;                 /* top.h; NULL: nobody has asked yet */
	struct mgmt_switches switches;        /* in force, or on their way */
	struct mgmt_switches switches_before; /* while they are on their way: if control refuses */
	struct mgmt_pending *pending;
	char reload_why[MGMT_WHY]; /* why the last reload was refused; empty: it was not */

	struct dp_link_counters
		*baseline[DP_LINKS_MAX]; /* of ids that had another name: counters then */
	bool port_told[DP_PORTS_MAX];    /* carrier as control was last told, by index of ports */

	bool port_gone[DP_PORTS_MAX]; /* its interface was removed */

	struct mgmt_clients *clients;
	struct mgmt_netlink *netlink; /* NULL: not watching */
	uint64_t ports_looked_us;     /* carrier of ports without a kernel interface */

	uint64_t leave_signal_us; /* when the first terminating one came; 0: none did */
	uint64_t leave_by_us; /* leaving: when to go whatever control says; 0: the empty world is
			     not under way */
	bool leaving;
	bool quietly;      /* ... without a goodbye */
	bool failed;       /* ... to be started anew: the exit code says so */
	atomic_bool ready; /* read by any thread */

	/* telemetry callbacks run on threads of their own: they hold this lock while they look at
	 * state and baseline, and management holds it while it changes them. */
	pthread_mutex_t lock;
};

/* Events of the epoll set: which of these a file belongs to. */
enum mgmt_source {
	MGMT_SRC_SIGNAL,
	MGMT_SRC_LISTEN,
	MGMT_SRC_NETLINK,
	MGMT_SRC_RADIUS,
	MGMT_SRC_HTTP,
	MGMT_SRC_CLIENT, /* + slot */
};

/* Adds fd to the epoll set, for reading. 0 or a negative errno. */
int mgmt_watch(struct mgmt *m, int fd, unsigned source);

/* --- mgmt.c --- */

/*
 * Makes ready what a configuration listens to, beside what is in use: accounting (radius.h),
 * metrics (http.h). 0, or a negative errno with why (MGMT_WHY bytes). Then comes _commit(), or
 * _cancel().
 */
int mgmt_listen_prepare(struct mgmt *m, const struct config *config, char *why);
void mgmt_listen_commit(struct mgmt *m);
void mgmt_listen_cancel(struct mgmt *m);

/* --- reload.c --- */

/* Makes ids and world of a configuration, which it takes over, also when it fails. 0 or -errno with
 * why. */
int mgmt_state_make(struct mgmt *m, struct config *config, struct mgmt_state *out, char *why);
void mgmt_state_free(struct mgmt_state *s);

/* Reads the configuration file and puts it into force. Answers the waiter at the end, whatever it
 * is. */
void mgmt_reload(struct mgmt *m, bool dry_run, struct mgmt_waiter waiter);

/*
 * Puts other switches into force, which it takes over, and answers the waiter with `reply`, which
 * it takes over too, or with an error.
 */
void mgmt_switch(
	struct mgmt *m, struct mgmt_switches *switches, json_t *reply, struct mgmt_waiter waiter);

/* Builds the same configuration anew, as ports changed. */
void mgmt_rebuild(struct mgmt *m);

/* A world request came back: puts p's state into force, or drops it. */
void mgmt_world_done(struct mgmt *m, struct mgmt_pending *p);

/* Submits `world`. Takes state (what of it is new) and changes over; 0 or -errno. */
int mgmt_world_submit(struct mgmt *m, enum mgmt_pending_kind kind, struct dp_world *world,
	struct mgmt_state *state, struct mgmt_waiter waiter, json_t *changes);

/* Submits the empty world. 0 or -errno. */
int mgmt_world_leave(struct mgmt *m);

/* --- changes.c --- */

/* {"links": {"added": [...], ...}, "policies": {...}, "other": [...]}; NULL without memory. */
json_t *mgmt_changes(const struct config *old, const struct config *new);

/* The same in one line for the log, "links +1 -0 ~2 policies +0 -0 ~1"; returns buf. */
const char *mgmt_changes_text(const json_t *changes, char *buf, size_t size);

/* --- request.c --- */

/* A zeroed request of that kind, NULL without memory. */
struct mgmt_pending *mgmt_pending_new(enum mgmt_pending_kind kind, struct mgmt_waiter waiter);
void mgmt_pending_free(struct mgmt_pending *p);

/* Hands it to control. 0 or a negative errno: then it is still the caller's. */
int mgmt_submit(struct mgmt *m, struct mgmt_pending *p);

/* Frees all requests under way, with their worlds: control is gone. */
void mgmt_pending_drop(struct mgmt *m);

/* Deals with what control has finished. Returns how many. */
unsigned mgmt_replies(struct mgmt *m);

/* --- socket.c --- */

int mgmt_socket_open(struct mgmt *m, const char *path, const char *group);
void mgmt_socket_close(struct mgmt *m);

/* fd of the listening socket or a client is ready. */
unsigned mgmt_socket_accept(struct mgmt *m);
unsigned mgmt_client_ready(struct mgmt *m, unsigned slot, uint32_t events);

/* Clients with a reply under way get more of it; those that do not read are dropped. Returns how
 * much was done. */
unsigned mgmt_clients_turn(struct mgmt *m);

/* Takes a connected socket as a client (tests: one end of a socket pair). Slot, or a negative
 * errno. */
int mgmt_client_add(struct mgmt *m, int fd);

/* The reply a waiting client gets; takes the reference over. Nothing happens if the client has
 * left. */
void mgmt_answer(struct mgmt *m, struct mgmt_waiter waiter, json_t *reply);

/* {"error": text} or {"error": text, "details": [...]}. */
json_t *mgmt_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* --- command.c --- */

struct show_state;

/*
 * Carries out one request line. Writes a whole reply into out, or starts a paged one in show, or
 * (true returned) leaves the client waiting for mgmt_answer().
 */
bool mgmt_command(struct mgmt *m, const char *line, size_t len, struct mgmt_waiter waiter,
	struct text *out, struct show_state *show);

/* --- netlink.c --- */

/* Watches the interfaces of kernel-backed ports; warns of what disturbs. 0 or a negative errno. */
int mgmt_netlink_open(struct mgmt *m);
void mgmt_netlink_close(struct mgmt *m);
unsigned mgmt_netlink_ready(struct mgmt *m);

/* --- ports.c --- */

/* Notes what a port's interface is like now. */
void mgmt_port_seen(struct mgmt *m, unsigned index, bool up, unsigned mtu);
void mgmt_port_gone(struct mgmt *m, unsigned index);
void mgmt_port_back(struct mgmt *m, unsigned index);

/* Looks at ports the kernel does not tell of; tells control what changed. Returns how much was
 * done. */
unsigned mgmt_ports_turn(struct mgmt *m);

/* --- telemetry.c --- */

int mgmt_telemetry_open(struct mgmt *m);
void mgmt_telemetry_close(struct mgmt *m);
