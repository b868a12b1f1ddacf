/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

/*
 * Stations that left the network (draft 3.8.2): accounting ended, a command said so, or nobody
 * answers there any more. What they offered is withdrawn at once, with goodbyes to whoever was
 * told. Control thread only.
 */

struct ctl;

/* A live station left: its records go from this turn on. */
void ctl_leave(struct ctl *c, uint32_t station);

/* Withdraws a part of what such stations offered. Returns how many records. */
unsigned ctl_leave_turn(struct ctl *c);
