/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/nsec.h"

#include <errno.h>

#include "dns/name.h"

/* Block number and length in front of the bitmap's bytes (RFC 4034 §4.1.2). */
#define BLOCK_HEADER 2
#define BLOCK_MAX 32

bool dns_nsec_bitmap_ok(const uint8_t *bitmap, size_t len)
{
	return len > BLOCK_HEADER && bitmap[0] == 0 && bitmap[1] <= BLOCK_MAX &&
	       len == BLOCK_HEADER + (size_t)bitmap[1];
}

int dns_nsec_types(const uint8_t *rdata, size_t rdlen, struct dns_type_set *set)
{
	int next = dns_name_check(rdata, rdlen);

	if (next < 0 || !dns_nsec_bitmap_ok(rdata + next, rdlen - (size_t)next))
		return -EINVAL;
	rdata += next + BLOCK_HEADER;
	rdlen -= (size_t)next + BLOCK_HEADER;
	*set = (struct dns_type_set){0};
	for (unsigned t = 0; t < 8 * rdlen; t++)
		if (rdata[t / 8] & (0x80u >> t % 8))
			dns_type_set_add(set, (uint16_t)t);
	return 0;
}

int dns_nsec_build(const uint8_t *name, const struct dns_type_set *set, uint8_t *out, size_t cap)
{
	size_t name_len = dns_name_len(name), bytes = 0;
	uint8_t bitmap[BLOCK_MAX] = {0};

	for (unsigned t = 0; t < 8 * BLOCK_MAX; t++) {
		if (t == DNS_TYPE_NSEC || !dns_type_set_has(set, (uint16_t)t))
			continue;
		bitmap[t / 8] |= (uint8_t)(0x80u >> t % 8);
		bytes = t / 8 + 1;
	}
	if (bytes == 0)
		return -EINVAL;
	if (name_len + BLOCK_HEADER + bytes > cap)
		return -ENOSPC;
	memcpy(out, name, name_len);
	out += name_len;
	*out++ = 0;
	*out++ = (uint8_t)bytes;
	memcpy(out, bitmap, bytes);
	return (int)(name_len + BLOCK_HEADER + bytes);
}
