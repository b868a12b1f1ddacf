/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/name.h"

#include <errno.h>

/* 16 bytes is the widest vector every 64-bit machine we run on has without asking. */
typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint8_t bytes8 __attribute__((vector_size(8)));

static inline uint8_t fold1(uint8_t c)
{
	return c | (uint8_t)(((uint8_t)(c - 'A') < 26) << 5);
}

static inline bytes16 fold16(const uint8_t *p)
{
	bytes16 v;

	memcpy(&v, p, sizeof(v));
	return v | ((bytes16)(v - 'A' < 26) & 0x20);
}

static inline bytes8 fold8(const uint8_t *p)
{
	bytes8 v;

	memcpy(&v, p, sizeof(v));
	return v | ((bytes8)(v - 'A' < 26) & 0x20);
}

int dns_name_check(const uint8_t *wire, size_t avail)
{
	size_t n = 0;

	if (avail > DNS_NAME_MAX)
		avail = DNS_NAME_MAX;
	while (n < avail) {
		uint8_t len = wire[n];

		if (len > DNS_LABEL_MAX)
			return -EBADMSG;
		n += 1u + len;
		if (len == 0)
			return (int)n;
	}
	return -EBADMSG;
}

/*
 * The last, partial word is done as a whole one that ends where the name does: folding bytes twice
 * does no harm, and nothing behind the name is touched.
 */
void dns_name_canon(uint8_t *dst, const uint8_t *name, size_t len)
{
	size_t i = 0;

	if (len >= sizeof(bytes16)) {
		for (; i + sizeof(bytes16) < len; i += sizeof(bytes16)) {
			bytes16 v = fold16(name + i);

			memcpy(dst + i, &v, sizeof(v));
		}
		i = len - sizeof(bytes16);
		bytes16 v = fold16(name + i);
		memcpy(dst + i, &v, sizeof(v));
	} else if (len >= sizeof(bytes8)) {
		bytes8 head = fold8(name), tail = fold8(name + len - sizeof(bytes8));

		memcpy(dst, &head, sizeof(head));
		memcpy(dst + len - sizeof(tail), &tail, sizeof(tail));
	} else {
		for (; i < len; i++)
			dst[i] = fold1(name[i]);
	}
}

static inline bool same16(const uint8_t *a, const uint8_t *b)
{
	bytes16 diff = fold16(a) ^ fold16(b);
	uint64_t half[2];

	memcpy(half, &diff, sizeof(half));
	return (half[0] | half[1]) == 0;
}

static inline bool same8(const uint8_t *a, const uint8_t *b)
{
	bytes8 diff = fold8(a) ^ fold8(b);
	uint64_t word;

	memcpy(&word, &diff, sizeof(word));
	return word == 0;
}

/* Names of one length whose folded bytes are equal have equal length bytes, label by label. */
bool dns_name_equal_len(const uint8_t *a, const uint8_t *b, size_t len)
{
	size_t i = 0;

	if (len >= sizeof(bytes16)) {
		for (; i + sizeof(bytes16) < len; i += sizeof(bytes16))
			if (!same16(a + i, b + i))
				return false;
		i = len - sizeof(bytes16);
		return same16(a + i, b + i);
	}
	if (len >= sizeof(bytes8)) {
		i = len - sizeof(bytes8);
		return same8(a, b) && same8(a + i, b + i);
	}
	for (; i < len; i++)
		if (fold1(a[i]) != fold1(b[i]))
			return false;
	return true;
}

bool dns_name_equal(const uint8_t *a, const uint8_t *b)
{
	size_t len = dns_name_len(a);

	return dns_name_len(b) == len && dns_name_equal_len(a, b, len);
}

bool dns_name_is_under(const uint8_t *name, const uint8_t *suffix)
{
	size_t left = dns_name_len(name), want = dns_name_len(suffix);

	while (left > want) {
		left -= 1u + *name;
		name += 1u + *name;
	}
	return left == want && dns_name_equal_len(name, suffix, want);
}

bool dns_label_is(const uint8_t *label, const char *lower, size_t len)
{
	if (*label != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (fold1(label[1 + i]) != (uint8_t)lower[i])
			return false;
	return true;
}
