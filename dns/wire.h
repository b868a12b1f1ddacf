/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The constants of DNS messages as RFC 1035 §4.1, RFC 6762 §18 and RFC 6891 lay them out, and
 * unaligned big-endian access to their fields. Everything here may be used by any thread.
 */

#include <endian.h>
#include <stdint.h>
#include <string.h>

/*
 * Longest name on the wire, the root label included (RFC 1035 §3.1). RFC 6762 Appendix C allows one
 * byte more in multicast; unicast DNS cannot carry such a name, and 255 lets lengths and offsets
 * be single bytes, so it is refused as too long.
 */
#define DNS_NAME_MAX 255
/* Longest label, its length byte not counted. */
#define DNS_LABEL_MAX 63
/* Most labels a name of DNS_NAME_MAX bytes can hold, the root label not counted. */
#define DNS_LABELS_MAX 127
/* Longest message, in bytes (RFC 6762 §17 counts the IP and UDP headers in, so this is generous).
 */
#define DNS_MSG_MAX 9000
/* Length of the message header in bytes. */
#define DNS_HEADER_LEN 12
/* Smallest question: root name, type, class. */
#define DNS_QUESTION_MIN 5
/* Smallest record: root name, type, class, TTL, rdata length. */
#define DNS_RR_MIN 11

/* Record types (IANA "Resource Record (RR) TYPEs"). */
enum dns_rrtype {
	DNS_TYPE_A = 1,
	DNS_TYPE_NS = 2,
	DNS_TYPE_MD = 3,
	DNS_TYPE_MF = 4,
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_SOA = 6,
	DNS_TYPE_MB = 7,
	DNS_TYPE_MG = 8,
	DNS_TYPE_MR = 9,
	DNS_TYPE_NULL = 10,
	DNS_TYPE_WKS = 11,
	DNS_TYPE_PTR = 12,
	DNS_TYPE_HINFO = 13,
	DNS_TYPE_MINFO = 14,
	DNS_TYPE_MX = 15,
	DNS_TYPE_TXT = 16,
	DNS_TYPE_RP = 17,
	DNS_TYPE_AFSDB = 18,
	DNS_TYPE_RT = 21,
	DNS_TYPE_SIG = 24,
	DNS_TYPE_KEY = 25,
	DNS_TYPE_PX = 26,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_LOC = 29,
	DNS_TYPE_NXT = 30,
	DNS_TYPE_SRV = 33,
	DNS_TYPE_NAPTR = 35,
	DNS_TYPE_KX = 36,
	DNS_TYPE_DNAME = 39,
	DNS_TYPE_OPT = 41,
	DNS_TYPE_DS = 43,
	DNS_TYPE_SSHFP = 44,
	DNS_TYPE_RRSIG = 46,
	DNS_TYPE_NSEC = 47,
	DNS_TYPE_DNSKEY = 48,
	DNS_TYPE_NSEC3 = 50,
	DNS_TYPE_TLSA = 52,
	DNS_TYPE_SVCB = 64,
	DNS_TYPE_HTTPS = 65,
	DNS_TYPE_SPF = 99,
	DNS_TYPE_TSIG = 250,
	DNS_TYPE_IXFR = 251,
	DNS_TYPE_AXFR = 252,
	DNS_TYPE_ANY = 255,
	DNS_TYPE_CAA = 257,
};

/*
 * Types that belong to zones and their servers, which .local has none of (RFC 6762 §12), and those
 * that are no data (RFC 6895 §3.1): neither learned, nor asked for, nor answered.
 */
static inline bool dns_type_is_foreign(uint16_t rrtype)
{
	return rrtype == 0 || rrtype == DNS_TYPE_NS || rrtype == DNS_TYPE_SOA ||
	       rrtype == DNS_TYPE_OPT || rrtype == DNS_TYPE_DS ||
	       (rrtype >= 128 && rrtype < DNS_TYPE_ANY);
}

/* Classes; the top bit means something else in mDNS (RFC 6762 §18.12, §18.13). */
#define DNS_CLASS_IN 1
#define DNS_CLASS_ANY 255
#define DNS_CLASS_MASK 0x7fff
/* In a question: a unicast response is preferred (RFC 6762 §5.4). */
#define DNS_QU_BIT 0x8000
/* In a record: the RRset is unique and complete (RFC 6762 §10.2). */
#define DNS_CACHE_FLUSH_BIT 0x8000

/* Header flags, as bits of the 16-bit word in host order. */
#define DNS_FLAG_QR 0x8000
#define DNS_FLAG_AA 0x0400
#define DNS_FLAG_TC 0x0200
#define DNS_FLAG_RD 0x0100
#define DNS_FLAG_RA 0x0080
#define DNS_FLAG_AD 0x0020
#define DNS_FLAG_CD 0x0010
#define DNS_OPCODE_MASK 0x7800
#define DNS_RCODE_MASK 0x000f

/* The four sections, in message order. */
enum dns_section {
	DNS_SECTION_QUESTION,
	DNS_SECTION_ANSWER,
	DNS_SECTION_AUTHORITY,
	DNS_SECTION_ADDITIONAL,
	DNS_SECTIONS,
};

static inline uint16_t dns_load16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return be16toh(v);
}

static inline uint32_t dns_load32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

static inline void dns_store16(void *p, uint16_t host)
{
	uint16_t v = htobe16(host);

	memcpy(p, &v, sizeof(v));
}

static inline void dns_store32(void *p, uint32_t host)
{
	uint32_t v = htobe32(host);

	memcpy(p, &v, sizeof(v));
}
