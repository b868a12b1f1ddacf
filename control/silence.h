/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "control/table.h"
#include "control/timer.h"

/*
 * Is a station still there (`links[].silence`, draft 3.8.2)? One that offers something and was not
 * heard for long is asked about its records, by one QU query, then by ARP and neighbour discovery;
 * one that answers none of it has left (leave.h). Control thread only.
 */

struct ctl;

#define CTL_SILENCES_MAX 4096 /* stations that are being asked */

struct ctl_silence {
	struct ctl_entry entry; /* of (station, its life) */
	struct ctl_timer timer;
	uint32_t station, life;
	uint32_t from_ms;
	uint8_t step;
	bool present; /* it answered ARP or neighbour discovery */
};

struct ctl_silences {
	struct ctl_table table;
};

int ctl_silences_init(struct ctl *c);
void ctl_silences_fini(struct ctl *c);

/* Was the live station not heard for as long as its link says? Then it is asked. */
void ctl_silence_look(struct ctl *c, uint32_t station);

/* A station answered ARP or neighbour discovery; false: nobody waited for that. */
bool ctl_silence_present(struct ctl *c, uint16_t link, const struct mac_addr *mac);
