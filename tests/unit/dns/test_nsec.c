/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <errno.h>

#include "build.h"
#include "dns/name.h"
#include "dns/nsec.h"

#define HOST "\4host\5local"

static int types_of(const void *rdata, size_t len, struct dns_type_set *set)
{
	return dns_nsec_types(rdata, len, set);
}

Test(nsec, set)
{
	struct dns_type_set set = {0};

	cr_expect(dns_type_set_empty(&set));
	cr_expect(dns_type_set_add(&set, 0));
	cr_expect(dns_type_set_add(&set, 63));
	cr_expect(dns_type_set_add(&set, 64));
	cr_expect(dns_type_set_add(&set, 255));
	cr_expect_not(dns_type_set_add(&set, 256), "beyond a restricted NSEC");
	cr_expect_not(dns_type_set_has(&set, 256));
	for (uint16_t t = 0; t < 256; t++)
		cr_expect_eq(dns_type_set_has(&set, t), t == 0 || t == 63 || t == 64 || t == 255);
	dns_type_set_remove(&set, 64);
	dns_type_set_remove(&set, 300);
	cr_expect_not(dns_type_set_has(&set, 64));
	cr_expect_not(dns_type_set_empty(&set));
}

/* The very bytes of A + AAAA: block 0, 4 bytes, 0x40 00 00 08. */
Test(nsec, build_gives_the_restricted_form)
{
	static const char want[] = HOST "\0\0\4\x40\0\0\x08";
	struct dns_type_set set = {0};
	uint8_t out[DNS_NAME_MAX + 34];

	dns_type_set_add(&set, DNS_TYPE_A);
	dns_type_set_add(&set, DNS_TYPE_AAAA);
	cr_expect_eq(dns_nsec_build(N(HOST), &set, out, sizeof(out)), (int)sizeof(want) - 1);
	cr_expect_eq(memcmp(out, want, sizeof(want) - 1), 0);
}

Test(nsec, build_never_sets_the_nsec_bit)
{
	struct dns_type_set set = {0}, back;
	uint8_t out[DNS_NAME_MAX + 34];
	int len;

	dns_type_set_add(&set, DNS_TYPE_SRV);
	dns_type_set_add(&set, DNS_TYPE_NSEC);
	len = dns_nsec_build(N(HOST), &set, out, sizeof(out));
	cr_assert_gt(len, 0);
	cr_assert_eq(types_of(out, (size_t)len, &back), 0);
	cr_expect(dns_type_set_has(&back, DNS_TYPE_SRV));
	cr_expect_not(dns_type_set_has(&back, DNS_TYPE_NSEC));
	/* and no byte is spent on it: SRV is type 33, in the fifth byte */
	cr_expect_eq(len, (int)sizeof(HOST) + 2 + 5);

	dns_type_set_remove(&set, DNS_TYPE_SRV);
	cr_expect_eq(dns_nsec_build(N(HOST), &set, out, sizeof(out)), -EINVAL);
}

Test(nsec, build_and_types_agree_for_every_type)
{
	uint8_t out[DNS_NAME_MAX + 34];

	for (uint16_t t = 0; t < 256; t++) {
		struct dns_type_set set = {0}, back;
		int len;

		if (t == DNS_TYPE_NSEC)
			continue;
		dns_type_set_add(&set, t);
		len = dns_nsec_build(N(HOST), &set, out, sizeof(out));
		cr_assert_eq(len, (int)sizeof(HOST) + 2 + t / 8 + 1);
		cr_assert_eq(dns_nsec_build(N(HOST), &set, out, (size_t)len - 1), -ENOSPC);
		cr_assert_eq(types_of(out, (size_t)len, &back), 0);
		cr_expect_eq(memcmp(&set, &back, sizeof(set)), 0, "type %u", t);
	}
}

/* RFC 6762 §6.1: an unexpected next domain name must not matter. */
Test(nsec, any_next_domain_name_will_do)
{
	struct dns_type_set set;

	cr_expect_eq(types_of("\0\0\1\x40", 4, &set), 0);
	cr_expect(dns_type_set_has(&set, DNS_TYPE_A));
	cr_expect_eq(types_of("\7another\0\0\1\x40", 12, &set), 0);
}

Test(nsec, other_forms_are_refused)
{
	struct dns_type_set set;
	uint8_t big[40] = {0, 0, 33};

	cr_expect_eq(types_of("", 1, &set), -EINVAL, "no bitmap");
	cr_expect_eq(types_of("\0\0", 2, &set), -EINVAL, "half a block");
	cr_expect_eq(types_of("\0\0\0", 3, &set), -EINVAL, "an empty block");
	cr_expect_eq(types_of("\0\0\2\x40", 4, &set), -EINVAL, "cut off");
	cr_expect_eq(types_of("\0\0\1\x40\0", 5, &set), -EINVAL, "a byte too many");
	cr_expect_eq(types_of("\0\1\1\x40", 4, &set), -EINVAL, "block 1");
	cr_expect_eq(types_of("\0\0\1\x40\1\1\x40", 7, &set), -EINVAL, "two blocks");
	cr_expect_eq(types_of(big, 36, &set), -EINVAL, "33 bytes");
	cr_expect_eq(types_of("\xc0\x0c\0\1\x40", 5, &set), -EINVAL, "a pointer");
}
