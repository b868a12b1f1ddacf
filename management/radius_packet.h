/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/*
 * RADIUS accounting on the wire (RFC 2866, RFC 2869, RFC 3162, RFC 6911): requests read, replies
 * written, both authenticated by MD5 with a shared secret. Pure; any thread.
 */

#define RADIUS_PACKET_MAX 4096 /* bytes (RFC 2866 §3) */
#define RADIUS_REPLY_MAX 38    /* bytes of a reply of ours */
#define RADIUS_ADDRS 4

#define RADIUS_ACCOUNTING_REQUEST 4
#define RADIUS_ACCOUNTING_RESPONSE 5

/* Attributes that say who and where a station is. */
#define RADIUS_USER_NAME 1
#define RADIUS_FILTER_ID 11
#define RADIUS_CLASS 25
#define RADIUS_CALLED_STATION_ID 30
#define RADIUS_NAS_IDENTIFIER 32
#define RADIUS_NAS_PORT_ID 87

/* Acct-Status-Type (RFC 2866 §5.1). */
enum radius_status {
	RADIUS_START = 1,
	RADIUS_STOP = 2,
	RADIUS_INTERIM = 3,
	RADIUS_ON = 7,
	RADIUS_OFF = 8,
};

enum radius_fault {
	RADIUS_OK,
	RADIUS_TRUNCATED,      /* lengths that do not fit what there is */
	RADIUS_NOT_ACCOUNTING, /* no Accounting-Request */
	RADIUS_BAD_SECRET,     /* request or message authenticator wrong */
	RADIUS_NO_STATUS,      /* no Acct-Status-Type */
	RADIUS_NO_STATION,     /* no MAC address in Calling-Station-Id where there must be one */
};

/* A value of an attribute; NULL: there was none. Points into the packet. */
struct radius_text {
	const uint8_t *p;
	uint8_t len; /* 1..253 */
};

struct radius_request {
	uint8_t id;
	uint8_t authenticator[16];
	bool signed_message; /* it had a Message-Authenticator: so has the reply */
	uint32_t status;     /* enum radius_status, or another that is none of ours */
	bool has_mac;
	struct mac_addr mac;        /* Calling-Station-Id */
	struct radius_text session; /* Acct-Session-Id */
	uint32_t delay;             /* seconds: Acct-Delay-Time */
	uint32_t duration;          /* seconds: Acct-Session-Time */
	uint16_t vlan;              /* Tunnel-Private-Group-ID; 0: none */
	uint8_t nas[16];            /* NAS-IP-Address or NAS-IPv6-Address, 0: none */
	uint8_t n_addrs;
	struct ip_prefix addr[RADIUS_ADDRS]; /* Framed-IP-Address, -IPv6-Address, -IPv6-Prefix */
	const uint8_t *attrs;                /* all of them */
	size_t attrs_len;
};

/* Reads a datagram. What could be read of it is in *out even if RADIUS_NO_* is returned: it is
 * authentic then, and to be replied to. */
enum radius_fault radius_read(const uint8_t *p, size_t len, const uint8_t *secret,
	size_t secret_len, struct radius_request *out);

/* The reply to an authentic request into out[RADIUS_REPLY_MAX]; returns its length. */
size_t radius_reply(
	const struct radius_request *r, const uint8_t *secret, size_t secret_len, uint8_t *out);

/* The next attribute from *pos on: type and value; false at the end. attrs must have been read. */
bool radius_next(
	const uint8_t *attrs, size_t len, size_t *pos, uint8_t *type, struct radius_text *value);

/*
 * A MAC address as equipment writes it: six pairs of hexadecimal digits with '-' or ':' between
 * them, three groups of four with '.' or '-', or twelve digits; what follows it (":SSID") is
 * ignored if `prefix`. 0, or -EINVAL.
 */
int radius_mac(const uint8_t *text, size_t len, bool prefix, struct mac_addr *mac);
