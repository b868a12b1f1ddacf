/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define LINE_MAX_BYTES 2048 /* the newline included; longer lines end in "..." */
#define QUEUE_BYTES (64 * 1024)
#define LIMIT_PER_S 1
#define LIMIT_BURST 5
#define SINK_WAIT_MS 20 /* for a full sink to take more, before lines are dropped */

static const char *const level_names[] = {"err", "warn", "notice", "info", "debug"};

/* Modules are registered by constructors, before there is a second thread; the list is only read
 * after that. */
static struct log_module *modules;

static int sink_fd = STDERR_FILENO;

/* Keeps lines whole, as not every sink does. Threads that must not wait use the queue. */
static pthread_mutex_t sink_lock = PTHREAD_MUTEX_INITIALIZER;

/* What a sink that takes nothing swallowed; under sink_lock. */
static struct {
	uint64_t lost; /* lines not told of yet */
	bool full;     /* it was when we last tried: nobody waits for it again */
	bool cut;      /* what it has ends in the middle of a line */
} sink;

/* Lines of threads that must not wait. Filled under the lock by whoever gets it at once, emptied by
 * log_flush(), which swaps the halves and writes without the lock. */
static struct {
	pthread_mutex_t lock;
	char half[2][QUEUE_BYTES];
	unsigned filling;
	size_t len;
	uint64_t lost; /* lines; atomic, as it is also counted when the lock is taken */
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local bool queue_this_thread;

/* A line under construction; what does not fit is cut. */
struct line {
	size_t len;
	bool cut;
	char buf[LINE_MAX_BYTES];
};

#define LINE_ROOM (LINE_MAX_BYTES - sizeof("...\n"))

const char *log_level_name(int level)
{
	if (level < LOG_LEVEL_ERR || level > LOG_LEVEL_DEBUG)
		return "?";
	return level_names[level];
}

void log_register(struct log_module *mod)
{
	mod->next = modules;
	modules = mod;
}

void log_set_fd(int fd)
{
	__atomic_store_n(&sink_fd, fd, __ATOMIC_RELAXED);
}

static void __attribute__((format(printf, 2, 0)))
line_vadd(struct line *l, const char *fmt, va_list ap)
{
	size_t room = LINE_ROOM - l->len;
	int n = vsnprintf(l->buf + l->len, room, fmt, ap);

	if (n < 0)
		return;
	if ((size_t)n >= room) {
		l->cut = true;
		n = (int)room - 1;
	}
	/* One message is one line, whatever its values contain. */
	for (char *p = l->buf + l->len, *end = p + n; p < end; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	}
	l->len += (size_t)n;
}

static void __attribute__((format(printf, 2, 3))) line_add(struct line *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line_vadd(l, fmt, ap);
	va_end(ap);
}

static void line_begin(struct line *l, const char *mod, enum log_level level, const char *msg)
{
	uint64_t ms = clock_wall_ms();
	time_t sec = (time_t)(ms / MS_PER_SEC);
	char quoted[LINE_MAX_BYTES / 2];
	struct tm tm;

	l->len = 0;
	l->cut = false;
	gmtime_r(&sec, &tm);
	line_add(l, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ level=%s mod=%s msg=%s", tm.tm_year + 1900,
		tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		(unsigned)(ms % MS_PER_SEC), log_level_name(level), mod,
		log_quote(quoted, sizeof(quoted), msg, strlen(msg)));
}

static void line_end(struct line *l)
{
	if (l->cut) {
		/* Not in the middle of a UTF-8 sequence. */
		while (l->len > 0 && ((unsigned char)l->buf[l->len - 1] & 0xc0) == 0x80)
			l->len--;
		if (l->len > 0 && ((unsigned char)l->buf[l->len - 1] & 0xc0) == 0xc0)
			l->len--;
		memcpy(l->buf + l->len, "...", 3);
		l->len += 3;
	}
	while (l->len > 0 && l->buf[l->len - 1] == ' ')
		l->len--;
	l->buf[l->len++] = '\n';
}

/*
 * A pipe that polls as writable takes PIPE_BUF bytes without blocking, so no more than that is
 * written at a time. The descriptor is shared with whoever started us: it is not ours to make
 * non-blocking.
 */
static bool sink_ready(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int rc;

	do
		rc = poll(&p, 1, sink.full ? 0 : SINK_WAIT_MS);
	while (rc < 0 && errno == EINTR);
	sink.full = rc <= 0;
	return !sink.full;
}

/* Returns how many bytes were written: fewer than len if the sink is full or broken. */
static size_t sink_put(int fd, const char *buf, size_t len)
{
	size_t done = 0;

	while (done < len && sink_ready(fd)) {
		ssize_t n = write(fd, buf + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (done > 0)
		sink.cut = buf[done - 1] != '\n';
	return done;
}

/* Whole lines that go in one write. */
static size_t sink_chunk(const char *buf, size_t len)
{
	const char *end;

	if (len <= PIPE_BUF)
		return len;
	end = memrchr(buf, '\n', PIPE_BUF);
	return end != NULL ? (size_t)(end - buf) + 1 : PIPE_BUF;
}

static unsigned count_lines(const char *buf, size_t len)
{
	unsigned n = 0;

	for (size_t i = 0; i < len; i++)
		n += buf[i] == '\n';
	return n;
}

/* Tells how much was lost, once the sink takes it. */
static void sink_tell_lost(int fd)
{
	struct line l;

	if (sink.lost == 0 || !sink_ready(fd))
		return;
	if (sink.cut && sink_put(fd, "\n", 1) == 0)
		return;
	line_begin(&l, "log", LOG_LEVEL_WARN, "messages lost, nobody read them");
	line_add(&l, " lost=%llu", (unsigned long long)sink.lost);
	line_end(&l);
	if (sink_put(fd, l.buf, l.len) == l.len)
		sink.lost = 0;
}

/* Whole lines. Waits no longer than SINK_WAIT_MS for a sink that is full, then drops them. */
static void sink_write(const char *buf, size_t len)
{
	int fd = __atomic_load_n(&sink_fd, __ATOMIC_RELAXED);

	pthread_mutex_lock(&sink_lock);
	sink_tell_lost(fd);
	while (len > 0) {
		size_t chunk = sink_chunk(buf, len);
		size_t done = sink_put(fd, buf, chunk);

		if (done < chunk) {
			sink.lost += count_lines(buf + done, len - done);
			break;
		}
		buf += chunk;
		len -= chunk;
	}
	pthread_mutex_unlock(&sink_lock);
}

static void queue_put(const char *buf, size_t len)
{
	bool taken = false;

	if (pthread_mutex_trylock(&queue.lock) == 0) {
		if (len <= QUEUE_BYTES - queue.len) {
			memcpy(queue.half[queue.filling] + queue.len, buf, len);
			queue.len += len;
			taken = true;
		}
		pthread_mutex_unlock(&queue.lock);
	}
	if (!taken)
		__atomic_fetch_add(&queue.lost, 1, __ATOMIC_RELAXED);
}

static uint64_t lines; /* any thread that logs; relaxed: a count */

uint64_t log_lines(void)
{
	return __atomic_load_n(&lines, __ATOMIC_RELAXED);
}

static void line_send(struct line *l)
{
	__atomic_fetch_add(&lines, 1, __ATOMIC_RELAXED);
	line_end(l);
	if (queue_this_thread)
		queue_put(l->buf, l->len);
	else
		sink_write(l->buf, l->len);
}

void log_queue_this_thread(bool on)
{
	queue_this_thread = on;
}

size_t log_flush(void)
{
	uint64_t lost;
	unsigned half;
	size_t len;

	pthread_mutex_lock(&queue.lock);
	half = queue.filling;
	len = queue.len;
	queue.filling = 1 - half;
	queue.len = 0;
	pthread_mutex_unlock(&queue.lock);

	sink_write(queue.half[half], len);
	lost = __atomic_exchange_n(&queue.lost, 0, __ATOMIC_RELAXED);
	if (lost > 0) {
		struct line l;

		line_begin(&l, "log", LOG_LEVEL_WARN, "messages lost, the queue was full");
		line_add(&l, " lost=%llu", (unsigned long long)lost);
		line_end(&l);
		sink_write(l.buf, l.len);
		len += l.len;
	}
	return len;
}

void log_write(
	const struct log_module *mod, enum log_level level, const char *msg, const char *fmt, ...)
{
	struct line l;
	va_list ap;

	line_begin(&l, mod->name, level, msg);
	va_start(ap, fmt);
	line_vadd(&l, fmt, ap);
	va_end(ap);
	line_send(&l);
}

/* Whether this call site may write now; if so, *suppressed is what it swallowed before. */
static bool limit_pass(struct log_limit *limit, uint64_t *suppressed)
{
	uint64_t now = clock_now_us();
	bool pass = false;

	/* Whoever finds the lock taken is one of many, just what is to be limited. */
	if (pthread_mutex_trylock(&limit->lock) == 0) {
		if (!limit->ready) {
			bucket_set(&limit->bucket, LIMIT_PER_S, LIMIT_BURST);
			bucket_fill(&limit->bucket.rate, &limit->bucket.level, now);
			limit->ready = true;
		}
		pass = bucket_take(&limit->bucket, now, 1);
		pthread_mutex_unlock(&limit->lock);
	}
	if (pass)
		*suppressed = __atomic_exchange_n(&limit->suppressed, 0, __ATOMIC_RELAXED);
	else
		__atomic_fetch_add(&limit->suppressed, 1, __ATOMIC_RELAXED);
	return pass;
}

void log_write_limited(const struct log_module *mod, struct log_limit *limit, enum log_level level,
	const char *msg, const char *fmt, ...)
{
	uint64_t suppressed;
	struct line l;
	va_list ap;

	if (!limit_pass(limit, &suppressed))
		return;
	line_begin(&l, mod->name, level, msg);
	va_start(ap, fmt);
	line_vadd(&l, fmt, ap);
	va_end(ap);
	if (suppressed > 0)
		line_add(&l, " suppressed=%llu", (unsigned long long)suppressed);
	line_send(&l);
}

static int level_by_name(const char *name, size_t len)
{
	for (int i = LOG_LEVEL_ERR; i <= LOG_LEVEL_DEBUG; i++) {
		if (strlen(level_names[i]) == len && memcmp(level_names[i], name, len) == 0)
			return i;
	}
	return -EINVAL;
}

/* Set the level of the modules of that name, of all if there is no name; or only look whether
 * there are any. */
static int set_modules(const char *name, size_t len, int level, bool apply)
{
	int found = -ENOENT;

	for (struct log_module *m = modules; m != NULL; m = m->next) {
		if (name != NULL && (strlen(m->name) != len || memcmp(m->name, name, len) != 0))
			continue;
		found = 0;
		if (apply)
			__atomic_store_n(&m->level, level, __ATOMIC_RELAXED);
	}
	return name == NULL ? 0 : found;
}

static int set_spec(const char *spec, bool apply)
{
	for (;;) {
		size_t len = strcspn(spec, ",");
		const char *colon = memchr(spec, ':', len);
		const char *name = colon != NULL ? spec : NULL;
		const char *word = colon != NULL ? colon + 1 : spec;
		int level = level_by_name(word, (size_t)(spec + len - word));
		int rc;

		if (level < 0)
			return level;
		rc = set_modules(name, colon != NULL ? (size_t)(colon - spec) : 0, level, apply);
		if (rc < 0)
			return rc;
		if (spec[len] == '\0')
			return 0;
		spec += len + 1;
	}
}

int log_set_level(const char *spec)
{
	int rc = set_spec(spec, false);

	return rc < 0 ? rc : set_spec(spec, true);
}
