/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>

#define SOCKET_PATH_WHY 256 /* room for a reason */

/*
 * Whether the control socket can be made at this path: what stands there already is a socket, and
 * its directory is there or can be made (one level). 0; -ENOTSOCK if something else is in the way;
 * -ENOENT or -ENOTDIR if the directory cannot be; then with one line in why. Any thread.
 */
int socket_path_check(const char *path, char *why, size_t size);

/* The same, and makes the directory if it is missing. Management thread, or main at start. */
int socket_path_prepare(const char *path, char *why, size_t size);
