/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdio.h>

#include <jansson.h>

/* A reply of `show top` for people, of at most `lines` lines; 0: all of it. 0, or -ENOMEM. */
int top_render(const json_t *reply, unsigned lines, FILE *out);

/*
 * `top`: shows it again and again, on a screen of its own, until q or a terminating signal; once if
 * this is no terminal. The exit code.
 */
int top_run(const char *socket, unsigned interval_s);
