/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/packet/pcap.h"

#include <stdbool.h>
#include <string.h>

#define MAGIC_US 0xa1b2c3d4
#define MAGIC_NS 0xa1b23c4d
#define ETHERNET 1

struct pcap {
	FILE *f;
};

struct pcap *pcap_open(const char *path)
{
	static const uint32_t head[] = {MAGIC_US, 0x00040002, 0, 0, 65535, ETHERNET};
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

/* How the file at hand counts; one is read at a time. */
static struct {
	bool swapped;
	bool nanoseconds;
} format;

static uint32_t word(uint32_t v)
{
	return format.swapped ? __builtin_bswap32(v) : v;
}

FILE *pcap_read_open(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint32_t head[6];

	if (f == NULL)
		return NULL;
	memset(&format, 0, sizeof(format));
	if (fread(head, sizeof(head), 1, f) != 1)
		goto bad;
	format.swapped = head[0] != MAGIC_US && head[0] != MAGIC_NS;
	format.nanoseconds = word(head[0]) == MAGIC_NS;
	if ((word(head[0]) == MAGIC_US || format.nanoseconds) && word(head[5]) == ETHERNET)
		return f;
bad:
	fclose(f);
	return NULL;
}

int pcap_read(FILE *f, struct pcap_frame *out)
{
	uint32_t head[4];
	size_t n = fread(head, 1, sizeof(head), f);

	if (n == 0)
		return 0;
	out->len = word(head[2]);
	if (n != sizeof(head) || out->len > sizeof(out->data) || out->len != word(head[3]) ||
		fread(out->data, 1, out->len, f) != out->len)
		return -1;
	out->at_us =
		word(head[0]) * UINT64_C(1000000) + word(head[1]) / (format.nanoseconds ? 1000 : 1);
	return 1;
}
