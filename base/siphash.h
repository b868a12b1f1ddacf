/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * SipHash (Aumasson, Bernstein 2012) by number of rounds. The gateway hashes names with
 * SipHash-1-3 and a 128-bit result under a random key, so no station can choose collisions; the
 * 2-4 forms exist for its published vectors and for whoever wants the original's margin.
 *
 * Pure functions, any thread. A struct sip_state belongs to its caller.
 */

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct sip_key {
	uint64_t k[2];
};

struct hash128 {
	uint64_t lo, hi;
};

/* Hash in pieces: `fill` bytes of the next word wait in `tail`. */
struct sip_state {
	uint64_t v[4];
	uint64_t tail;
	uint64_t len; /* bytes taken so far */
};

static inline __attribute__((always_inline)) uint64_t sip_rotl(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static inline __attribute__((always_inline)) void sip_rounds(uint64_t v[4], unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = sip_rotl(v[1], 13) ^ v[0];
		v[3] = sip_rotl(v[3], 16) ^ v[2];
		v[0] = sip_rotl(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = sip_rotl(v[1], 17) ^ v[2];
		v[3] = sip_rotl(v[3], 21) ^ v[0];
		v[2] = sip_rotl(v[2], 32);
	}
}

static inline __attribute__((always_inline)) uint64_t sip_load64(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return le64toh(w);
}

/* The last 0..7 bytes as a little-endian number, without reading past them. */
static inline __attribute__((always_inline)) uint64_t sip_load_tail(const uint8_t *p, size_t n)
{
	uint64_t w = 0;

	if (n & 4) {
		uint32_t x;

		memcpy(&x, p, sizeof(x));
		w = le32toh(x);
		p += 4;
	}
	if (n & 2) {
		uint16_t x;

		memcpy(&x, p, sizeof(x));
		w |= (uint64_t)le16toh(x) << (8 * (n & 4));
		p += 2;
	}
	if (n & 1)
		w |= (uint64_t)*p << (8 * (n & 6));
	return w;
}

static inline __attribute__((always_inline)) void sip_start(
	uint64_t v[4], const struct sip_key *key)
{
	v[0] = key->k[0] ^ 0x736f6d6570736575ULL;
	v[1] = key->k[1] ^ 0x646f72616e646f6dULL;
	v[2] = key->k[0] ^ 0x6c7967656e657261ULL;
	v[3] = key->k[1] ^ 0x7465646279746573ULL;
}

static inline __attribute__((always_inline)) void sip_word(uint64_t v[4], uint64_t m, unsigned c)
{
	v[3] ^= m;
	sip_rounds(v, c);
	v[0] ^= m;
}

static inline __attribute__((always_inline)) struct hash128 sip_finish128(uint64_t v[4], unsigned d)
{
	struct hash128 h;

	v[2] ^= 0xee;
	sip_rounds(v, d);
	h.lo = v[0] ^ v[1] ^ v[2] ^ v[3];
	v[1] ^= 0xdd;
	sip_rounds(v, d);
	h.hi = v[0] ^ v[1] ^ v[2] ^ v[3];
	return h;
}

/* Whole words and the last one, with the length in its upper byte. */
static inline __attribute__((always_inline)) void sip_absorb(
	uint64_t v[4], const void *data, size_t len, unsigned c)
{
	const uint8_t *p = data;

	for (size_t n = len / 8; n > 0; n--, p += 8)
		sip_word(v, sip_load64(p), c);
	sip_word(v, (uint64_t)len << 56 | sip_load_tail(p, len & 7), c);
}

/* SipHash-c-d with a 128-bit result; `lo` is the first eight bytes of the reference's output. */
static inline __attribute__((always_inline)) struct hash128 sip_hash128(
	const struct sip_key *key, const void *data, size_t len, unsigned c, unsigned d)
{
	uint64_t v[4];

	sip_start(v, key);
	v[1] ^= 0xee;
	sip_absorb(v, data, len, c);
	return sip_finish128(v, d);
}

/* SipHash-c-d with a 64-bit result. */
static inline __attribute__((always_inline)) uint64_t sip_hash64(
	const struct sip_key *key, const void *data, size_t len, unsigned c, unsigned d)
{
	uint64_t v[4];

	sip_start(v, key);
	sip_absorb(v, data, len, c);
	v[2] ^= 0xff;
	sip_rounds(v, d);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* SipHash-1-3-128 of `len` bytes: the gateway's keyed hash, inline for worker lcores. */
static inline struct hash128 hash_bytes(const struct sip_key *key, const void *data, size_t len)
{
	return sip_hash128(key, data, len, 1, 3);
}

/* SipHash-2-4 of `len` bytes, 64-bit result: the original. */
uint64_t siphash24(const struct sip_key *key, const void *data, size_t len);

/* hash_bytes() over pieces: init, any number of updates of any length, final. The result equals
 * hash_bytes() of the pieces joined. */
void hash_init(struct sip_state *s, const struct sip_key *key);
void hash_update(struct sip_state *s, const void *data, size_t len);
struct hash128 hash_final(struct sip_state *s);

/* Fill a key from the kernel's random source (getrandom). 0 or negative errno. Start-up only:
 * a system call. */
int sip_key_random(struct sip_key *key);

static inline int hash_equal(struct hash128 a, struct hash128 b)
{
	return ((a.lo ^ b.lo) | (a.hi ^ b.hi)) == 0;
}
