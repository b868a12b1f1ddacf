/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/images.h"

#include "dataplane/worker_priv.h"
#include "dns/wire.h"

/* Is rdata one name, a label or more and a pointer into the questions? */
static bool points_into(const uint8_t *rdata, unsigned len, unsigned questions)
{
	unsigned i = 0;

	while (i < len && rdata[i] != 0 && rdata[i] < 0x40)
		i += 1u + rdata[i];
	return i + 2 == len && rdata[i] >= 0xc0 && (dns_load16(rdata + i) & 0x3fff) < questions;
}

void dp_image_keep(struct dp_worker *w, const uint8_t *dns, unsigned questions, unsigned off,
	unsigned end, uint64_t whole, uint32_t at)
{
	struct dp_images *t = &w->images;
	const uint8_t *p = dns + off;
	struct dp_image image = {{0}};
	unsigned set, way, rdlen;
	uint32_t there;
	uint64_t hash;

	if (end - off < DP_IMAGE_HEAD || p[0] < 0xc0 || (dns_load16(p) & 0x3fff) >= questions ||
		dns_load16(p + 2) != DNS_TYPE_PTR || dns_load16(p + 4) != DNS_CLASS_IN)
		return;
	rdlen = dns_load16(p + 10);
	if (rdlen != end - off - DP_IMAGE_HEAD || rdlen > DP_IMAGE_RDATA ||
		!points_into(p + DP_IMAGE_HEAD, rdlen, questions))
		return;
	image.w[0] = dp_image_head(p, whole);
	memcpy(image.w + 1, p + DP_IMAGE_HEAD, rdlen);
	hash = w->shared->fast->hash(w->rendered.secret, image.w);
	if (dp_image_find(t, &image, hash, &there))
		return;
	set = dp_image_set(hash);
	way = t->clock++ % DP_IMAGE_WAYS;
	t->set[set].tag[way] = (uint32_t)hash;
	DP_IMAGE_AT(&t->set[set], way) = at;
	t->image[set][way] = image;
}
