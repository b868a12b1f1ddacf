/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/sets.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "yaml/arena.h"
#include "yaml/check.h"
#include "yaml/presets.h"
#include "yaml/tree.h"

#define TYPE_SIZE 72 /* a label of 63, "._tcp" and the NUL */

enum state {
	SET_NEW,
	SET_OPEN, /* its items are being resolved: meeting it again is a cycle */
	SET_DONE,
};

/* A service type of this file. Interned, so that types are compared by pointer. */
struct yaml_type_slot {
	const char *type;
	uint32_t mark; /* the last list the type was put on */
};

/* A list in the making. Services are flattened into one list at a time, sets before what uses them.
 */
struct flat {
	struct yaml_sets *sets;
	struct config_services *out;
	uint32_t n;
	bool full;
};

static uint32_t hash(const char *text)
{
	uint32_t h = 2166136261u;

	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * 16777619u;
	return h;
}

static struct yaml_type_slot *slot_of(
	struct yaml_type_slot *slots, uint32_t n_slots, const char *type)
{
	uint32_t i = hash(type) & (n_slots - 1);

	while (slots[i].type && strcmp(slots[i].type, type) != 0)
		i = (i + 1) & (n_slots - 1);
	return &slots[i];
}

static bool grow(struct yaml_sets *sets)
{
	uint32_t n_slots = sets->n_slots ? sets->n_slots * 2 : 256;
	struct yaml_type_slot *slots = yaml_arena_array(sets->ld->tree, n_slots, sizeof(*slots));

	if (!slots)
		return false;
	for (uint32_t i = 0; i < sets->n_slots; i++) {
		if (sets->slots[i].type)
			*slot_of(slots, n_slots, sets->slots[i].type) = sets->slots[i];
	}
	sets->slots = slots;
	sets->n_slots = n_slots;
	return true;
}

/* The slot of a type, in lower case; NULL if memory ran out. */
static struct yaml_type_slot *intern(struct yaml_sets *sets, const char *type)
{
	struct yaml_type_slot *slot;
	char lower[TYPE_SIZE];
	size_t len = 0;

	if (sets->n_types * 2 >= sets->n_slots && !grow(sets))
		return yaml_oom(sets->ld);
	for (; type[len]; len++)
		lower[len] = (char)tolower((unsigned char)type[len]);
	lower[len] = '\0';
	slot = slot_of(sets->slots, sets->n_slots, lower);
	if (!slot->type) {
		slot->type = yaml_arena_copy(sets->ld->out, lower, len);
		if (!slot->type)
			return yaml_oom(sets->ld);
		sets->n_types++;
	}
	return slot;
}

static void add_type(struct flat *flat, struct yaml_node *item, const char *type, const char *via)
{
	struct yaml_type_slot *slot = intern(flat->sets, type);

	if (!slot || flat->full || slot->mark == flat->sets->mark)
		return;
	if (flat->n == YAML_TYPES_MAX) {
		yaml_complain(flat->sets->ld, item,
			"found more than %u service types, expected fewer", YAML_TYPES_MAX);
		flat->full = true;
		return;
	}
	slot->mark = flat->sets->mark;
	flat->sets->scratch[flat->n++] = (struct config_type_ref){slot->type, via};
}

static void unknown_item(struct yaml_sets *sets, struct yaml_node *item)
{
	struct yaml_guess guess = {.word = item->text};
	char guessed[YAML_GUESS_SIZE];
	size_t n;
	const struct yaml_preset *presets = yaml_presets(&n);

	if (*item->text == '_' && strstr(item->text, "._sub.")) {
		yaml_expected(sets->ld, item,
			"the base type, like _ipp._tcp: its subtypes match through it");
		return;
	}
	if (*item->text == '_') {
		yaml_expected(sets->ld, item, "a service type like _ipp._tcp or _sip._udp");
		return;
	}
	for (size_t i = 0; i < n; i++)
		yaml_guess_offer(&guess, presets[i].name);
	yaml_guess_offer_names(sets->ld, &guess, &sets->names);
	yaml_expected(sets->ld, item,
		"a preset, a set of services: or a service type like _ipp._tcp%s",
		yaml_guess_text(&guess, guessed));
}

static void add_preset(struct flat *flat, struct yaml_node *item, const struct yaml_preset *preset,
	const char *via)
{
	flat->out->any |= preset->any;
	flat->out->workstation |= preset->workstation;
	for (const char *const *type = preset->types; *type; type++)
		add_type(flat, item, *type, via);
}

static void add_set(
	struct flat *flat, struct yaml_node *item, const struct config_set *set, const char *via)
{
	flat->out->any |= set->services.any;
	flat->out->workstation |= set->services.workstation;
	for (uint32_t i = 0; i < set->services.n_types; i++)
		add_type(flat, item, set->services.types[i].type, via);
}

static void add_item(struct flat *flat, struct yaml_node *item)
{
	struct yaml_sets *sets = flat->sets;
	const struct yaml_preset *preset;
	uint32_t index;
	char *via;

	if (item->bad || item->kind != YAML_KIND_SCALAR)
		return;
	via = yaml_arena_string(sets->ld->out, item->text);
	if (!via) {
		yaml_oom(sets->ld);
		return;
	}
	preset = yaml_preset_find(item->text);
	index = preset ? YAML_NO_NAME : yaml_names_find(&sets->names, item->text);
	if (preset)
		add_preset(flat, item, preset, via);
	else if (index != YAML_NO_NAME)
		add_set(flat, item, &sets->draft->config.sets[index], via);
	else if (yaml_check_service_type(item->text))
		add_type(flat, item, item->text, via);
	else if (!sets->ld->partial)
		unknown_item(sets, item);
}

/* All sets that `node` names must be resolved. */
void yaml_flatten(struct yaml_sets *sets, struct yaml_node *node, struct config_services *out)
{
	struct flat flat = {.sets = sets, .out = out};
	struct config_type_ref *types;

	sets->mark++;
	if (node->kind == YAML_KIND_SCALAR)
		add_item(&flat, node);
	yaml_for_each_child(item, node) add_item(&flat, item);
	types = yaml_arena_array(sets->ld->out, flat.n, sizeof(*types));
	if (!types) {
		yaml_oom(sets->ld);
		return;
	}
	if (flat.n)
		memcpy(types, sets->scratch, flat.n * sizeof(*types));
	out->types = types;
	out->n_types = flat.n;
}

static void resolve(struct yaml_sets *sets, uint32_t index);

static void resolve_item(struct yaml_sets *sets, uint32_t by, struct yaml_node *item)
{
	char name[YAML_QUOTE_SIZE], by_name[YAML_QUOTE_SIZE];
	uint32_t index;

	if (item->bad || item->kind != YAML_KIND_SCALAR || yaml_preset_find(item->text))
		return;
	index = yaml_names_find(&sets->names, item->text);
	if (index == YAML_NO_NAME)
		return;
	if (sets->state[index] == SET_OPEN)
		yaml_complain(sets->ld, item,
			"found a cycle: set %s (line %u) already contains %s, expected sets that "
			"end "
			"in presets and types",
			yaml_quote(item->text, name), sets->draft->sets[index].pos.line,
			yaml_quote(sets->draft->sets[by].name, by_name));
	else
		resolve(sets, index);
}

/* Depth first; at most 1024 sets deep, the number there may be. */
static void resolve(struct yaml_sets *sets, uint32_t index)
{
	struct raw_set *raw = &sets->draft->sets[index];
	struct config_set *set = &sets->draft->config.sets[index];

	if (sets->state[index] != SET_NEW || sets->ld->oom)
		return;
	sets->state[index] = SET_OPEN;
	set->name = raw->name;
	set->pos = raw->pos;
	if (raw->items) {
		if (raw->items->kind == YAML_KIND_SCALAR)
			resolve_item(sets, index, raw->items);
		yaml_for_each_child(item, raw->items) resolve_item(sets, index, item);
		yaml_flatten(sets, raw->items, &set->services);
	}
	sets->state[index] = SET_DONE;
}

static void check_set_names(struct yaml_sets *sets)
{
	struct yaml_node *node = yaml_child(sets->draft->root, "services")->first;

	for (uint32_t i = 0; i < sets->draft->n_sets; i++, node = node->next) {
		if (yaml_preset_find(node->key))
			yaml_complain_key(sets->ld, node,
				"found the name of a preset, expected another name");
	}
}

int yaml_build_sets(struct yaml_sets *sets, struct yaml_loader *ld, struct draft *draft)
{
	uint32_t n = draft->n_sets;

	*sets = (struct yaml_sets){.ld = ld, .draft = draft};
	sets->state = yaml_arena_alloc(ld->tree, n);
	sets->scratch = yaml_arena_array(ld->tree, YAML_TYPES_MAX, sizeof(*sets->scratch));
	draft->config.sets = yaml_arena_array(ld->out, n, sizeof(*draft->config.sets));
	if (!sets->state || !sets->scratch || !draft->config.sets) {
		yaml_oom(ld);
		return -ENOMEM;
	}
	if (yaml_names_init(ld, &sets->names, n))
		return -ENOMEM;
	draft->config.n_sets = n;
	for (uint32_t i = 0; i < n; i++)
		yaml_names_add(&sets->names, draft->sets[i].name, i);
	yaml_names_sort(&sets->names);
	if (n)
		check_set_names(sets);
	for (uint32_t i = 0; i < n; i++)
		resolve(sets, i);
	return ld->oom ? -ENOMEM : 0;
}

void yaml_build_pinned(struct yaml_sets *sets)
{
	struct draft *draft = sets->draft;
	struct config_services *pinned = &draft->config.pinned;

	if (!draft->pinned)
		return;
	yaml_flatten(sets, draft->pinned, pinned);
	/* There is no question that asks for whatever there is. */
	if (pinned->any || pinned->workstation)
		yaml_expected(sets->ld, draft->pinned,
			"presets, sets and service types that name types: not any or workstation");
}
