/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_regular(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* Read until the end or `size` bytes. 0 or a negative errno. */
static int read_all(int fd, char *buf, size_t size, size_t *used)
{
	*used = 0;
	while (*used < size) {
		ssize_t n = read(fd, buf + *used, size - *used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		*used += (size_t)n;
	}
	return 0;
}

int yaml_file_read(const char *path, bool regular, char **text, size_t *len)
{
	/* Opening a pipe waits, too. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | (regular ? O_NONBLOCK : 0));
	int ret;

	*text = NULL;
	if (fd < 0)
		return -errno;
	ret = -EINVAL;
	if (regular && !is_regular(fd))
		goto out;
	ret = -ENOMEM;
	*text = malloc(YAML_FILE_MAX + 1);
	if (!*text)
		goto out;
	ret = read_all(fd, *text, YAML_FILE_MAX + 1, len);
	if (ret) {
		free(*text);
		*text = NULL;
	}

out:
	close(fd);
	return ret;
}
