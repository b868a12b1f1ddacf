/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The log: one line a message to stderr, key=value.
 *
 *	2025-03-01T09:30:00.123Z level=info mod=control msg="link up" link=dorm-a mtu=1500
 *
 * A file says LOG_MODULE(control); once and then, with a literal message and, if there is anything
 * to add, a printf format of key=value pairs after it:
 *
 *	LOG_INFO("reload done");
 *	LOG_WARN("link has no carrier", "link=%s port=%u", link->name, port);
 *
 * A sink that takes nothing (a pipe nobody reads) holds nobody up for long: lines are dropped, and
 * counted by the first line that gets through again.
 *
 * Control characters never reach the sink; values that stations choose go through log_quote(). Any
 * thread may log, but never a worker lcore on its packet path: a line is a system call.
 *
 * The macros share names with <syslog.h>; a file cannot include both.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <pthread.h>

#include "base/bucket.h"

enum log_level {
	LOG_LEVEL_ERR,    /* something does not work and will not by itself */
	LOG_LEVEL_WARN,   /* degraded: works, but not as configured */
	LOG_LEVEL_NOTICE, /* rare events an operator wants: start, reload, port down */
	LOG_LEVEL_INFO,   /* default */
	LOG_LEVEL_DEBUG,
};

/* One per file; files may share a name. Registered before main(). */
struct log_module {
	const char *name;
	int level;               /* relaxed: read by loggers, written by log_set_level() */
	struct log_module *next; /* registry, under the log's lock */
};

/* State of one LOG_LIMITED() call site, under its own lock. */
struct log_limit {
	pthread_mutex_t lock;
	bool ready;
	struct bucket bucket;
	uint64_t suppressed; /* lines not written since the last that was */
};

#define LOG_MODULE(ident)                                                                          \
	static struct log_module log_self = {.name = #ident, .level = LOG_LEVEL_INFO};             \
	static void __attribute__((constructor)) log_self_register(void)                           \
	{                                                                                          \
		log_register(&log_self);                                                           \
	}                                                                                          \
	struct log_module_needs_semicolon

/* Whether a message of that level would be written: guards work done only for a log line. */
#define LOG_ON(lvl) ((int)(lvl) <= __atomic_load_n(&log_self.level, __ATOMIC_RELAXED))

#define LOG_AT(lvl, msg, ...)                                                                      \
	do {                                                                                       \
		if (LOG_ON(lvl))                                                                   \
			log_write(&log_self, (lvl), (msg), " " __VA_ARGS__);                       \
	} while (0)

#define LOG_ERR(...) LOG_AT(LOG_LEVEL_ERR, __VA_ARGS__)
#define LOG_WARN(...) LOG_AT(LOG_LEVEL_WARN, __VA_ARGS__)
#define LOG_NOTICE(...) LOG_AT(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define LOG_INFO(...) LOG_AT(LOG_LEVEL_INFO, __VA_ARGS__)
#define LOG_DEBUG(...) LOG_AT(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* For what the network can cause at will: at most 5 lines in a row and 1 a second per call site.
 * The next line written says suppressed=N. LOG_LIMITED(LOG_LEVEL_WARN, "msg", "key=%d", val); */
#define LOG_LIMITED(lvl, msg, ...)                                                                 \
	do {                                                                                       \
		static struct log_limit log_limit_ = {.lock = PTHREAD_MUTEX_INITIALIZER};          \
		if (LOG_ON(lvl))                                                                   \
			log_write_limited(&log_self, &log_limit_, (lvl), (msg), " " __VA_ARGS__);  \
	} while (0)

/* Behind the macros. `fmt` starts with the space that parts it from the message. */
void log_register(struct log_module *mod);
void log_write(const struct log_module *mod, enum log_level level, const char *msg, const char *fmt,
	...) __attribute__((format(printf, 4, 5)));
void log_write_limited(const struct log_module *mod, struct log_limit *limit, enum log_level level,
	const char *msg, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* "debug" for all modules, "control:debug" for one, or a list "notice,control:debug" applied from
 * left to right. 0; -EINVAL for an unknown level; -ENOENT for a module that does not exist. On
 * errors nothing has changed. */
int log_set_level(const char *spec);

/* The name of a level ("warn"); "?" if it is none. */
const char *log_level_name(int level);

/* Write to another file descriptor than stderr (tests, daemons). The caller keeps the fd open. */
void log_set_fd(int fd);

/* Lines logged since the start, dropped ones included: what a test counts. */
uint64_t log_lines(void);

/* Quote a string that came from outside for use as a value: "…" with quotes, backslashes and
 * control characters escaped, cut to fit. `size` is at least 8; returns buf, always closed and
 * NUL-terminated. */
const char *log_quote(char *buf, size_t size, const void *str, size_t len);

/* A stream whose lines become messages of that module, each at the level that level() returns as
 * the line is flushed, NOTICE if level is NULL. For rte_openlog_stream(); the caller owns the
 * stream. NULL with errno set. */
FILE *log_stream(const struct log_module *mod, enum log_level (*level)(void));

/* From now on what the calling thread logs is queued (64 KiB) instead of written, so it never waits
 * for a slow sink: for the control lcore. What does not fit is dropped and counted. */
void log_queue_this_thread(bool on);

/* Write out what is queued, and how much was lost if any. Management's turn and the way out; one
 * thread at a time. Returns the bytes written out. */
size_t log_flush(void);
