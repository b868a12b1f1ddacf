/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "build.h"
#include "dns/edns.h"
#include "dns/reader.h"
#include "tests/fuzz/fuzz.h"

/*
 * What real devices sent, out of the capture files beside the checkout: all of it can be read, and
 * is the same when the fuzz target has written it anew. LINKSPAN_CAPTURES names their folder.
 */

#define PCAP_HEADER 24
#define PCAP_RECORD 16
#define MDNS_PORT 5353

struct census {
	unsigned messages, records, opts, owners, nsec;
};

static uint32_t load_le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The UDP payload of an Ethernet frame if a port is 5353, VLAN tags or not; NULL if not. */
static const uint8_t *payload(const uint8_t *frame, size_t len, size_t *payload_len)
{
	size_t pos = 12, udp_len;

	while (pos + 4 <= len && dns_load16(frame + pos) == 0x8100)
		pos += 4;
	if (pos + 2 + 40 + 8 > len)
		return NULL;
	if (dns_load16(frame + pos) == 0x0800 && frame[pos + 2 + 9] == 17)
		pos += 2 + 4u * (frame[pos + 2] & 0xf);
	else if (dns_load16(frame + pos) == 0x86dd && frame[pos + 2 + 6] == 17)
		pos += 2 + 40;
	else
		return NULL;
	if (dns_load16(frame + pos) != MDNS_PORT && dns_load16(frame + pos + 2) != MDNS_PORT)
		return NULL;
	udp_len = dns_load16(frame + pos + 4);
	if (udp_len < 8 || pos + udp_len > len)
		return NULL;
	*payload_len = udp_len - 8;
	return frame + pos + 8;
}

/* Apple's and others' owner options are 8 or 14 bytes. */
static void count_owners(const uint8_t *rdata, size_t len, struct census *c)
{
	struct dns_opt opt;
	struct dns_opt_owner owner;
	size_t pos = 0;

	while (dns_opt_next(rdata, len, &pos, &opt) > 0) {
		if (opt.code != DNS_OPT_OWNER)
			continue;
		cr_expect_eq(dns_opt_owner(&opt, &owner), 0);
		c->owners++;
	}
}

static void read_message(const char *file, const uint8_t *msg, size_t len, struct census *c)
{
	struct dns_reader r;
	struct dns_question q;
	struct dns_rr rr;
	int rc;

	cr_assert_eq(dns_reader_init(&r, msg, len), 0, "%s, message %u", file, c->messages);
	do
		rc = dns_reader_question(&r, &q);
	while (rc > 0);
	cr_expect_eq(rc, 0, "%s, message %u", file, c->messages);
	while ((rc = dns_reader_rr(&r, &rr)) != 0) {
		cr_assert_eq(rc, 1, "%s, message %u, type %u", file, c->messages, rr.rrtype);
		c->records++;
		c->nsec += rr.rrtype == DNS_TYPE_NSEC;
		if (rr.rrtype != DNS_TYPE_OPT)
			continue;
		c->opts++;
		cr_expect_not(rr.cache_flush);
		count_owners(msg + rr.rdata_off, rr.rdlen, c);
	}
	LLVMFuzzerTestOneInput(msg, len);
	c->messages++;
}

static void read_pcap(const char *dir, const char *name, struct census *c)
{
	static uint8_t data[1 << 20];
	char path[4096];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	cr_assert_not_null(f, "%s", path);
	len = fread(data, 1, sizeof(data), f);
	fclose(f);
	cr_assert_lt(len, sizeof(data), "%s is larger than expected", name);
	cr_assert(len >= PCAP_HEADER && load_le32(data) == 0xa1b2c3d4, "%s", name);
	for (size_t pos = PCAP_HEADER; pos + PCAP_RECORD <= len;) {
		size_t frame_len = load_le32(data + pos + 8), msg_len;
		const uint8_t *msg;

		pos += PCAP_RECORD;
		cr_assert_leq(frame_len, len - pos, "%s", name);
		msg = payload(data + pos, frame_len, &msg_len);
		if (msg)
			read_message(name, msg, msg_len, c);
		pos += frame_len;
	}
}

Test(captures, every_record_of_every_device_is_read)
{
	const char *dir = getenv("LINKSPAN_CAPTURES");
	struct dirent *e;
	struct census c = {0};
	DIR *d = dir ? opendir(dir) : NULL;

	cr_assert_not_null(d);
	while ((e = readdir(d)) != NULL) {
		size_t n = strlen(e->d_name);

		if (n > 5 && strcmp(e->d_name + n - 5, ".pcap") == 0)
			read_pcap(dir, e->d_name, &c);
	}
	closedir(d);
	printf("%u messages, %u records, %u OPT, %u owner options, %u NSEC\n", c.messages,
		c.records, c.opts, c.owners, c.nsec);
	cr_expect_gt(c.messages, 0);
	cr_expect_gt(c.nsec, 0);
	cr_expect_gt(c.owners, 0);
}

/* Without captures the whole suite is skipped, in the way meson understands. */
int main(int argc, char **argv)
{
	const char *dir = getenv("LINKSPAN_CAPTURES");
	struct criterion_test_set *tests;
	int rc = 0;

	if (!dir || access(dir, R_OK) < 0) {
		puts("skipped: no captures");
		return 77;
	}
	tests = criterion_initialize();
	if (criterion_handle_args(argc, argv, true))
		rc = !criterion_run_all_tests(tests);
	criterion_finalize(tests);
	return rc;
}
