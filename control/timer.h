/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>

#include "base/wheel.h"

/* A timer on control's wheel: what embeds it, `fire` finds by ctl_container(). Control thread only.
 */

struct ctl;
struct ctl_timer;

typedef void (*ctl_fire_fn)(struct ctl *c, struct ctl_timer *t);

struct ctl_timer {
	struct wheel_item item;
	ctl_fire_fn fire;
};

#define ctl_container(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* ctl.c: fires at at_ms (clock_ms), wherever it was armed before. */
void ctl_arm(struct ctl *c, struct ctl_timer *t, uint32_t at_ms, ctl_fire_fn fire);
void ctl_cancel(struct ctl *c, struct ctl_timer *t);
