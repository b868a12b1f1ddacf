/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* A capture file of Ethernet frames, for other dissectors to look at. */

struct pcap;

/* Makes or empties the file. NULL with errno set. */
struct pcap *pcap_open(const char *path);

void pcap_write(struct pcap *p, uint64_t at_us, const uint8_t *frame, size_t len);

/* 0, or -1: something could not be written. */
int pcap_close(struct pcap *p);
