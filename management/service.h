/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "management/mgmt_priv.h"

/*
 * What a service manager is told (sd_notify(3)), if one asks: that we are ready, that we leave, how
 * we are, and that all lcores still come round: its watchdog is fed only when each of them had a
 * turn since the last time. Management thread.
 */

void mgmt_service_open(struct mgmt *m);

/* The first configuration is in force. */
void mgmt_service_ready(struct mgmt *m);

void mgmt_service_leaving(struct mgmt *m);

/* Feeds the watchdog when that is due. */
void mgmt_service_turn(struct mgmt *m);
