/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "management/mgmt_priv.h"

struct show_state;

/*
 * Why a consumer gets a service or does not, from the tables that workers answer by. Management
 * thread.
 *
 *	consumer=link=NAME | consumer=MAC[@LINK]	who asks
 *	service=TYPE | service=INSTANCE		what about; left out: all that is held
 *
 * Sets the reply up, to be made a page at a time. NULL, or what is wrong with the arguments.
 */
json_t *mgmt_explain(
	struct mgmt *m, const char *const *arg, unsigned n_args, struct show_state *show);
