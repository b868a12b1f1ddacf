/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/types.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy_priv.h"
#include "yaml/presets.h"

int policy_type_wire(const char *text, uint8_t wire[POLICY_TYPE_LEN_MAX])
{
	const char *dot = strrchr(text, '.');
	size_t name, proto;

	if (!dot)
		return -EINVAL;
	name = (size_t)(dot - text);
	proto = strlen(dot + 1);
	if (name < 2 || name > 63 || proto != 4)
		return -EINVAL;
	wire[0] = (uint8_t)name;
	for (size_t i = 0; i < name; i++)
		wire[1 + i] = policy_lower((uint8_t)text[i]);
	wire[1 + name] = (uint8_t)proto;
	for (size_t i = 0; i < proto; i++)
		wire[2 + name + i] = policy_lower((uint8_t)dot[1 + i]);
	return (int)(2 + name + proto);
}

static bool type_eq(const void *ctx, uint32_t id, const void *key, size_t len)
{
	const struct policy_types *t = ctx;

	return t->name[id].len == len && memcmp(t->name[id].wire, key, len) == 0;
}

int policy_types_add(struct policy_types *t, const char *text, uint32_t *id)
{
	struct policy_type_name name = {0};
	int len = policy_type_wire(text, name.wire);
	uint32_t hash;

	if (len < 0)
		return len;
	name.len = (uint8_t)len;
	hash = policy_hash(name.wire, name.len);
	*id = policy_index_find(&t->index, hash, type_eq, t, name.wire, name.len);
	if (*id != POLICY_NO_ID)
		return 0;
	if (t->n == t->cap) {
		uint32_t cap = t->cap ? t->cap * 2 : 64;
		struct policy_type_name *grown = realloc(t->name, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		t->name = grown;
		t->cap = cap;
	}
	t->name[t->n] = name;
	*id = t->n;
	if (policy_index_add(&t->index, hash, t->n))
		return -ENOMEM;
	t->n++;
	return 0;
}

int policy_types_add_never(
	struct policy_types *t, struct policy_arena *arena, struct policy_set *never)
{
	const char *const *types = yaml_never_types();
	uint32_t *v, n = 0;

	while (types[n])
		n++;
	v = policy_arena_alloc(arena, n, sizeof(*v));
	if (!v)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		int rc = policy_types_add(t, types[i], &v[i]);

		if (rc)
			return rc;
	}
	never->v = v;
	never->n = policy_set_sort(v, n);
	return 0;
}

int policy_types_classify(struct policy_types *t, const struct policy_partition *part,
	const struct policy_set *never, struct policy_arena *arena)
{
	for (uint32_t i = 0; i < t->n; i++)
		t->name[i].cls = policy_type_of_block(part->block[i]);
	t->n_classes = part->n_blocks + 1;
	t->never = policy_arena_alloc(arena, t->n_classes, sizeof(*t->never));
	if (!t->never)
		return -ENOMEM;
	for (uint32_t i = 0; i < never->n; i++)
		t->never[t->name[never->v[i]].cls] = true;
	return 0;
}

void policy_types_free(struct policy_types *t)
{
	free(t->name);
	policy_index_free(&t->index);
	*t = (struct policy_types){0};
}

uint32_t policy_type(const struct policy *p, const uint8_t *type, uint8_t type_len)
{
	const struct policy_types *t = &p->types;
	uint32_t id;

	if (!type)
		return POLICY_TYPE_HOST;
	if (type_len > POLICY_TYPE_LEN_MAX)
		return POLICY_TYPE_OTHER;
	id = policy_index_find(&t->index, policy_hash(type, type_len), type_eq, t, type, type_len);
	return id == POLICY_NO_ID ? POLICY_TYPE_OTHER : t->name[id].cls;
}
