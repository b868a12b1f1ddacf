/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

#define SILENCE_S 60 /* a gateway that says nothing for so long is as good as none */

static int connect_to(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const struct timeval silence = {.tv_sec = SILENCE_S};
	int fd, rc;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &silence, sizeof(silence));
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

/* The request line, newline and all; NULL without memory, or if an argument is not UTF-8. */
static char *request_line(const char *cmd, char *const args[], unsigned n_args)
{
	json_t *list = json_array(), *root;
	char *text, *line = NULL;

	for (unsigned i = 0; i < n_args; i++)
		json_array_append_new(list, json_string(args[i]));
	root = json_pack("{s:s,s:o}", "cmd", cmd, "args", list);
	text = json_array_size(list) == n_args ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	if (text != NULL && asprintf(&line, "%s\n", text) < 0)
		line = NULL;
	free(text);
	return line;
}

int client_write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n < 0 && errno == ENOTSOCK)
			n = write(fd, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Reads up to the newline that ends a document. */
static int read_line(int fd, char **out)
{
	size_t len = 0, cap = 0;
	char *buf = NULL;

	for (;;) {
		ssize_t n;

		if (cap - len < 2) {
			char *more = realloc(buf, cap = cap > 0 ? 2 * cap : 65536);

			if (more == NULL) {
				free(buf);
				return -ENOMEM;
			}
			buf = more;
		}
		n = recv(fd, buf + len, cap - len - 1, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int rc = n == 0 ? -ECONNRESET : errno == EAGAIN ? -ETIMEDOUT : -errno;

			free(buf);
			return rc;
		}
		len += (size_t)n;
		if (buf[len - 1] == '\n')
			break;
	}
	buf[len - 1] = '\0';
	*out = buf;
	return 0;
}

/* The first line, and not a byte behind it. */
static int read_first_line(int fd, char **out)
{
	char line[4096];
	size_t len = 0;

	while (len < sizeof(line) - 1) {
		ssize_t n = recv(fd, line + len, 1, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 ? -ECONNRESET : errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (line[len] == '\n')
			break;
		len++;
	}
	line[len] = '\0';
	*out = strdup(line);
	return *out != NULL ? 0 : -ENOMEM;
}

static void no_answer(const char *path, int rc, char *why, size_t why_len)
{
	snprintf(why, why_len, "the gateway at %s does not answer: %s", path, strerror(-rc));
}

/* Connects and sends the request. The socket, or a negative errno with why. */
static int ask(const char *path, const char *cmd, char *const args[], unsigned n_args, char *why,
	size_t why_len)
{
	char *line = request_line(cmd, args, n_args);
	int fd, rc;

	if (line == NULL) {
		snprintf(why, why_len, "arguments are not UTF-8");
		return -EINVAL;
	}
	fd = connect_to(path);
	if (fd < 0) {
		snprintf(why, why_len, "no gateway at %s: %s", path, strerror(-fd));
		free(line);
		return fd;
	}
	rc = client_write_all(fd, line, strlen(line));
	free(line);
	if (rc < 0) {
		no_answer(path, rc, why, why_len);
		close(fd);
		return rc;
	}
	return fd;
}

int client_open(const char *path, const char *cmd, char *const args[], unsigned n_args,
	char **reply, char *why, size_t why_len)
{
	const struct timeval for_ever = {0};
	int fd = ask(path, cmd, args, n_args, why, why_len);
	int rc;

	if (fd < 0)
		return fd;
	rc = read_first_line(fd, reply);
	if (rc < 0) {
		no_answer(path, rc, why, why_len);
		close(fd);
		return rc;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &for_ever, sizeof(for_ever));
	return fd;
}

int client_ask(const char *path, const char *cmd, char *const args[], unsigned n_args, char **reply,
	char *why, size_t why_len)
{
	int fd = ask(path, cmd, args, n_args, why, why_len);
	int rc;

	if (fd < 0)
		return fd;
	rc = read_line(fd, reply);
	if (rc < 0)
		no_answer(path, rc, why, why_len);
	close(fd);
	return rc;
}
