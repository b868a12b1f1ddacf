/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/** A built-in set of service types. */
struct yaml_preset {
	const char *name;
	const char *const *types; /* base types, NULL-terminated; subtypes match through them */
	bool any;                 /* every service and every host */
	bool workstation;         /* hosts that offer no service */
	const char *doc;
};

/** All presets, `*n` of them. Constant; any thread. */
const struct yaml_preset *yaml_presets(size_t *n);

/** The preset of that name, or NULL. Names are case-sensitive, as all names of the file are. */
const struct yaml_preset *yaml_preset_find(const char *name);

/** The built-in never set: types that only a rule that names them permits, NULL at the end. */
const char *const *yaml_never_types(void);

/** Is a type, in lower case, one of them? */
bool yaml_is_never(const char *type);
