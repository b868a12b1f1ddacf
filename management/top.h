/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "management/show.h"

/*
 * `show top`: what is going on, as rates between two looks at the counters. A look is taken when
 * somebody asks and the last is TOP_LOOK_US old, so those who ask at the same time share it; the
 * first to ask after long sees the rates since then. Management thread.
 */

#define TOP_LOOK_US 1000000
#define TOP_LINES 20 /* links, talkers, services told */

bool show_top(struct mgmt *m, struct show_state *s, struct text *out);
void mgmt_top_free(struct mgmt *m);
