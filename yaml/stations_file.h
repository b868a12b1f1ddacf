/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "yaml/complain.h"
#include "yaml/draft.h"

/**
 * Read the file that stations_file names and hang its list into the tree, where stations stands
 * otherwise: what comes later sees no difference. Before the walk. Reports a file that cannot be
 * read or holds no list, and both keys at once. Running out of memory sets ld->oom.
 */
void yaml_read_stations_file(struct yaml_loader *ld, struct draft *draft);
