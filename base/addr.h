/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Addresses as the whole gateway knows them: six bytes of MAC, an IPv4 or IPv6 address with its
 * family beside it, and an interface address with a prefix length. Bytes are in network order.
 * Everything here is pure and may be called from any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct mac_addr {
	uint8_t b[6];
};

/* An address. Family 0 means "none"; IPv4 uses the first 4 bytes and keeps the rest zero, so that
 * two equal addresses are equal as bytes. */
struct ip_addr {
	uint8_t family; /* 4 or 6, 0 none */
	uint8_t b[16];
};

/* An address with its prefix length (0..32 or 0..128). Host bits are kept: "10.0.0.2/24" is both
 * an own address and its prefix. */
struct ip_prefix {
	struct ip_addr addr;
	uint8_t len;
};

/* Buffer sizes that hold any formatted value, the closing NUL included. */
#define MAC_TEXT_SIZE 18    /* "02:00:00:00:00:01" */
#define IP_TEXT_SIZE 46     /* INET6_ADDRSTRLEN */
#define PREFIX_TEXT_SIZE 50 /* an address, '/' and three digits */

/* Parse "02:00:5e:10:00:01" (also '-' between the bytes, either case; exactly two digits a byte).
 * 0, or -EINVAL with *mac untouched. */
int mac_parse(const char *text, struct mac_addr *mac);

/* Write the lower case form with colons into buf[MAC_TEXT_SIZE]; returns buf. */
const char *mac_format(const struct mac_addr *mac, char *buf);

/* Parse a dotted quad or an IPv6 address (RFC 4291 §2.2). No zone, no prefix length, no spaces.
 * 0, or -EINVAL with *addr untouched. */
int ip_parse(const char *text, struct ip_addr *addr);

/* Write the address (RFC 5952 for IPv6, "none" for family 0) into buf[IP_TEXT_SIZE]; returns
 * buf. */
const char *ip_format(const struct ip_addr *addr, char *buf);

/* Parse "10.0.0.2/24" or "fd00::2/64"; the length is required. 0, -EINVAL for bad text, -ERANGE
 * for a length beyond the family's; *prefix is untouched on errors. */
int prefix_parse(const char *text, struct ip_prefix *prefix);

/* Write "address/len" into buf[PREFIX_TEXT_SIZE]; returns buf. */
const char *prefix_format(const struct ip_prefix *prefix, char *buf);

/* Whether the address (4 bytes for family 4, 16 for family 6) lies in the prefix; never across
 * families. Host bits of the prefix are ignored. */
bool prefix_contains(const struct ip_prefix *prefix, uint8_t family, const uint8_t *bytes);

/* Whether two prefixes share an address (same family, one contains the other). */
bool prefix_overlaps(const struct ip_prefix *a, const struct ip_prefix *b);

/* The link-local address a MAC stands for: fe80::/64 and the modified EUI-64 (RFC 4291 appendix
 * A). */
struct ip_addr ip_link_local_from_mac(const struct mac_addr *mac);

/* Build an address from bytes in network order: 4 of them for family 4, 16 for family 6. */
static inline struct ip_addr ip_from_bytes(uint8_t family, const uint8_t *bytes)
{
	struct ip_addr addr = {.family = family};

	memcpy(addr.b, bytes, family == 4 ? 4 : 16);
	return addr;
}

static inline bool mac_equal(const struct mac_addr *a, const struct mac_addr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

/* Group bit of IEEE 802: multicast and broadcast. */
static inline bool mac_is_multicast(const struct mac_addr *mac)
{
	return mac->b[0] & 1;
}

static inline bool mac_is_zero(const struct mac_addr *mac)
{
	return (mac->b[0] | mac->b[1] | mac->b[2] | mac->b[3] | mac->b[4] | mac->b[5]) == 0;
}

/* The six bytes as one number, the first byte uppermost: a key for tables. */
static inline uint64_t mac_to_u64(const struct mac_addr *mac)
{
	const uint8_t *b = mac->b;

	return (uint64_t)b[0] << 40 | (uint64_t)b[1] << 32 | (uint64_t)b[2] << 24 |
	       (uint64_t)b[3] << 16 | (uint64_t)b[4] << 8 | b[5];
}

/* The six bytes at p as they lie in memory, in a number: for hashing. No store and load again, as
 * memcpy() into a number would be. */
static inline uint64_t mac_word(const uint8_t *p)
{
	uint32_t a;
	uint16_t b;

	memcpy(&a, p, sizeof(a));
	memcpy(&b, p + sizeof(a), sizeof(b));
	return a | (uint64_t)b << 32;
}

/* The same where eight bytes may be read: at once. */
static inline uint64_t mac_word_wide(const uint8_t *p)
{
	uint64_t eight;

	memcpy(&eight, p, sizeof(eight));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return eight & UINT64_C(0xffffffffffff);
#else
	return eight >> 32 | (eight >> 16 & 0xffff) << 32;
#endif
}

/* Writes a mac_word() to p, and the first two bytes of another one behind it: next, as
 * mac_word_next() has them. */
static inline void mac_word_write(uint8_t *p, uint64_t word, uint64_t next)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	word |= next;
#else
	word = (word & UINT32_MAX) << 32 | (word >> 32) << 16 | next;
#endif
	memcpy(p, &word, sizeof(word));
}

static inline uint64_t mac_word_next(const uint8_t *p)
{
	uint16_t first;

	memcpy(&first, p, sizeof(first));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (uint64_t)first << 48;
#else
	return first;
#endif
}

static inline bool ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* 169.254/16 (RFC 3927) or fe80::/10 (RFC 4291 §2.5.6). */
static inline bool ip_is_link_local(const struct ip_addr *addr)
{
	if (addr->family == 4)
		return addr->b[0] == 169 && addr->b[1] == 254;
	return addr->family == 6 && addr->b[0] == 0xfe && (addr->b[1] & 0xc0) == 0x80;
}

/* 224/4 or ff00::/8. */
static inline bool ip_is_multicast(const struct ip_addr *addr)
{
	if (addr->family == 4)
		return (addr->b[0] & 0xf0) == 0xe0;
	return addr->family == 6 && addr->b[0] == 0xff;
}

/* 0.0.0.0 or ::, or no address at all. */
bool ip_is_unspecified(const struct ip_addr *addr);

/* 127/8 or ::1. */
bool ip_is_loopback(const struct ip_addr *addr);
