/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>

#include "yaml/config.h"
#include "yaml/errors.h"

/**
 * Read and check the configuration file `path`.
 *
 * On success *out is the configuration, owned by the caller (config_free()); `errors` may have got
 * warnings. Otherwise *out is NULL and `errors` has got all errors of the file, in file order.
 * The file that its stations_file names is read too, and its errors come behind. Management thread,
 * or before any thread is started; blocks on the files.
 *
 * @return 0; -EINVAL if the file has errors; -ENOMEM; the negative errno of a file that can't be
 *         opened or read (an error is added to the list in each case).
 */
int yaml_load_file(const char *path, struct config **out, struct yaml_errors *errors);

/**
 * The same for `len` bytes of text, which stands under `name` in errors and config.file. No file is
 * read: stations_file is checked and not followed. The text may be freed afterwards. Any thread.
 */
int yaml_load_string(const char *name, const char *text, size_t len, struct config **out,
	struct yaml_errors *errors);

/** Free a configuration and all it points to. NULL is fine. Any thread, when nobody reads it. */
void config_free(struct config *config);
