/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/mgmt_priv.h"

#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "management/show.h"
#include "management/socket_path.h"

LOG_MODULE(socket);

/*
 * The control socket: a stream of request lines, each answered by one line, a JSON document. A
 * client has a bounded line, and a reply that is made page by page as it is read; one that neither
 * reads nor closes is dropped.
 */

#define CLIENTS_MAX 32
#define LINE_MAX_BYTES 4096
#define SEND_AHEAD (64u << 10)       /* bytes of a paged reply made beyond what the client took */
#define STALLED_US (10 * US_PER_SEC) /* a client that does not read for so long is dropped */
#define SOCKET_MODE 0660

struct client {
	int fd; /* -1: free */
	uint64_t serial;
	uint64_t active_us; /* last byte either way */
	bool waiting;       /* for mgmt_answer() */
	bool closing;       /* after what is to be sent */
	bool eof;           /* done asking: the lines that came are still answered */
	bool want_write;    /* EPOLLOUT is asked for */
	size_t line_len;
	char line[LINE_MAX_BYTES];
	struct text out;
	struct show_state show;
};

struct mgmt_clients {
	int listen_fd;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	uint64_t serial;
	struct client client[CLIENTS_MAX];
};

json_t *mgmt_error(const char *fmt, ...)
{
	char text[MGMT_WHY + 64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return json_pack("{s:s}", "error", text);
}

/* --- the listening socket -------------------------------------------------------------------- */

/* Does somebody listen there? A socket file without is what a killed gateway leaves. */
static bool somebody_listens(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc;

	if (fd < 0)
		return true;
	rc = connect(fd, (const struct sockaddr *)addr, sizeof(*addr));
	if (rc < 0)
		rc = errno == ECONNREFUSED || errno == ENOENT ? -1 : 0;
	close(fd);
	return rc == 0;
}

static int set_owner(const char *path, const char *group)
{
	struct group *g;

	if (chmod(path, SOCKET_MODE) < 0)
		return -errno;
	if (group == NULL)
		return 0;
	g = getgrnam(group);
	if (g == NULL) {
		LOG_WARN("no such group, the control socket stays root's", "group=%s", group);
		return 0;
	}
	return chown(path, (uid_t)-1, g->gr_gid) < 0 ? -errno : 0;
}

static int listen_at(struct mgmt *m, const char *path, const char *group, char *why)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct mgmt_clients *cl = m->clients;
	mode_t mask;
	int fd, rc;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	rc = socket_path_prepare(path, why, SOCKET_PATH_WHY);
	if (rc < 0)
		return rc;
	if (somebody_listens(&addr))
		return -EADDRINUSE;
	unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mask = umask(0777 & ~SOCKET_MODE);
	rc = bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
	umask(mask);
	if (rc < 0)
		goto fail;
	snprintf(cl->path, sizeof(cl->path), "%s", path);
	rc = set_owner(path, group);
	if (rc == 0 && listen(fd, CLIENTS_MAX) < 0)
		rc = -errno;
	if (rc == 0)
		rc = mgmt_watch(m, fd, MGMT_SRC_LISTEN);
	if (rc < 0)
		goto fail;
	cl->listen_fd = fd;
	return 0;

fail:
	close(fd);
	return rc;
}

static int clients_make(struct mgmt *m)
{
	if (m->clients != NULL)
		return 0;
	m->clients = calloc(1, sizeof(*m->clients));
	if (m->clients == NULL)
		return -ENOMEM;
	m->clients->listen_fd = -1;
	for (unsigned i = 0; i < CLIENTS_MAX; i++)
		m->clients->client[i].fd = -1;
	return 0;
}

int mgmt_socket_open(struct mgmt *m, const char *path, const char *group)
{
	char why[SOCKET_PATH_WHY] = "";
	int rc = clients_make(m);

	if (rc == 0)
		rc = listen_at(m, path, group, why);
	if (rc < 0)
		LOG_ERR("cannot open the control socket", "path=%s error=\"%s\"", path,
			why[0] != '\0' ? why : strerror(-rc));
	return rc;
}

static void show_end(struct mgmt *m, struct client *c)
{
	const struct show_ops *ops = c->show.ops;

	c->show.ops = NULL;
	if (ops != NULL && ops->end != NULL)
		ops->end(m);
}

static void client_close(struct mgmt *m, struct client *c)
{
	show_end(m, c);
	if (c->fd >= 0)
		close(c->fd);
	text_free(&c->out);
	memset(c, 0, sizeof(*c));
	c->fd = -1;
}

void mgmt_socket_close(struct mgmt *m)
{
	struct mgmt_clients *cl = m->clients;

	if (cl == NULL)
		return;
	for (unsigned i = 0; i < CLIENTS_MAX; i++)
		client_close(m, &cl->client[i]);
	if (cl->listen_fd >= 0) {
		close(cl->listen_fd);
		unlink(cl->path);
	}
	free(cl);
	m->clients = NULL;
}

/* --- clients --------------------------------------------------------------------------------- */

/* A free slot; if there is none, the one that has been idle for longest gives way. */
static struct client *slot_for_new(struct mgmt *m)
{
	struct mgmt_clients *cl = m->clients;
	struct client *idlest = NULL;

	for (unsigned i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = &cl->client[i];

		if (c->fd < 0)
			return c;
		if (c->waiting || c->show.ops != NULL || text_left(&c->out) > 0)
			continue;
		if (idlest == NULL || c->active_us < idlest->active_us)
			idlest = c;
	}
	if (idlest != NULL)
		client_close(m, idlest);
	return idlest;
}

int mgmt_client_add(struct mgmt *m, int fd)
{
	int rc = clients_make(m);
	struct client *c;

	if (rc < 0)
		return rc;
	c = slot_for_new(m);
	if (c == NULL)
		return -EBUSY;
	rc = mgmt_watch(m, fd, MGMT_SRC_CLIENT + (unsigned)(c - m->clients->client));
	if (rc < 0)
		return rc;
	c->fd = fd;
	c->serial = ++m->clients->serial;
	c->active_us = m->now_us;
	return (int)(c - m->clients->client);
}

unsigned mgmt_socket_accept(struct mgmt *m)
{
	unsigned n = 0;
	int fd;

	while ((fd = accept4(m->clients->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >=
		0) {
		if (mgmt_client_add(m, fd) < 0) {
			LOG_LIMITED(LOG_LEVEL_WARN, "too many clients", "most=%u", CLIENTS_MAX);
			close(fd);
		}
		n++;
	}
	return n;
}

static void run_line(struct mgmt *m, struct client *c, size_t len)
{
	struct mgmt_waiter w = {.slot = (int)(c - m->clients->client), .serial = c->serial};

	/* Whoever answers at once by mgmt_answer() finds the client waiting. */
	c->waiting = true;
	if (!mgmt_command(m, c->line, len, w, &c->out, &c->show))
		c->waiting = false;
}

/* A reply is under way: further lines wait in the socket. */
static bool client_busy(const struct client *c)
{
	return c->waiting || c->show.ops != NULL || c->closing;
}

static bool is_streaming(const struct client *c)
{
	return c->show.ops != NULL && c->show.ops->stream;
}

/* All it asked for has been answered and sent, and it asks for no more. */
static bool client_done(const struct client *c)
{
	if (c->waiting || c->show.ops != NULL || text_left(&c->out) > 0)
		return false;
	return c->closing || (c->eof && memchr(c->line, '\n', c->line_len) == NULL);
}

/* Whole lines in the buffer, one after the other. */
static unsigned run_lines(struct mgmt *m, struct client *c)
{
	unsigned n = 0;
	char *end;

	while (!client_busy(c) && (end = memchr(c->line, '\n', c->line_len)) != NULL) {
		size_t len = (size_t)(end - c->line);

		run_line(m, c, len);
		c->line_len -= len + 1;
		memmove(c->line, end + 1, c->line_len);
		n++;
	}
	if (!client_busy(c) && c->line_len == sizeof(c->line)) {
		text_json(&c->out,
			mgmt_error("request line is longer than %zu bytes", sizeof(c->line)));
		text_str(&c->out, "\n");
		c->closing = true;
	}
	return n;
}

static unsigned client_read(struct mgmt *m, struct client *c)
{
	ssize_t n;

	if (c->line_len == sizeof(c->line))
		return 0;
	n = recv(c->fd, c->line + c->line_len, sizeof(c->line) - c->line_len, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0) {
		client_close(m, c);
		return 1;
	}
	if (n == 0) {
		c->eof = true;
		return 1;
	}
	c->line_len += (size_t)n;
	c->active_us = m->now_us;
	return 1;
}

/* Asks epoll for what can go on: reading while nothing is under way, writing while something is to
 * be sent. */
static void client_events(struct mgmt *m, struct client *c)
{
	struct epoll_event e = {.data.u32 = MGMT_SRC_CLIENT + (unsigned)(c - m->clients->client)};

	if ((!client_busy(c) || is_streaming(c)) && !c->eof && c->line_len < sizeof(c->line))
		e.events |= EPOLLIN;
	if (text_left(&c->out) > 0)
		e.events |= EPOLLOUT;
	epoll_ctl(m->epoll_fd, EPOLL_CTL_MOD, c->fd, &e);
}

/* Sends what there is and can be sent. */
static unsigned client_send(struct mgmt *m, struct client *c)
{
	struct text *out = &c->out;
	ssize_t n;

	if (out->lost) {
		client_close(m, c);
		return 1;
	}
	if (text_left(out) == 0)
		return 0;
	n = send(c->fd, out->buf + out->sent, text_left(out), MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0) {
		client_close(m, c);
		return 1;
	}
	out->sent += (size_t)n;
	c->active_us = m->now_us;
	if (text_left(out) == 0)
		text_clear(out);
	return 1;
}

static unsigned next_page(struct mgmt *m, struct client *c)
{
	const struct show_ops *ops = c->show.ops;
	size_t before = c->out.len;

	c->show.ending = c->eof;
	if (!ops->page(m, &c->show, &c->out)) {
		if (ops->stream)
			c->closing = true;
		else
			text_str(&c->out, "\n");
		show_end(m, c);
		return 1;
	}
	return !ops->stream || c->out.len != before;
}

static unsigned client_turn(struct mgmt *m, struct client *c)
{
	unsigned done = run_lines(m, c);

	if (c->show.ops != NULL && text_left(&c->out) < SEND_AHEAD)
		done += next_page(m, c);
	done += client_send(m, c);
	if (c->fd < 0)
		return done;
	if (client_done(c)) {
		client_close(m, c);
		return done + 1;
	}
	if (text_left(&c->out) > 0 && m->now_us - c->active_us > STALLED_US) {
		LOG_LIMITED(LOG_LEVEL_NOTICE, "client does not read, dropped");
		client_close(m, c);
		return done + 1;
	}
	client_events(m, c);
	return done;
}

unsigned mgmt_client_ready(struct mgmt *m, unsigned slot, uint32_t events)
{
	struct client *c = &m->clients->client[slot];

	if (c->fd < 0)
		return 0;
	if (events & EPOLLERR || (events & (EPOLLHUP | EPOLLIN)) == EPOLLHUP) {
		client_close(m, c);
		return 1;
	}
	return events & EPOLLIN ? client_read(m, c) : 0;
}

unsigned mgmt_clients_turn(struct mgmt *m)
{
	unsigned done = 0;

	for (unsigned i = 0; m->clients != NULL && i < CLIENTS_MAX; i++) {
		if (m->clients->client[i].fd >= 0)
			done += client_turn(m, &m->clients->client[i]);
	}
	return done;
}

void mgmt_answer(struct mgmt *m, struct mgmt_waiter waiter, json_t *reply)
{
	struct client *c;

	if (waiter.slot < 0 || m->clients == NULL) {
		json_decref(reply);
		return;
	}
	c = &m->clients->client[waiter.slot];
	if (c->fd < 0 || c->serial != waiter.serial || !c->waiting) {
		json_decref(reply);
		return;
	}
	c->waiting = false;
	text_json(&c->out, reply);
	text_str(&c->out, "\n");
}
