/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/http.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/log.h"
#include "management/metrics.h"

LOG_MODULE(http);

#define BLOCK (64u << 10)             /* bytes asked for at a time */
#define CONNECTION_MEMORY (96u << 10) /* of one connection: a block, and the request's headers */

struct listener {
	struct MHD_Daemon *daemon; /* NULL: none */
	struct ip_addr addr;
	uint16_t port;
};

struct mgmt_http {
	struct listener now, next;
	bool prepared; /* next is what comes into force */
	bool keeps;    /* ... as it is in use */
};

/* What is being read of the metrics. */
struct reading {
	struct mgmt *m;
	uint32_t cursor;
	struct text text;
};

struct mgmt_http *mgmt_http_create(void)
{
	return calloc(1, sizeof(struct mgmt_http));
}

static void stop(struct mgmt *m, struct listener *l)
{
	const union MHD_DaemonInfo *info;

	if (l->daemon == NULL)
		return;
	info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (info != NULL)
		epoll_ctl(m->epoll_fd, EPOLL_CTL_DEL, info->epoll_fd, NULL);
	MHD_stop_daemon(l->daemon);
	l->daemon = NULL;
}

void mgmt_http_destroy(struct mgmt *m)
{
	if (m->http == NULL)
		return;
	mgmt_http_cancel(m);
	stop(m, &m->http->now);
	free(m->http);
	m->http = NULL;
}

/* --- requests -------------------------------------------------------------------------------- */

static ssize_t read_metrics(void *arg, uint64_t pos, char *buf, size_t max)
{
	struct reading *r = arg;
	struct text *t = &r->text;
	size_t n;

	(void)pos;
	while (text_left(t) == 0) {
		text_clear(t);
		if (!mgmt_metrics_page(r->m, &r->cursor, t))
			return MHD_CONTENT_READER_END_OF_STREAM;
		if (t->lost)
			return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	n = text_left(t) < max ? text_left(t) : max;
	memcpy(buf, t->buf + t->sent, n);
	t->sent += n;
	return (ssize_t)n;
}

static void free_reading(void *arg)
{
	struct reading *r = arg;

	text_free(&r->text);
	free(r);
}

static enum MHD_Result respond(struct MHD_Connection *c, unsigned status,
	struct MHD_Response *response, const char *header, const char *value)
{
	enum MHD_Result rc;

	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(response, header, value);
	rc = MHD_queue_response(c, status, response);
	MHD_destroy_response(response);
	return rc;
}

static enum MHD_Result say(struct MHD_Connection *c, unsigned status, const char *text,
	const char *header, const char *value)
{
	return respond(c, status,
		MHD_create_response_from_buffer(
			strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT),
		header, value);
}

static enum MHD_Result metrics(struct mgmt *m, struct MHD_Connection *c)
{
	struct reading *r = calloc(1, sizeof(*r));
	struct MHD_Response *response;

	if (r == NULL)
		return MHD_NO;
	r->m = m;
	response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, BLOCK, read_metrics, r, free_reading);
	if (response == NULL)
		free_reading(r);
	return respond(c, MHD_HTTP_OK, response, MHD_HTTP_HEADER_CONTENT_TYPE, METRICS_TYPE);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_size,
	void **state)
{
	static int seen;

	(void)version;
	(void)upload;
	/* Called first with the headers alone; a body is not waited for, nor kept. */
	if (*state == NULL) {
		*state = &seen;
		return MHD_YES;
	}
	if (*upload_size != 0) {
		*upload_size = 0;
		return MHD_YES;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return say(c, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET\n", MHD_HTTP_HEADER_ALLOW,
			"GET, HEAD");
	if (strcmp(url, "/metrics") == 0)
		return metrics(arg, c);
	return say(c, MHD_HTTP_NOT_FOUND, "there is only /metrics\n", MHD_HTTP_HEADER_CONTENT_TYPE,
		"text/plain");
}

/* --- what is listened to --------------------------------------------------------------------- */

static int open_socket(const struct listener *l)
{
	struct sockaddr_in6 at6 = {.sin6_family = AF_INET6, .sin6_port = htons(l->port)};
	struct sockaddr_in at4 = {.sin_family = AF_INET, .sin_port = htons(l->port)};
	bool v4 = l->addr.family == 4;
	int fd, on = 1, rc;

	memcpy(&at4.sin_addr, l->addr.b, 4);
	memcpy(&at6.sin6_addr, l->addr.b, 16);
	fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!v4)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	rc = v4 ? bind(fd, (struct sockaddr *)&at4, sizeof(at4))
		: bind(fd, (struct sockaddr *)&at6, sizeof(at6));
	if (rc == 0)
		rc = listen(fd, HTTP_CONNECTIONS);
	if (rc == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

static int start(struct mgmt *m, struct listener *l)
{
	int fd = open_socket(l);

	if (fd < 0)
		return fd;
	l->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, m,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)HTTP_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_IDLE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_END);
	if (l->daemon != NULL)
		return 0;
	close(fd);
	return -ENOMEM;
}

int mgmt_http_prepare(struct mgmt *m, const struct config *config, char *why)
{
	const struct config_metrics *c = &config->metrics;
	struct mgmt_http *h = m->http;
	char text[IP_TEXT_SIZE];
	int rc;

	mgmt_http_cancel(m);
	h->next = (struct listener){.addr = c->listen, .port = c->port};
	h->prepared = true;
	h->keeps = h->now.daemon != NULL && ip_equal(&h->now.addr, &c->listen) &&
		   h->now.port == c->port;
	if (c->listen.family == 0 || h->keeps)
		return 0;
	rc = start(m, &h->next);
	if (rc == 0)
		return 0;
	snprintf(why, MGMT_WHY, "metrics: cannot listen at %s port %u: %s",
		ip_format(&c->listen, text), c->port, strerror(-rc));
	mgmt_http_cancel(m);
	return rc;
}

void mgmt_http_cancel(struct mgmt *m)
{
	if (m->http->prepared)
		stop(m, &m->http->next);
	m->http->prepared = false;
}

void mgmt_http_commit(struct mgmt *m)
{
	struct mgmt_http *h = m->http;
	const union MHD_DaemonInfo *info;
	char text[IP_TEXT_SIZE];

	if (!h->prepared)
		return;
	h->prepared = false;
	if (h->keeps)
		return;
	stop(m, &h->now);
	h->now = h->next;
	h->next.daemon = NULL;
	if (h->now.daemon == NULL)
		return;
	info = MHD_get_daemon_info(h->now.daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL || mgmt_watch(m, info->epoll_fd, MGMT_SRC_HTTP) < 0)
		LOG_WARN("metrics are told slowly", "error=\"%s\"", strerror(errno));
	LOG_NOTICE("metrics are told", "at=%s port=%u", ip_format(&h->now.addr, text), h->now.port);
}

unsigned mgmt_http_turn(struct mgmt *m)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	if (m->http->now.daemon == NULL)
		return 0;
	MHD_run(m->http->now.daemon);
	return MHD_get_timeout(m->http->now.daemon, &wait_ms) == MHD_YES && wait_ms == 0;
}
