/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#include "base/lanes.h"

/*
 * Known answers (RFC 6762 §7.1) as they stand in queries: the bytes of a record, but for its TTL,
 * and which of the records it is that answer the questions of that query. Those who ask the same
 * write the same; so most are compared as they come, and none is read by name.
 *
 * An image is a PTR record whose owner name is a pointer, with all that it points to in the
 * questions. Its bytes say then what they say wherever the questions are the same.
 */

#define DP_IMAGE_SETS 1024 /* power of two */
#define DP_IMAGE_WAYS 8    /* half a line: its other half says which record it is */
#define DP_IMAGE_HEAD 12   /* bytes of a record before its rdata; the owner name is a pointer */
#define DP_IMAGE_RDATA 56  /* ... and of rdata at most */

struct dp_worker;

/* Type, class and so on, and which answer it is about; then rdata, filled up with zeros. */
struct dp_image {
	uint64_t w[8];
} __attribute__((aligned(64)));

/* Tags, then which of the answer's records each is; DP_RENDERED_NONE: none. */
struct dp_image_set {
	uint32_t tag[2 * DP_IMAGE_WAYS]; /* lanes_equal8() */
} __attribute__((aligned(64)));

#define DP_IMAGE_AT(set, way) ((set)->tag[DP_IMAGE_WAYS + (way)])

/* A worker's own. */
struct dp_images {
	struct dp_image_set set[DP_IMAGE_SETS];
	struct dp_image image[DP_IMAGE_SETS][DP_IMAGE_WAYS]; /* all 0: free */
	unsigned clock;                                      /* the way that is given up next */
};

/* The first word of the image of a record at p: owner, type, class and length, as they come, and
 * the answer (dp_rendered.whole, which nobody else can know). */
static inline uint64_t dp_image_head(const uint8_t *p, uint64_t whole)
{
	uint32_t owner_type;
	uint16_t rrclass, rdlen;

	memcpy(&owner_type, p, 4);
	memcpy(&rrclass, p + 4, 2);
	memcpy(&rdlen, p + 10, 2);
	return ((uint64_t)owner_type << 32 | (uint32_t)rrclass << 16 | rdlen) ^ whole;
}

static inline unsigned dp_image_set(uint64_t hash)
{
	return hash >> 32 & (DP_IMAGE_SETS - 1);
}

/* hash: of the image, under a secret. *at: which record it is. False: it was not seen yet. */
static inline bool dp_image_find(
	const struct dp_images *t, const struct dp_image *image, uint64_t hash, uint32_t *at)
{
	unsigned set = dp_image_set(hash);
	uint32_t ways = lanes_equal8(t->set[set].tag, (uint32_t)hash);

	for (; ways != 0; ways &= ways - 1) {
		unsigned way = (unsigned)__builtin_ctz(ways);

		if (lanes_same(t->image[set][way].w, image->w)) {
			*at = DP_IMAGE_AT(&t->set[set], way);
			return true;
		}
	}
	return false;
}

/* The record at [off, end) of the message `dns`, whose questions end at `questions`, is record `at`
 * of that answer. Does nothing if it is none that may be known by its image. */
void dp_image_keep(struct dp_worker *w, const uint8_t *dns, unsigned questions, unsigned off,
	unsigned end, uint64_t whole, uint32_t at);
