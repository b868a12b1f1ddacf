/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/pcapng.h"

#include <string.h>

enum {
	BLOCK_INTERFACE = 1,
	BLOCK_STATISTICS = 5,
	BLOCK_FRAME = 6,
	BLOCK_SECTION = 0x0a0d0d0a,
};

enum {
	OPT_END = 0,
	OPT_IF_NAME = 2,
	OPT_SHB_USERAPPL = 4,
	OPT_EPB_FLAGS = 2,
	OPT_ISB_IFRECV = 4,
	OPT_ISB_IFDROP = 5,
};

#define BYTE_ORDER_MAGIC 0x1a2b3c4d
#define LINKTYPE_ETHERNET 1
#define FLAG_IN 1
#define FLAG_OUT 2

static void put16(struct text *t, uint16_t v)
{
	text_add(t, (const char *)&v, sizeof(v));
}

static void put32(struct text *t, uint32_t v)
{
	text_add(t, (const char *)&v, sizeof(v));
}

static void put64(struct text *t, uint64_t v)
{
	text_add(t, (const char *)&v, sizeof(v));
}

/* High half first, whatever the byte order. */
static void put_time(struct text *t, uint64_t us)
{
	put32(t, (uint32_t)(us >> 32));
	put32(t, (uint32_t)us);
}

static void pad(struct text *t, uint32_t len)
{
	text_add(t, "\0\0\0", (4 - len % 4) % 4);
}

static void option(struct text *t, uint16_t code, const void *value, uint16_t len)
{
	put16(t, code);
	put16(t, len);
	text_add(t, value, len);
	pad(t, len);
}

/* The length of a block stands before and behind it: it is known when the block is done. */
static size_t block(struct text *t, uint32_t type)
{
	size_t at = t->len;

	put32(t, type);
	put32(t, 0);
	return at;
}

static void block_end(struct text *t, size_t at)
{
	uint32_t len = (uint32_t)(t->len - at) + 4;

	put32(t, len);
	if (!t->lost)
		memcpy(t->buf + at + 4, &len, sizeof(len));
}

void pcapng_begin(struct text *t, const char *interface)
{
	static const char us[] = "linkspan " LINKSPAN_VERSION;
	size_t at = block(t, BLOCK_SECTION);

	put32(t, BYTE_ORDER_MAGIC);
	put16(t, 1);
	put16(t, 0);
	put64(t, UINT64_MAX); /* how long it will be is not known */
	option(t, OPT_SHB_USERAPPL, us, sizeof(us) - 1);
	option(t, OPT_END, "", 0);
	block_end(t, at);

	at = block(t, BLOCK_INTERFACE);
	put16(t, LINKTYPE_ETHERNET);
	put16(t, 0);
	put32(t, 0); /* frames are whole */
	option(t, OPT_IF_NAME, interface, (uint16_t)strlen(interface));
	option(t, OPT_END, "", 0);
	block_end(t, at);
}

void pcapng_frame(struct text *t, uint64_t at_us, bool out, const uint8_t *bytes, uint32_t len)
{
	uint32_t flags = out ? FLAG_OUT : FLAG_IN;
	size_t at = block(t, BLOCK_FRAME);

	put32(t, 0);
	put_time(t, at_us);
	put32(t, len);
	put32(t, len);
	text_add(t, (const char *)bytes, len);
	pad(t, len);
	option(t, OPT_EPB_FLAGS, &flags, sizeof(flags));
	option(t, OPT_END, "", 0);
	block_end(t, at);
}

void pcapng_end(struct text *t, uint64_t at_us, uint64_t captured, uint64_t lost)
{
	size_t at = block(t, BLOCK_STATISTICS);

	put32(t, 0);
	put_time(t, at_us);
	option(t, OPT_ISB_IFRECV, &captured, sizeof(captured));
	option(t, OPT_ISB_IFDROP, &lost, sizeof(lost));
	option(t, OPT_END, "", 0);
	block_end(t, at);
}
