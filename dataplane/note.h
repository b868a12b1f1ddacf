/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "dataplane/worker_priv.h"

/* What workers note for the audit, if it is on (dataplane/audit.h). Worker thread. */

/* The verdict on a question of a query. */
void dp_note_question(struct dp_worker *w, const struct dp_query *q, const struct dp_question *qu,
	policy_verdict_t v);

/* A packet that admission refused: which outcome. */
void dp_note_refused(struct dp_worker *w, const struct dp_pkt *pkt, enum dp_outcome o);

/* The verdict on telling the asker a record. */
void dp_note_record(struct dp_worker *w, const struct dp_query *q, const struct cache_record *r,
	policy_verdict_t v);
