/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Capture files of Ethernet frames: written for other dissectors to look at, read for replays. */

struct pcap;

/* Makes or empties the file. NULL with errno set. */
struct pcap *pcap_open(const char *path);

void pcap_write(struct pcap *p, uint64_t at_us, const uint8_t *frame, size_t len);

/* 0, or -1: something could not be written. */
int pcap_close(struct pcap *p);

/* One frame of a file that is read. */
struct pcap_frame {
	uint64_t at_us;
	size_t len;
	uint8_t data[65536];
};

/* Opens a file of microseconds or nanoseconds in either byte order, link type Ethernet. NULL: it is
 * none, or cannot be read. */
FILE *pcap_read_open(const char *path);

/* The next frame. 1, 0 at the end, -1: the file is broken, or the capture cut the frame off. */
int pcap_read(FILE *f, struct pcap_frame *out);
