/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/who.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/names.h"
#include "yaml/config.h"

static int by_mac(const void *pa, const void *pb)
{
	const struct policy_mac *a = pa, *b = pb;

	if (a->octets != b->octets)
		return a->octets > b->octets ? -1 : 1;
	return memcmp(&a->mac, &b->mac, sizeof(a->mac));
}

static int by_u32(const void *pa, const void *pb)
{
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

	return a < b ? -1 : a > b;
}

static int by_u16(const void *pa, const void *pb)
{
	return *(const uint16_t *)pa - *(const uint16_t *)pb;
}

static uint32_t sort_once(void *v, uint32_t n, size_t size, int (*by)(const void *, const void *))
{
	uint32_t kept = 0;

	if (n)
		qsort(v, n, size, by);
	for (uint32_t i = 0; i < n; i++) {
		char *at = (char *)v + i * size;

		if (kept && by(at, (char *)v + (kept - 1) * size) == 0)
			continue;
		memmove((char *)v + kept++ * size, at, size);
	}
	return kept;
}

int policy_who_compile(struct policy_arena *arena, struct policy_names *names,
	const struct config *config, const struct config_who *who,
	const struct policy_who_set **out)
{
	struct policy_who_set *s;
	struct policy_mac *macs;
	uint32_t *users;
	uint16_t *roles, *places;

	*out = NULL;
	if (!who->n_macs && !who->n_users && !who->n_roles && !who->n_locations)
		return 0;
	s = policy_arena_alloc(arena, 1, sizeof(*s));
	macs = policy_arena_alloc(arena, who->n_macs, sizeof(*macs));
	users = policy_arena_alloc(arena, who->n_users, sizeof(*users));
	roles = policy_arena_alloc(arena, who->n_roles, sizeof(*roles));
	places = policy_arena_alloc(arena, who->n_locations, sizeof(*places));
	if (!s || !macs || !users || !roles || !places)
		return -ENOMEM;
	for (uint32_t i = 0; i < who->n_macs; i++)
		macs[i] = (struct policy_mac){
			.mac = who->macs[i].mac, .octets = (uint8_t)(who->macs[i].bits / 8)};
	for (uint32_t i = 0; i < who->n_users; i++)
		if (!(users[i] = policy_names_user(names, who->users[i])))
			return -ENOMEM;
	for (uint32_t i = 0; i < who->n_roles; i++)
		if (!(roles[i] = policy_names_role(names, who->roles[i])))
			return -ENOMEM;
	for (uint32_t i = 0; i < who->n_locations; i++)
		if (!(places[i] = policy_names_place(
			      names, config->locations[who->locations[i]].path)))
			return -ENOMEM;
	*s = (struct policy_who_set){macs, users, roles, places, who->n_macs,
		sort_once(users, who->n_users, sizeof(*users), by_u32),
		sort_once(roles, who->n_roles, sizeof(*roles), by_u16), who->n_locations};
	*out = s;
	return 0;
}

static bool mac_begins(const struct mac_addr *mac, const struct policy_mac *p)
{
	return memcmp(mac->b, p->mac.b, p->octets) == 0;
}

bool policy_who_match(const struct policy_names *names, const struct policy_who_set *set,
	const struct policy_who *who)
{
	bool mac = set->n_macs == 0, user = set->n_users == 0, role = set->n_roles == 0,
	     place = set->n_places == 0;

	if (who == NULL)
		return false;
	for (uint32_t i = 0; !mac && i < set->n_macs; i++)
		mac = mac_begins(&who->mac, &set->macs[i]);
	for (uint32_t i = 0; !user && i < set->n_users; i++)
		user = who->user == set->users[i];
	for (uint32_t i = 0; !role && i < set->n_roles; i++)
		role = who->role == set->roles[i];
	for (uint32_t i = 0; !place && i < set->n_places; i++)
		place = policy_place_in(names, who->place, set->places[i]);
	return mac && user && role && place;
}

int policy_named_init(struct policy_named *named, struct policy_arena *arena,
	const struct policy_who_set *const *sets, uint32_t n)
{
	size_t macs = 0, users = 0, roles = 0, places = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (!sets[i])
			continue;
		macs += sets[i]->n_macs;
		users += sets[i]->n_users;
		roles += sets[i]->n_roles;
		places += sets[i]->n_places;
	}
	*named = (struct policy_named){
		.macs = policy_arena_alloc(arena, macs, sizeof(*named->macs)),
		.users = policy_arena_alloc(arena, users, sizeof(*named->users)),
		.roles = policy_arena_alloc(arena, roles, sizeof(*named->roles)),
		.places = policy_arena_alloc(arena, places, sizeof(*named->places)),
	};
	if (!named->macs || !named->users || !named->roles || !named->places)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		const struct policy_who_set *s = sets[i];

		if (!s)
			continue;
		for (uint32_t k = 0; k < s->n_macs; k++)
			named->macs[named->n_macs++] = s->macs[k];
		for (uint32_t k = 0; k < s->n_users; k++)
			named->users[named->n_users++] = s->users[k];
		for (uint32_t k = 0; k < s->n_roles; k++)
			named->roles[named->n_roles++] = s->roles[k];
		for (uint32_t k = 0; k < s->n_places; k++)
			named->places[named->n_places++] = s->places[k];
	}
	named->n_macs = sort_once(named->macs, named->n_macs, sizeof(*named->macs), by_mac);
	named->n_users = sort_once(named->users, named->n_users, sizeof(*named->users), by_u32);
	named->n_roles = sort_once(named->roles, named->n_roles, sizeof(*named->roles), by_u16);
	named->n_places = sort_once(named->places, named->n_places, sizeof(*named->places), by_u16);
	return 0;
}

void policy_named_use(const struct policy_named *named, struct policy_names *names)
{
	for (uint32_t i = 0; i < named->n_users; i++)
		policy_names_use_user(names, named->users[i]);
}

/* The longest named beginning of the address, by its place in the list and 1; 0: none. All shorter
 * ones that match are beginnings of it. */
static uint32_t longest(const struct policy_named *named, const struct mac_addr *mac)
{
	struct policy_mac key = {.octets = 0};
	const struct policy_mac *at = NULL;

	for (unsigned octets = 6; octets > 0 && at == NULL; octets--) {
		key.octets = (uint8_t)octets;
		memset(&key.mac, 0, sizeof(key.mac));
		memcpy(key.mac.b, mac->b, octets);
		at = bsearch(&key, named->macs, named->n_macs, sizeof(key), by_mac);
	}
	return at == NULL ? 0 : (uint32_t)(at - named->macs) + 1;
}

/* The innermost named place that this one lies in: all others that do contain that one. */
static uint32_t innermost(
	const struct policy_named *named, const struct policy_names *names, uint16_t place)
{
	const struct policy_place *p = &names->place[place];

	for (unsigned level = p->level; level > 0; level--)
		if (bsearch(&p->at[level], named->places, named->n_places, sizeof(uint16_t),
			    by_u16) != NULL)
			return p->at[level];
	return 0;
}

void policy_named_key(const struct policy_named *named, const struct policy_names *names,
	const struct policy_who *who, uint32_t key[POLICY_WHO_WORDS])
{
	memset(key, 0, POLICY_WHO_WORDS * sizeof(*key));
	if (who == NULL)
		return;
	if (named->n_macs)
		key[0] = longest(named, &who->mac);
	if (who->user &&
		bsearch(&who->user, named->users, named->n_users, sizeof(uint32_t), by_u32) != NULL)
		key[1] = who->user;
	if (who->role &&
		bsearch(&who->role, named->roles, named->n_roles, sizeof(uint16_t), by_u16) != NULL)
		key[2] = who->role;
	if (named->n_places)
		key[3] = innermost(named, names, who->place);
}
