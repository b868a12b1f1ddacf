/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/edns.h"

#include <errno.h>
#include <string.h>

#include "dns/wire.h"

/* Code and length in front of an option's data. */
#define OPTION_HEADER 4

int dns_opt_next(const uint8_t *rdata, size_t rdlen, size_t *pos, struct dns_opt *opt)
{
	if (*pos >= rdlen)
		return 0;
	if (rdlen - *pos < OPTION_HEADER)
		return -EBADMSG;
	opt->code = dns_load16(rdata + *pos);
	opt->len = dns_load16(rdata + *pos + 2);
	opt->data = rdata + *pos + OPTION_HEADER;
	if (rdlen - *pos - OPTION_HEADER < opt->len)
		return -EBADMSG;
	*pos += OPTION_HEADER + (size_t)opt->len;
	return 1;
}

/* Version, sequence, primary MAC; then perhaps the wake-up MAC; then perhaps a password. */
int dns_opt_owner(const struct dns_opt *opt, struct dns_opt_owner *owner)
{
	if (opt->code != DNS_OPT_OWNER)
		return -EINVAL;
	if (opt->len != 8 && opt->len != 14 && opt->len != 18 && opt->len != 20)
		return -EINVAL;
	owner->version = opt->data[0];
	owner->sequence = opt->data[1];
	memcpy(owner->mac, opt->data + 2, sizeof(owner->mac));
	memcpy(owner->wake_mac, opt->data + (opt->len > 8 ? 8 : 2), sizeof(owner->wake_mac));
	return 0;
}

int dns_opt_tsr(const struct dns_opt *opt, struct dns_opt_tsr *tsr)
{
	if (opt->code != DNS_OPT_TSR || opt->len != 10)
		return -EINVAL;
	tsr->seconds = dns_load32(opt->data);
	tsr->key_hash = dns_load32(opt->data + 4);
	tsr->index = dns_load16(opt->data + 8);
	return 0;
}
