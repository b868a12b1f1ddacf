/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/world.h"
#include "dns/writer.h"

struct ctl;

/* Writes a message; 0, or what dns_write_*() returned: then it is not sent. */
typedef int (*ctl_write_fn)(struct dns_writer *w, const void *arg);

/*
 * Multicasts a message of our own on every family of the link that we have an address for (emit.c);
 * flags: DNS_FLAG_*. False: not sent. Control thread.
 */
bool ctl_emit_message(struct ctl *c, const struct dp_link *l, uint16_t flags, ctl_write_fn write,
	const void *arg);
