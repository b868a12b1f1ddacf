/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <jansson.h>

#include "ctl/client.h"
#include "ctl/render.h"

/* Ends it: the gateway then says how many frames were lost, and closes. */
static volatile sig_atomic_t socket_fd = -1;

static void on_end(int signo)
{
	(void)signo;
	if (socket_fd >= 0)
		shutdown(socket_fd, SHUT_WR);
}

static void until_signal(unsigned seconds)
{
	struct sigaction act = {.sa_handler = on_end, .sa_flags = SA_RESTART};

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGALRM, &act, NULL);
	signal(SIGPIPE, SIG_IGN);
	alarm(seconds);
}

/* 0 when the gateway closed, or a negative errno of what could not be written or read. */
static int copy(int from, int to)
{
	char buf[65536];

	for (;;) {
		ssize_t n = recv(from, buf, sizeof(buf), 0);
		int rc;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 ? 0 : -errno;
		rc = client_write_all(to, buf, (size_t)n);
		if (rc < 0)
			return rc;
	}
}

static int open_output(const struct options *o)
{
	int fd;

	if (o->write[0] == '\0' || strcmp(o->write, "-") == 0) {
		if (!isatty(STDOUT_FILENO))
			return STDOUT_FILENO;
		fputs("linkspanctl: --write FILE, or a pipe, is needed\n", stderr);
		return -1;
	}
	fd = open(o->write, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		fprintf(stderr, "linkspanctl: %s: %s\n", o->write, strerror(errno));
	return fd;
}

static bool is_refused(const char *line)
{
	json_t *reply = json_loads(line, 0, NULL);
	bool refused = json_object_get(reply, "error") != NULL;

	if (refused)
		render_error(reply, stderr);
	json_decref(reply);
	return refused;
}

int capture_run(const struct options *o)
{
	char why[256], *line = NULL;
	int to = open_output(o), fd, rc;
	bool refused;

	if (to < 0)
		return EXIT_USAGE;
	fd = client_open(o->socket, o->args[0], (char *const *)o->args + 1, o->n_args - 1, &line,
		why, sizeof(why));
	if (fd < 0) {
		fprintf(stderr, "linkspanctl: %s\n", why);
		return EXIT_NO_GATEWAY;
	}
	refused = is_refused(line);
	free(line);
	if (refused) {
		close(fd);
		return EXIT_REFUSED;
	}
	socket_fd = fd;
	until_signal(o->seconds);
	rc = copy(fd, to);
	socket_fd = -1;
	close(fd);
	if (rc < 0 && rc != -EPIPE) /* who reads the pipe has seen enough */
		fprintf(stderr, "linkspanctl: capture ended: %s\n", strerror(-rc));
	return rc == 0 || rc == -EPIPE ? EXIT_SUCCESS : EXIT_REFUSED;
}
