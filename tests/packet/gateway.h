/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_ring.h>

#include "control/control.h"
#include "control/request.h"
#include "dataplane/port.h"
#include "dataplane/shared.h"
#include "dataplane/worker.h"
#include "dataplane/world.h"
#include "management/link_ids.h"
#include "yaml/config.h"

/*
 * A whole gateway in this one thread (DESIGN §3, seam of time): ring ports, workers, control, and
 * what management does of a start and a reload. Every turn gets the virtual clock; seeds and hash
 * keys are fixed. Needs the EAL.
 */

#define GATEWAY_WORKERS_MAX 4
#define GATEWAY_WHY 1024

struct gateway_port {
	struct rte_ring *rx[GATEWAY_WORKERS_MAX]; /* stations -> gateway, by queue */
	struct rte_ring *tx[GATEWAY_WORKERS_MAX];
	char name[32];
};

struct gateway {
	struct dp_shared shared;
	struct ctl *ctl;
	struct dp_worker *worker[GATEWAY_WORKERS_MAX];
	unsigned n_workers;
	bool render; /* answers are kept rendered */
	const struct dp_fast_version *fast;
	unsigned n_queues; /* of each port */
	struct dp_port ports[DP_PORTS_MAX];
	struct gateway_port rings[DP_PORTS_MAX];
	unsigned n_ports;
	struct config *config;
	struct link_ids *ids;
	struct dp_world *world;
	struct policy_names *names;
	uint64_t generation;
	uint64_t now_us;
	uint64_t received; /* frames given to it */
	/* Threads that get no turns for now, so that rings fill up. */
	bool control_stalls;
	bool worker_stalls[GATEWAY_WORKERS_MAX];
	struct rte_mbuf **taken; /* all that the shared pool had; NULL: none is taken */
	unsigned n_taken;
	bool ports_stall; /* TX rings are full of nothing */
	bool made;        /* shared, control and workers exist */
};

/* How to make one. */
struct gateway_start {
	const char *name; /* of the configuration, in errors */
	const char *yaml;
	unsigned workers;                   /* 0: what the configuration says, else 1 */
	bool render;                        /* keep answers rendered */
	const struct dp_fast_version *fast; /* ... and say them by this code */
	unsigned queues;                    /* of each port; 0: as many as workers */
	uint64_t now_us;
	uint64_t seed;
	bool soft_checksum; /* ports count as kernel-backed */
};

/* Once, after EAL: makes and removes a port, since ethdev keeps memory from its first one on. 0 or
 * -1. */
int gateway_prepare(void);

/* Starts it and brings its first world into force. 0, or -1 with a reason; gateway_stop() in both
 * cases. */
int gateway_start(struct gateway *g, const struct gateway_start *how, char why[GATEWAY_WHY]);

/* Frees everything, whatever is left in it. */
void gateway_stop(struct gateway *g);

/* Brings another configuration into force. 0, or -1 with a reason and nothing changed. */
int gateway_reload(struct gateway *g, const char *name, const char *yaml, char why[GATEWAY_WHY]);

/* Replaces the world by one without links: the gateway leaves. 0 or -1. */
int gateway_leave(struct gateway *g, char why[GATEWAY_WHY]);

/* Says who a station is, as `linkspanctl station set` does; what[n]: "user=ann" and so on. */
int gateway_who(
	struct gateway *g, const char *mac, char *const *what, unsigned n, char why[GATEWAY_WHY]);

/* Removes records: of all links, or of one. How many, or -1. */
int64_t gateway_flush(struct gateway *g, uint16_t link, char why[GATEWAY_WHY]);

/* Tells control that the carrier of a port changed. 0 or -1. */
int gateway_port_state(struct gateway *g, uint16_t port, bool up, char why[GATEWAY_WHY]);

/* A frame as it arrives. */
struct gateway_frame {
	const uint8_t *data;
	size_t len;
	uint16_t port; /* DPDK port */
	unsigned queue;
	bool stripped; /* RX_VLAN_STRIPPED: the tag is tci and not in the data */
	bool rx_vlan;  /* RX_VLAN with tci, and the tag in the data as well (af_packet) */
	uint16_t tci;
	size_t segment; /* bytes per mbuf segment; 0: one piece */
};

/* Puts a frame into the port's RX ring. 0 or -1: no room. */
int gateway_receive(struct gateway *g, const struct gateway_frame *f);

/* Turns everything until all are idle. 0, or -1: they never are. */
int gateway_settle(struct gateway *g, char why[GATEWAY_WHY]);

/* Takes all mbufs that the shared pool has, so that there is none; and gives them back. 0 or -1. */
int gateway_take_mbufs(struct gateway *g, char why[GATEWAY_WHY]);
void gateway_give_mbufs(struct gateway *g);

/* Fills the ports' TX rings, so that they take nothing; and empties them. */
void gateway_stall_ports(struct gateway *g);
void gateway_resume_ports(struct gateway *g);

/* When the next timer is due; false: none. Never before now + 1 ms. */
bool gateway_next(const struct gateway *g, uint64_t *at_us);

/* Takes the next frame the gateway sent: its bytes into buf (cap bytes), its port. Length, or 0:
 * none. */
size_t gateway_sent(struct gateway *g, uint8_t *buf, size_t cap, uint16_t *port);

/* Sum over workers and control of a link's outcome or event; by name. -1: no such name. */
int64_t gateway_counter(const struct gateway *g, uint16_t link, const char *name);

/* All outcomes of all links: has to be what was received. */
uint64_t gateway_outcomes(const struct gateway *g);

/* Sums of each outcome over all links into out[DP_N_OUTCOMES]. */
void gateway_outcome_sums(const struct gateway *g, uint64_t *out);

const struct dp_link *gateway_link(const struct gateway *g, const char *name);

/*
 * After records were flushed and time has passed: is anything still held? NULL, or what; needs
 * gateway_settle() before. Mbufs, rings, schedules, waiting queries, cache, deferral.
 */
const char *gateway_leak(struct gateway *g, char why[GATEWAY_WHY]);
