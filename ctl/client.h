/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>

/*
 * One request to a running gateway: connects to the control socket at path, sends the command with
 * its arguments, waits for the reply, one JSON document in *reply, NUL-terminated, the caller's to
 * free. Returns 0 or a negative errno, with a line for people in why.
 */
int client_ask(const char *path, const char *cmd, char *const args[], unsigned n_args, char **reply,
	char *why, size_t why_len);

/*
 * The same for a reply that goes on: returns the socket, from which what follows the first line is
 * to be read. The line is in *reply; if it says "error", nothing follows.
 */
int client_open(const char *path, const char *cmd, char *const args[], unsigned n_args,
	char **reply, char *why, size_t why_len);

/* Writes all of it, to a socket, file or pipe. 0 or a negative errno; a pipe's SIGPIPE is the
 * caller's. */
int client_write_all(int fd, const char *bytes, size_t len);
