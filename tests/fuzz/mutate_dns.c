/* SPDX-License-Identifier: BSD-3-Clause */
#include "mutate.h"

#include <stdbool.h>
#include <string.h>

#define ENTRIES_MAX 64
#define HEADER 12

/* Where an entry of the message stands: what is behind its name begins at `fixed`. */
struct entry {
	size_t at, fixed, end;
	unsigned section; /* 0: question */
};

static const uint16_t types[] = {1, 12, 13, 16, 28, 33, 41, 47, 255, 65, 6, 5};
static const uint32_t ttls[] = {0, 1, 2, 10, 60, 120, 4500, 0x7fffffff, 0x80000000, 0xffffffff};
static const uint16_t classes[] = {1, 0x8001, 255, 3, 0x8000, 4096};

static unsigned roll(unsigned *seed, unsigned n)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % n;
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* Behind the name at pos, or 0. */
static size_t skip_name(const uint8_t *p, size_t size, size_t pos)
{
	while (pos < size) {
		if (p[pos] == 0)
			return pos + 1;
		if ((p[pos] & 0xc0) == 0xc0)
			return pos + 2 <= size ? pos + 2 : 0;
		if ((p[pos] & 0xc0) != 0)
			return 0;
		pos += 1u + p[pos];
	}
	return 0;
}

/* The entries that can be told apart. */
static unsigned find_entries(const uint8_t *p, size_t size, struct entry *e)
{
	size_t pos = HEADER;
	unsigned n = 0;

	for (unsigned section = 0; section < 4; section++) {
		for (unsigned i = get16(p + 4 + 2 * section); i > 0 && n < ENTRIES_MAX; i--) {
			struct entry *x = &e[n];

			*x = (struct entry){.at = pos, .section = section};
			x->fixed = skip_name(p, size, pos);
			if (x->fixed == 0)
				return n;
			x->end = x->fixed + (section == 0 ? 4 : 10);
			if (x->end > size)
				return n;
			if (section != 0)
				x->end += get16(p + x->fixed + 8);
			if (x->end > size)
				return n;
			pos = x->end;
			n++;
		}
	}
	return n;
}

/* The entry again, behind itself; pointers in it still point to the same places. */
static size_t repeat(uint8_t *p, size_t size, size_t max, const struct entry *e)
{
	size_t len = e->end - e->at;
	uint8_t *count = p + 4 + 2 * e->section;

	if (size + len > max)
		return size;
	memmove(p + e->end + len, p + e->end, size - e->end);
	memcpy(p + e->end, p + e->at, len);
	put16(count, (uint16_t)(get16(count) + 1));
	return size + len;
}

static size_t take_out(uint8_t *p, size_t size, const struct entry *e)
{
	uint8_t *count = p + 4 + 2 * e->section;

	memmove(p + e->at, p + e->end, size - e->end);
	put16(count, (uint16_t)(get16(count) - 1));
	return size - (e->end - e->at);
}

static void change_header(uint8_t *p, unsigned *seed)
{
	static const uint8_t masks[] = {0x80, 0x04, 0x02, 0x78};

	switch (roll(seed, 3)) {
	case 0:
		p[2] ^= masks[roll(seed, 4)];
		break;
	case 1:
		put16(p + 4 + 2 * roll(seed, 4), (uint16_t)roll(seed, 8));
		break;
	default:
		p[roll(seed, HEADER)] = (uint8_t)roll(seed, 256);
	}
}

/* One field of the entry; or its first bytes become a pointer to another's name. */
static void change_entry(
	uint8_t *p, const struct entry *e, const struct entry *other, unsigned *seed)
{
	uint32_t ttl = ttls[roll(seed, sizeof(ttls) / sizeof(ttls[0]))];

	switch (roll(seed, e->section == 0 ? 3 : 6)) {
	case 0:
		put16(p + e->fixed, types[roll(seed, sizeof(types) / sizeof(types[0]))]);
		break;
	case 1:
		put16(p + e->fixed + 2, classes[roll(seed, sizeof(classes) / sizeof(classes[0]))]);
		break;
	case 2:
		if (e->fixed - e->at == 2)
			put16(p + e->at, (uint16_t)(0xc000 | (other->at & 0x3fff)));
		else if (e->fixed - e->at > 2)
			p[e->at + 1 + roll(seed, (unsigned)(e->fixed - e->at - 2))] ^=
				(uint8_t)(1 + roll(seed, 255));
		break;
	case 3:
		put16(p + e->fixed + 4, (uint16_t)(ttl >> 16));
		put16(p + e->fixed + 6, (uint16_t)ttl);
		break;
	case 4:
		put16(p + e->fixed + 8, (uint16_t)(get16(p + e->fixed + 8) + roll(seed, 5) - 2));
		break;
	default:
		if (e->end > e->fixed + 10)
			p[e->fixed + 10 + roll(seed, (unsigned)(e->end - e->fixed - 10))] ^=
				(uint8_t)(1 + roll(seed, 255));
	}
}

size_t mutate_dns(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	struct entry e[ENTRIES_MAX];
	unsigned n, i;

	if (size < HEADER || roll(&seed, 8) == 0)
		return LLVMFuzzerMutate(data, size, max);
	n = find_entries(data, size, e);
	if (n == 0 || roll(&seed, 6) == 0) {
		change_header(data, &seed);
		return size;
	}
	i = roll(&seed, n);
	switch (roll(&seed, 6)) {
	case 0:
		return repeat(data, size, max, &e[i]);
	case 1:
		return take_out(data, size, &e[i]);
	default:
		change_entry(data, &e[i], &e[roll(&seed, n)], &seed);
		return size;
	}
}
