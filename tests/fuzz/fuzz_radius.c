/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz.h"

#include <string.h>

#include <nettle/md5.h>

#include "management/radius_packet.h"

/*
 * The input as a datagram, and as the attributes of one that is authentic: the second is what a
 * client with the secret can send.
 */

#define HEADER 20

static const uint8_t secret[] = "fuzz";

static void check_text(const struct radius_request *r, const struct radius_text *t)
{
	FUZZ_CHECK(t->p == NULL ||
		   (t->p >= r->attrs && t->p + t->len <= r->attrs + r->attrs_len && t->len > 0));
}

static void check(const uint8_t *p, size_t len)
{
	uint8_t reply[RADIUS_REPLY_MAX], type;
	struct radius_request r;
	struct radius_text v;
	size_t pos = 0, n;
	enum radius_fault fault = radius_read(p, len, secret, sizeof(secret) - 1, &r);

	FUZZ_CHECK(r.n_addrs <= RADIUS_ADDRS && r.vlan <= 4094);
	if (fault != RADIUS_OK && fault != RADIUS_NO_STATION)
		return;
	FUZZ_CHECK(r.attrs == p + HEADER && r.attrs_len <= len - HEADER);
	FUZZ_CHECK(fault == RADIUS_NO_STATION || r.has_mac || r.status > RADIUS_INTERIM);
	FUZZ_CHECK(!r.has_mac || (!mac_is_multicast(&r.mac) && !mac_is_zero(&r.mac)));
	for (unsigned i = 0; i < r.n_addrs; i++)
		FUZZ_CHECK(r.addr[i].len > 0 &&
			   r.addr[i].len <= (r.addr[i].addr.family == 4 ? 32 : 128));
	check_text(&r, &r.session);
	while (radius_next(r.attrs, r.attrs_len, &pos, &type, &v)) {
		struct mac_addr mac;

		check_text(&r, &v);
		radius_mac(v.p, v.len, true, &mac);
	}
	n = radius_reply(&r, secret, sizeof(secret) - 1, reply);
	FUZZ_CHECK(n == HEADER || n == RADIUS_REPLY_MAX);
	FUZZ_CHECK(reply[0] == RADIUS_ACCOUNTING_RESPONSE && reply[1] == p[1] && reply[3] == n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t p[RADIUS_PACKET_MAX];
	struct md5_ctx md5;
	size_t len = HEADER + size;

	check(data, size);
	if (len > sizeof(p))
		return 0;
	memset(p, 0, HEADER);
	p[0] = RADIUS_ACCOUNTING_REQUEST;
	p[1] = (uint8_t)size;
	p[2] = (uint8_t)(len >> 8);
	p[3] = (uint8_t)len;
	if (size > 0)
		memcpy(p + HEADER, data, size);
	md5_init(&md5);
	md5_update(&md5, len, p);
	md5_update(&md5, sizeof(secret) - 1, secret);
	md5_digest(&md5, 16, p + 4);
	check(p, len);
	return 0;
}
