/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "management/mgmt_priv.h"

/*
 * The audit (draft 1.1, requirement 10): one JSON object a line for what policy denied or, by rules
 * with `audit: true`, permitted, what quotas refused, names in conflict, and changes of the
 * configuration. The first of a kind is written at once; what repeats is counted, and the count
 * follows within AUDIT_FOLD_S. A file that cannot be written costs lines, which are counted, and
 * nothing else. Management thread.
 */

#define AUDIT_FOLD_S 60  /* between two lines about the same */
#define AUDIT_KINDS 4096 /* remembered at a time */
#define AUDIT_RETRY_S 10 /* until a file that failed is opened again */
#define AUDIT_TURN 256   /* notes taken in of each lcore in a turn */

/* NULL: no memory. */
struct mgmt_audit *mgmt_audit_create(void);

/* Writes what is still to be told, closes the file. NULL is fine. */
void mgmt_audit_destroy(struct mgmt *m);

/* Opens the file that the configuration in force names, closes another; called at every reload, so
 * that a rotated file is let go of. */
void mgmt_audit_open(struct mgmt *m);

/* Takes in notes, writes lines that are due. Returns how many notes. */
unsigned mgmt_audit_turn(struct mgmt *m);

/* A change of the configuration: {"event": "config", "what": ..., ...}; takes `more` over, which
 * may be NULL. */
void mgmt_audit_config(struct mgmt *m, const char *what, json_t *more);

/* Lines written; notes and lines lost. */
uint64_t mgmt_audit_lines(const struct mgmt *m);
uint64_t mgmt_audit_lost(const struct mgmt *m);

/* {"file": ..., "lines": ..., "lost": ...}: lines written; notes and lines lost. */
json_t *mgmt_audit_show(const struct mgmt *m);
