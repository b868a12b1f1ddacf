/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/outcome.h"

#include <stddef.h>

#define NAME(name, text) #name,
#define TEXT(name, text) text,

static const char *const outcome_names[] = {DP_OUTCOMES(NAME)};
static const char *const outcome_texts[] = {DP_OUTCOMES(TEXT)};
static const char *const event_names[] = {DP_EVENTS(NAME)};
static const char *const event_texts[] = {DP_EVENTS(TEXT)};

const char *dp_outcome_name(unsigned outcome)
{
	return outcome < DP_N_OUTCOMES ? outcome_names[outcome] : NULL;
}

const char *dp_outcome_text(unsigned outcome)
{
	return outcome < DP_N_OUTCOMES ? outcome_texts[outcome] : NULL;
}

const char *dp_event_name(unsigned event)
{
	return event < DP_N_EVENTS ? event_names[event] : NULL;
}

const char *dp_event_text(unsigned event)
{
	return event < DP_N_EVENTS ? event_texts[event] : NULL;
}
