/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "yaml/config.h"

/*
 * What an operator switched by command, over what the file says: modes of links, and all of them at
 * once. It outlasts reloads, and ends with the process. Management thread.
 */
struct mgmt_switch {
	char name[CONFIG_LINK_NAME_MAX +
		  1]; /* of a link; of a link of an inline pair: both sides */
	enum config_link_mode mode;
};

struct mgmt_switches {
	bool paused; /* no link takes part in mDNS; inline pairs are cables */
	uint32_t n;
	struct mgmt_switch *list;
};

/* The mode of a link: switched, or the file's. s may be NULL. */
enum config_link_mode mgmt_switched(
	const struct mgmt_switches *s, const struct config *config, const struct config_link *cl);

/* Switches a link, or (mode NULL) leaves it to the file again. 0 or -ENOMEM. */
int mgmt_switch_link(struct mgmt_switches *s, const char *name, const enum config_link_mode *mode);

/* A copy; 0 or -ENOMEM. */
int mgmt_switches_copy(struct mgmt_switches *out, const struct mgmt_switches *s);

void mgmt_switches_free(struct mgmt_switches *s);
