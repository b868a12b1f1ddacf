/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "tests/packet/dissect.h"

/*
 * The host duties' part of dissect(): ARP, neighbour discovery, IGMP and MLD, each put into one
 * line of text that scenarios expect words of:
 *
 *	arp who-has 10.10.0.5 tell 10.10.0.2
 *	arp is-at 10.10.0.2 to 02:00:00:00:00:05
 *	nd ns fe80::1 [dad]            nd na fe80::1 to ADDRESS [solicited] [override]
 *	igmp v2-report 224.0.0.251     igmp v3-report 224.0.0.251 exclude       igmp leave ...
 *	mld v1-report ff02::fb         mld v2-report ff02::fb exclude           mld done ff02::fb
 */

void dissect_arp(struct dissected *d, const uint8_t *p, size_t len);
void dissect_igmp(struct dissected *d, const uint8_t *options, size_t n_options, const uint8_t *p,
	size_t len);
void dissect_icmp6(struct dissected *d, bool router_alert, const uint8_t *p, size_t len);

/* Notes what is malformed; the first one counts. */
void dissect_problem(struct dissected *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
