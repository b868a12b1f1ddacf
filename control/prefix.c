/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/prefix.h"

#include <string.h>

#include "control/ctl.h"

struct prefix_key {
	uint8_t family;
	uint8_t len;
	uint8_t addr[16];
};

int ctl_prefixes_init(struct ctl *c)
{
	return ctl_table_init(&c->prefixes.set, "prefixes", sizeof(struct ctl_entry),
		CTL_PREFIXES_MAX, c->socket);
}

void ctl_prefixes_fini(struct ctl *c)
{
	ctl_table_fini(&c->prefixes.set);
}

/* Key of the first `len` bits of an address. */
static struct hash128 key_of(
	const struct ctl *c, unsigned family, const uint8_t *addr, unsigned len)
{
	struct prefix_key k = {.family = (uint8_t)family, .len = (uint8_t)len};

	memcpy(k.addr, addr, len / 8);
	if (len % 8 != 0)
		k.addr[len / 8] = addr[len / 8] & (uint8_t)(0xff00 >> (len % 8));
	return hash_bytes(&c->key, &k, sizeof(k));
}

static void add(struct ctl *c, unsigned family, const uint8_t *addr, const uint8_t *mask)
{
	struct ctl_prefixes *p = &c->prefixes;
	unsigned bytes = family == 4 ? 4 : 16, len = 0;
	struct hash128 key;

	for (unsigned i = 0; i < bytes; i++)
		len += (unsigned)__builtin_popcount(mask[i]);
	key = key_of(c, family, addr, len);
	if (ctl_table_find(&p->set, key) == 0 && ctl_table_add(&p->set, key) == 0)
		return;
	if (family == 4)
		p->len4 |= UINT64_C(1) << len;
	else
		p->len6[len / 64] |= UINT64_C(1) << (len % 64);
}

void ctl_prefixes_load(struct ctl *c, const struct dp_world *w)
{
	struct ctl_prefixes *p = &c->prefixes;

	ctl_table_clear(&p->set);
	p->len4 = 0;
	memset(p->len6, 0, sizeof(p->len6));
	for (uint16_t id = 1; id < w->n_ids; id++) {
		const struct dp_link *l = w->link[id];

		if (l == NULL || l->mode != DP_LINK_GATEWAY)
			continue;
		for (unsigned i = 0; i < l->n_pfx4; i++)
			add(c, 4, (const uint8_t *)&l->pfx4[i], (const uint8_t *)&l->mask4[i]);
		for (unsigned i = 0; i < l->n_pfx6; i++)
			add(c, 6, l->pfx6[i].addr, l->pfx6[i].mask);
	}
}

bool ctl_prefixes_have(const struct ctl *c, unsigned family, const uint8_t *addr)
{
	const struct ctl_prefixes *p = &c->prefixes;
	unsigned max = family == 4 ? 32 : 128;

	for (unsigned len = 0; len <= max; len++) {
		uint64_t used = family == 4 ? p->len4 : p->len6[len / 64];

		if ((used >> (len % 64) & 1) != 0 &&
			ctl_table_find(&p->set, key_of(c, family, addr, len)) != 0)
			return true;
	}
	return false;
}
