/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/siphash.h"

#include <errno.h>
#include <sys/random.h>

uint64_t siphash24(const struct sip_key *key, const void *data, size_t len)
{
	return sip_hash64(key, data, len, 2, 4);
}

void hash_init(struct sip_state *s, const struct sip_key *key)
{
	sip_start(s->v, key);
	s->v[1] ^= 0xee;
	s->tail = 0;
	s->len = 0;
}

void hash_update(struct sip_state *s, const void *data, size_t len)
{
	const uint8_t *p = data;
	unsigned fill = s->len & 7;

	s->len += len;
	if (fill > 0) {
		for (; len > 0 && fill < 8; len--)
			s->tail |= (uint64_t)*p++ << (8 * fill++);
		if (fill < 8)
			return;
		sip_word(s->v, s->tail, 1);
	}
	for (; len >= 8; len -= 8, p += 8)
		sip_word(s->v, sip_load64(p), 1);
	s->tail = sip_load_tail(p, len);
}

struct hash128 hash_final(struct sip_state *s)
{
	sip_word(s->v, s->len << 56 | s->tail, 1);
	return sip_finish128(s->v, 3);
}

int sip_key_random(struct sip_key *key)
{
	ssize_t n;

	/* Up to 256 bytes come whole once the source is seeded; before that a signal may cut in. */
	do {
		n = getrandom(key, sizeof(*key), 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == (ssize_t)sizeof(*key) ? 0 : -EIO;
}
