/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/radius_packet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/hmac.h>
#include <nettle/md5.h>
#include <nettle/memops.h>

#define HEADER 20
#define AUTH 16
#define MESSAGE_AUTHENTICATOR 80 /* RFC 2869 §5.14 */

/* Attributes read here (RFC 2865 §5, RFC 2866 §5, RFC 2868 §3.6, RFC 3162 §2, RFC 6911 §3.1). */
#define NAS_IP_ADDRESS 4
#define FRAMED_IP_ADDRESS 8
#define CALLING_STATION_ID 31
#define ACCT_STATUS_TYPE 40
#define ACCT_DELAY_TIME 41
#define ACCT_SESSION_ID 44
#define ACCT_SESSION_TIME 46
#define TUNNEL_PRIVATE_GROUP_ID 81
#define NAS_IPV6_ADDRESS 95
#define FRAMED_IPV6_PREFIX 97
#define FRAMED_IPV6_ADDRESS 168

static uint32_t load32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint16_t load16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

bool radius_next(
	const uint8_t *attrs, size_t len, size_t *pos, uint8_t *type, struct radius_text *value)
{
	while (*pos + 2 <= len && attrs[*pos + 1] >= 2 && *pos + attrs[*pos + 1] <= len) {
		const uint8_t *a = attrs + *pos;

		*pos += a[1];
		*type = a[0];
		*value = (struct radius_text){a + 2, (uint8_t)(a[1] - 2)};
		if (value->len > 0)
			return true;
	}
	return false;
}

/* Do the attributes fill the packet to its end? */
static bool are_whole(const uint8_t *attrs, size_t len)
{
	size_t pos = 0;

	while (pos < len) {
		if (len - pos < 2 || attrs[pos + 1] < 2 || attrs[pos + 1] > len - pos)
			return false;
		pos += attrs[pos + 1];
	}
	return true;
}

/* RFC 2866 §3: MD5 over the packet, its authenticator taken as zero, and the secret. */
static bool is_authentic(const uint8_t *p, size_t len, const uint8_t *secret, size_t secret_len)
{
	static const uint8_t zero[AUTH];
	uint8_t digest[MD5_DIGEST_SIZE];
	struct md5_ctx md5;

	md5_init(&md5);
	md5_update(&md5, 4, p);
	md5_update(&md5, AUTH, zero);
	md5_update(&md5, len - HEADER, p + HEADER);
	md5_update(&md5, secret_len, secret);
	md5_digest(&md5, sizeof(digest), digest);
	return memeql_sec(digest, p + 4, AUTH);
}

/* HMAC-MD5 over the packet with `auth` as its authenticator; the attribute at `at` taken as zero
 * (RFC 2869 §5.14; RFC 3579 §3.2). */
static void sign(const uint8_t *p, size_t len, const uint8_t auth[AUTH], size_t at,
	const uint8_t *secret, size_t secret_len, uint8_t digest[AUTH])
{
	static const uint8_t zero[AUTH];
	struct hmac_md5_ctx hmac;

	hmac_md5_set_key(&hmac, secret_len, secret);
	hmac_md5_update(&hmac, 4, p);
	hmac_md5_update(&hmac, AUTH, auth);
	hmac_md5_update(&hmac, at - HEADER, p + HEADER);
	hmac_md5_update(&hmac, AUTH, zero);
	hmac_md5_update(&hmac, len - at - AUTH, p + at + AUTH);
	hmac_md5_digest(&hmac, AUTH, digest);
}

/* Its message authenticator, if it has one, is right. */
static bool is_signed_well(
	const uint8_t *p, size_t len, const uint8_t *secret, size_t secret_len, bool *is_signed)
{
	static const uint8_t zero[AUTH];
	uint8_t type, digest[AUTH];
	struct radius_text v;
	size_t pos = 0;

	*is_signed = false;
	while (radius_next(p + HEADER, len - HEADER, &pos, &type, &v)) {
		if (type != MESSAGE_AUTHENTICATOR)
			continue;
		if (v.len != AUTH || *is_signed)
			return false;
		*is_signed = true;
		sign(p, len, zero, (size_t)(v.p - p), secret, secret_len, digest);
		if (!memeql_sec(digest, v.p, AUTH))
			return false;
	}
	return true;
}

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int radius_mac(const uint8_t *text, size_t len, bool prefix, struct mac_addr *mac)
{
	/* Digits between separators: of the first separator, or none at all. */
	size_t group = 0, i = 0;
	struct mac_addr m = {{0}};
	unsigned digits = 0;
	uint8_t sep = 0;

	while (group < len && hex(text[group]) >= 0)
		group++;
	if (group == 12) {
		group = 13; /* none */
	} else if (group == 2 || group == 4) {
		sep = group < len ? text[group] : 0;
		if (sep != '-' && !(group == 2 ? sep == ':' : sep == '.'))
			return -EINVAL;
	} else {
		return -EINVAL;
	}
	while (digits < 12) {
		int v = i < len ? hex(text[i]) : -1;

		if (v < 0)
			return -EINVAL;
		m.b[digits / 2] = (uint8_t)(m.b[digits / 2] << 4 | v);
		i++;
		digits++;
		if (digits % group == 0 && digits < 12) {
			if (i >= len || text[i] != sep)
				return -EINVAL;
			i++;
		}
	}
	if (i < len && (!prefix || text[i] != ':'))
		return -EINVAL;
	if (mac_is_multicast(&m) || mac_is_zero(&m))
		return -EINVAL;
	*mac = m;
	return 0;
}

static void add_addr(struct radius_request *r, const struct ip_prefix *p)
{
	if (r->n_addrs < RADIUS_ADDRS && !ip_is_unspecified(&p->addr) && !ip_is_multicast(&p->addr))
		r->addr[r->n_addrs++] = *p;
}

static void take_address(struct radius_request *r, uint8_t type, const struct radius_text *v)
{
	struct ip_prefix p = {{0}, 0};

	if (type == FRAMED_IP_ADDRESS && v->len == 4) {
		p.addr = ip_from_bytes(4, v->p);
		p.len = 32;
		/* RFC 2865 §5.8: the station, or the NAS, was to choose. */
		if (load32(v->p) < 0xfffffffe)
			add_addr(r, &p);
	} else if (type == FRAMED_IPV6_ADDRESS && v->len == 16) {
		p.addr = ip_from_bytes(6, v->p);
		p.len = 128;
		add_addr(r, &p);
	} else if (type == FRAMED_IPV6_PREFIX && v->len >= 2 && v->p[1] >= 1 && v->p[1] <= 128 &&
		   v->len - 2u >= (v->p[1] + 7u) / 8 && v->len <= 18) {
		p.addr.family = 6;
		memcpy(p.addr.b, v->p + 2, v->len - 2u);
		p.len = v->p[1];
		add_addr(r, &p);
	}
}

/* "7", or a tag and "7" (RFC 2868 §3.6). */
static uint16_t read_vlan(struct radius_text v)
{
	unsigned long vlan = 0;

	if (v.len > 1 && v.p[0] <= 0x1f) {
		v.p++;
		v.len--;
	}
	if (v.len > 4)
		return 0;
	for (unsigned i = 0; i < v.len; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return 0;
		vlan = vlan * 10 + (unsigned long)(v.p[i] - '0');
	}
	return vlan <= 4094 ? (uint16_t)vlan : 0;
}

static void take(struct radius_request *r, uint8_t type, const struct radius_text *v)
{
	switch (type) {
	case ACCT_STATUS_TYPE:
		if (v->len == 4)
			r->status = load32(v->p);
		break;
	case ACCT_DELAY_TIME:
		if (v->len == 4)
			r->delay = load32(v->p);
		break;
	case ACCT_SESSION_TIME:
		if (v->len == 4)
			r->duration = load32(v->p);
		break;
	case ACCT_SESSION_ID:
		r->session = *v;
		break;
	case CALLING_STATION_ID:
		r->has_mac = radius_mac(v->p, v->len, false, &r->mac) == 0;
		break;
	case TUNNEL_PRIVATE_GROUP_ID:
		r->vlan = read_vlan(*v);
		break;
	case NAS_IP_ADDRESS:
		if (v->len == 4)
			memcpy(r->nas, v->p, 4);
		break;
	case NAS_IPV6_ADDRESS:
		if (v->len == 16)
			memcpy(r->nas, v->p, 16);
		break;
	default:
		take_address(r, type, v);
		break;
	}
}

enum radius_fault radius_read(const uint8_t *p, size_t len, const uint8_t *secret,
	size_t secret_len, struct radius_request *out)
{
	struct radius_text v;
	size_t pos = 0;
	uint8_t type;

	memset(out, 0, sizeof(*out));
	/* What is behind the length is padding (RFC 2865 §3). */
	if (len < HEADER || load16(p + 2) < HEADER || load16(p + 2) > len ||
		load16(p + 2) > RADIUS_PACKET_MAX)
		return RADIUS_TRUNCATED;
	len = load16(p + 2);
	if (p[0] != RADIUS_ACCOUNTING_REQUEST)
		return RADIUS_NOT_ACCOUNTING;
	if (!is_authentic(p, len, secret, secret_len))
		return RADIUS_BAD_SECRET;
	if (!are_whole(p + HEADER, len - HEADER))
		return RADIUS_TRUNCATED;
	if (!is_signed_well(p, len, secret, secret_len, &out->signed_message))
		return RADIUS_BAD_SECRET;
	out->id = p[1];
	memcpy(out->authenticator, p + 4, AUTH);
	out->attrs = p + HEADER;
	out->attrs_len = len - HEADER;
	while (radius_next(out->attrs, out->attrs_len, &pos, &type, &v))
		take(out, type, &v);
	if (out->status == 0)
		return RADIUS_NO_STATUS;
	if (!out->has_mac && out->status <= RADIUS_INTERIM)
		return RADIUS_NO_STATION;
	return RADIUS_OK;
}

size_t radius_reply(
	const struct radius_request *r, const uint8_t *secret, size_t secret_len, uint8_t *out)
{
	size_t len = r->signed_message ? HEADER + 2 + AUTH : HEADER;
	struct md5_ctx md5;

	out[0] = RADIUS_ACCOUNTING_RESPONSE;
	out[1] = r->id;
	out[2] = 0;
	out[3] = (uint8_t)len;
	if (r->signed_message) {
		out[HEADER] = MESSAGE_AUTHENTICATOR;
		out[HEADER + 1] = 2 + AUTH;
		sign(out, len, r->authenticator, HEADER + 2, secret, secret_len, out + HEADER + 2);
	}
	/* RFC 2866 §3: over the reply with the request's authenticator, and the secret. */
	md5_init(&md5);
	md5_update(&md5, 4, out);
	md5_update(&md5, AUTH, r->authenticator);
	md5_update(&md5, len - HEADER, out + HEADER);
	md5_update(&md5, secret_len, secret);
	md5_digest(&md5, AUTH, out + 4);
	return len;
}
