/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "management/mgmt_priv.h"

/*
 * GET /metrics by HTTP, for Prometheus: libmicrohttpd without threads of its own, which runs in
 * management's turn. Connections are bounded in number, time and memory; what is told is made as
 * it is read. Management thread.
 */

#define HTTP_CONNECTIONS 16 /* more wait to be let in */
#define HTTP_IDLE_S 10      /* a connection silent for so long is closed */

struct mgmt_http *mgmt_http_create(void);
void mgmt_http_destroy(struct mgmt *m);

/*
 * Makes ready what a configuration says, beside what is in use: the socket listens. 0, or a
 * negative errno with why. Then comes _commit(), or _cancel().
 */
int mgmt_http_prepare(struct mgmt *m, const struct config *config, char *why);
void mgmt_http_commit(struct mgmt *m);
void mgmt_http_cancel(struct mgmt *m);

/* Lets it do what it can without waiting. Returns 1 if there is more to do at once. */
unsigned mgmt_http_turn(struct mgmt *m);
