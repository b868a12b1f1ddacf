/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/packet/pcap.h"

#include <stdio.h>

struct pcap {
	FILE *f;
};

struct pcap *pcap_open(const char *path)
{
	static const uint32_t head[] = {0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1 /* Ethernet */};
	static struct pcap p;

	p.f = fopen(path, "wb");
	if (p.f == NULL)
		return NULL;
	fwrite(head, sizeof(head), 1, p.f);
	return &p;
}

void pcap_write(struct pcap *p, uint64_t at_us, const uint8_t *frame, size_t len)
{
	uint32_t head[] = {(uint32_t)(at_us / 1000000), (uint32_t)(at_us % 1000000), (uint32_t)len,
		(uint32_t)len};

	fwrite(head, sizeof(head), 1, p->f);
	fwrite(frame, len, 1, p->f);
}

int pcap_close(struct pcap *p)
{
	int bad = ferror(p->f);

	return fclose(p->f) != 0 || bad ? -1 : 0;
}
