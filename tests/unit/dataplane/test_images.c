/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench.h"

#include <criterion/criterion.h>

#include <string.h>

#include "dns/wire.h"

/* Known answers by their bytes: which of them are told apart, and which are not kept at all. */

TestSuite(images, .init = bench_start, .fini = bench_stop);

#define WHOLE UINT64_C(0x1234567890abcdef)

/* A query for _ipp._tcp.local PTR with one known answer. */
static uint8_t query[256];
static unsigned questions, end;

static void ask(const void *owner, unsigned owner_len, uint16_t rrtype, uint16_t rrclass,
	const void *rdata, uint16_t rdlen)
{
	static const uint8_t head[] =
		"\0\0\0\0\0\1\0\1\0\0\0\0\x04_ipp\x04_tcp\x05local\0\0\x0c\0\1";
	uint8_t *p = query + sizeof(head) - 1;

	bench.shared.fast = dp_fast_choose(NULL);
	memset(query, 0xee, sizeof(query));
	memcpy(query, head, sizeof(head) - 1);
	questions = sizeof(head) - 1;
	memcpy(p, owner, owner_len);
	p += owner_len;
	dns_store16(p, rrtype);
	dns_store16(p + 2, rrclass);
	dns_store32(p + 4, 4500);
	dns_store16(p + 8, rdlen);
	memcpy(p + 10, rdata, rdlen);
	end = (unsigned)(p + 10 + rdlen - query);
}

/* Is the known answer found, and as which record? */
static bool found(uint64_t whole, uint32_t *at)
{
	const uint8_t *p = query + questions;
	struct dp_image image = {{0}};

	image.w[0] = dp_image_head(p, whole);
	memcpy(image.w + 1, p + DP_IMAGE_HEAD, end - questions - DP_IMAGE_HEAD);
	return dp_image_find(&bench.worker->images, &image,
		bench.shared.fast->hash(bench.worker->rendered.secret, image.w), at);
}

static void keep(uint32_t at)
{
	dp_image_keep(bench.worker, query, questions, questions, end, WHOLE, at);
}

Test(images, by_their_bytes)
{
	uint32_t at = 0;

	ask("\xc0\x0c", 2, DNS_TYPE_PTR, DNS_CLASS_IN, "\1P\xc0\x0c", 4);
	cr_assert_not(found(WHOLE, &at));
	keep(3);
	cr_assert(found(WHOLE, &at));
	cr_assert_eq(at, 3);
	cr_assert_not(found(WHOLE + 1, &at), "another answer");
	dns_store32(query + questions + 6, 17);
	cr_assert(found(WHOLE, &at), "whatever its TTL is");
	ask("\xc0\x0c", 2, DNS_TYPE_PTR, DNS_CLASS_IN, "\1Q\xc0\x0c", 4);
	cr_assert_not(found(WHOLE, &at));
	keep(DP_RENDERED_NONE);
	cr_assert(found(WHOLE, &at));
	cr_assert_eq(at, DP_RENDERED_NONE);
}

/* Where its bytes do not say all of it, or it is too long, it is not kept. */
Test(images, what_is_not_kept)
{
	uint8_t label[64] = {60};

	memset(label + 1, 'x', 60);
	memcpy(label + 61, "\xc0\x0c", 2);
	const struct {
		const char *what;
		const void *owner;
		unsigned owner_len;
		uint16_t rrtype, rrclass;
		const void *rdata;
		uint16_t rdlen;
	} cases[] = {
		{"owner in full", "\x04_ipp\x04_tcp\x05local", 17, DNS_TYPE_PTR, DNS_CLASS_IN,
			"\1P\xc0\x0c", 4},
		{"owner behind the questions", "\xc0\x30", 2, DNS_TYPE_PTR, DNS_CLASS_IN,
			"\1P\xc0\x0c", 4},
		{"no PTR", "\xc0\x0c", 2, DNS_TYPE_A, DNS_CLASS_IN, "\1P\xc0\x0c", 4},
		{"flush bit", "\xc0\x0c", 2, DNS_TYPE_PTR, DNS_CLASS_IN | DNS_CACHE_FLUSH_BIT,
			"\1P\xc0\x0c", 4},
		{"rdata in full", "\xc0\x0c", 2, DNS_TYPE_PTR, DNS_CLASS_IN, "\1P\5local", 9},
		{"rdata points behind the questions", "\xc0\x0c", 2, DNS_TYPE_PTR, DNS_CLASS_IN,
			"\1P\xc0\x30", 4},
		{"something behind the pointer", "\xc0\x0c", 2, DNS_TYPE_PTR, DNS_CLASS_IN,
			"\1P\xc0\x0c\0", 5},
		{"label beyond the end", "\xc0\x0c", 2, DNS_TYPE_PTR, DNS_CLASS_IN, "\x09P\xc0\x0c",
			4},
		{"a label of the other kinds", "\xc0\x0c", 2, DNS_TYPE_PTR, DNS_CLASS_IN,
			"\x41P\xc0\x0c", 4},
		{"too long", "\xc0\x0c", 2, DNS_TYPE_PTR, DNS_CLASS_IN, label, 63},
	};

	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		ask(cases[i].owner, cases[i].owner_len, cases[i].rrtype, cases[i].rrclass,
			cases[i].rdata, cases[i].rdlen);
		keep(1);
		for (unsigned set = 0; set < DP_IMAGE_SETS; set++)
			for (unsigned way = 0; way < DP_IMAGE_WAYS; way++)
				cr_assert_eq(bench.worker->images.set[set].tag[way], 0, "%s",
					cases[i].what);
	}
}

/* More than there is room for: the old ones go, and none is taken for another. */
Test(images, more_than_there_is_room_for)
{
	char label[32];
	unsigned there = 0;
	uint32_t at;

	for (uint32_t i = 0; i < 20000; i++) {
		snprintf(label, sizeof(label), "\x0bprinter%04x\xc0\x0c", i);
		ask("\xc0\x0c", 2, DNS_TYPE_PTR, DNS_CLASS_IN, label, 14);
		keep(i);
	}
	for (uint32_t i = 0; i < 20000; i++) {
		snprintf(label, sizeof(label), "\x0bprinter%04x\xc0\x0c", i);
		ask("\xc0\x0c", 2, DNS_TYPE_PTR, DNS_CLASS_IN, label, 14);
		if (!found(WHOLE, &at))
			continue;
		cr_assert_eq(at, i);
		there++;
	}
	cr_assert_gt(there, DP_IMAGE_SETS * DP_IMAGE_WAYS / 2);
	cr_assert_leq(there, DP_IMAGE_SETS * DP_IMAGE_WAYS);
}
