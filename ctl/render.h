/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdio.h>

#include <jansson.h>

/*
 * Writes a reply for people. what: "status", "links", ... of `show`, or the name of another
 * command. 0, -ENOMEM, or -EIO: what it was to find out is not so.
 */
int render(const char *what, const json_t *reply, FILE *out);

/* Writes an "error" reply, with its details. */
void render_error(const json_t *reply, FILE *out);
