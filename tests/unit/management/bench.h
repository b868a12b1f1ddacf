/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <jansson.h>

#include "management/mgmt_priv.h"

/*
 * Management and control in one thread on a virtual clock, on a ring port. One process a test
 * (Criterion), so nothing is torn down but by bench_stop(), which looks for what was left.
 */
struct bench {
	struct dp_port port;
	struct dp_shared shared;
	struct ctl *ctl;
	struct mgmt *mgmt;
	uint64_t now_us;
	char dir[64];  /* of the configuration file and the socket */
	char file[96]; /* the configuration */
};

extern struct bench bench;

/* EAL alone. */
void bench_eal(void);

/* A ring port "p" of n queues. */
void bench_port(unsigned n_queues);

/* All of it, with the configuration text in force; its port is "p". */
void bench_start(const char *text);
void bench_stop(void);

/* Rewrites the configuration file. */
void bench_write(const char *text);

/* Turns until nothing is left to do; the clock moves by a millisecond where somebody waits. */
void bench_settle(void);

/* A client: one end of a socket pair whose other end management has. */
int bench_client(void);

/* Sends a request line as it is, and one made of a command and its argument (NULL: none). */
void bench_send(int fd, const char *line);
json_t *bench_ask(int fd, const char *cmd, const char *arg);

/* The next reply, turning until it is whole. NULL: the other end closed. */
json_t *bench_reply(int fd);

/* Learns a record as control would, from station 02:00:00:00:00:<station>. */
void bench_learn(const char *link, unsigned station, const char *name, uint16_t rrtype,
	const void *rdata, size_t rdlen, bool flush, bool link_local);

/* A name's wire form, in a static buffer; *len its length. */
const uint8_t *bench_wire(const char *text, size_t *len);
