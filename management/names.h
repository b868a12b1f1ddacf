/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "management/mgmt_priv.h"

/*
 * Takes back the numbers of users and access points that nothing speaks of any more: neither the
 * configuration nor commands nor the network (policy/names.h). Each minute at most, and only once
 * there are many new ones. Returns 1 if it did, else 0. Management thread.
 */
unsigned mgmt_names_turn(struct mgmt *m);
