/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <errno.h>

#include "build.h"
#include "dns/edns.h"

/* As a sleep proxy client sends it: owner option of 14 bytes, then TSR. */
static const uint8_t rdata[] = {0, 4, 0, 14, 0, 7, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0xfd, 0xea,
	0, 10, 0, 0, 0, 60, 0xde, 0xad, 0xbe, 0xef, 0, 3};

Test(edns, owner_and_tsr)
{
	struct dns_opt opt;
	struct dns_opt_owner owner;
	struct dns_opt_tsr tsr;
	size_t pos = 0;

	cr_assert_eq(dns_opt_next(rdata, sizeof(rdata), &pos, &opt), 1);
	cr_expect_eq(opt.code, DNS_OPT_OWNER);
	cr_assert_eq(dns_opt_owner(&opt, &owner), 0);
	cr_expect_eq(owner.version, 0);
	cr_expect_eq(owner.sequence, 7);
	cr_expect_eq(memcmp(owner.mac, "\2\0\0\0\0\1", 6), 0);
	cr_expect_eq(memcmp(owner.wake_mac, "\2\0\0\0\0\2", 6), 0);
	cr_expect_eq(dns_opt_tsr(&opt, &tsr), -EINVAL);

	cr_assert_eq(dns_opt_next(rdata, sizeof(rdata), &pos, &opt), 1);
	cr_expect_eq(opt.code, DNS_OPT_TSR);
	cr_assert_eq(dns_opt_tsr(&opt, &tsr), 0);
	cr_expect_eq(tsr.seconds, 60);
	cr_expect_eq(tsr.key_hash, 0xdeadbeef);
	cr_expect_eq(tsr.index, 3);
	cr_expect_eq(dns_opt_owner(&opt, &owner), -EINVAL);

	cr_expect_eq(dns_opt_next(rdata, sizeof(rdata), &pos, &opt), 0);
}

Test(edns, short_owner_option_wakes_its_own_mac)
{
	struct dns_opt opt = {.code = DNS_OPT_OWNER, .len = 8, .data = rdata + 4};
	struct dns_opt_owner owner;

	cr_assert_eq(dns_opt_owner(&opt, &owner), 0);
	cr_expect_eq(memcmp(owner.wake_mac, owner.mac, 6), 0);
	for (opt.len = 0; opt.len <= 14; opt.len++)
		cr_expect_eq(dns_opt_owner(&opt, &owner),
			opt.len == 8 || opt.len == 14 ? 0 : -EINVAL, "%u bytes", opt.len);
}

Test(edns, nothing_is_read_behind_the_end)
{
	for (size_t len = 0; len < sizeof(rdata); len++) {
		struct dns_opt opt;
		size_t pos = 0;
		int rc;

		while ((rc = dns_opt_next(rdata, len, &pos, &opt)) > 0)
			cr_expect_leq(opt.data + opt.len, rdata + len);
		cr_expect_eq(rc, len == 0 || len == 18 ? 0 : -EBADMSG, "%zu bytes", len);
	}
}
