/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/** Files beyond this size (bytes) are refused unread. */
#define YAML_FILE_MAX ((size_t)32 << 20)

/**
 * Read the file `path` whole, but no further than a byte past YAML_FILE_MAX. *text is the caller's
 * to free; NULL on failure. regular: refuse what a read may wait for, a pipe or a device.
 *
 * @return 0; -ENOMEM; -EINVAL: it is no regular file; or the negative errno of opening or reading
 */
int yaml_file_read(const char *path, bool regular, char **text, size_t *len);
