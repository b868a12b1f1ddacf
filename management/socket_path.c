/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/socket_path.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define DIR_MODE 0755

/* Cuts the last component off; false if there is no directory but the root. */
static bool parent_of(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL || slash == path)
		return false;
	*slash = '\0';
	return true;
}

/* 1: it is a directory, 0: it is missing, or a negative errno with why. */
static int look_at_dir(const char *dir, char *why, size_t size)
{
	struct stat st;

	if (stat(dir, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return 1;
		snprintf(why, size, "%s is no directory", dir);
		return -ENOTDIR;
	}
	if (errno == ENOENT)
		return 0;
	snprintf(why, size, "%s: %s", dir, strerror(errno));
	return -errno;
}

/* Leaves in dir the directory that is to be made, "" if none is. 0 or a negative errno. */
static int missing_dir(const char *path, char *dir, size_t dir_size, char *why, size_t size)
{
	char above[PATH_MAX];
	int rc;

	snprintf(dir, dir_size, "%s", path);
	if (!parent_of(dir)) {
		dir[0] = '\0';
		return 0;
	}
	rc = look_at_dir(dir, why, size);
	if (rc < 0)
		return rc;
	if (rc > 0) {
		dir[0] = '\0';
		return 0;
	}
	snprintf(above, sizeof(above), "%s", dir);
	if (!parent_of(above))
		return 0;
	rc = look_at_dir(above, why, size);
	if (rc == 0) {
		snprintf(why, size, "directory %s does not exist", above);
		return -ENOENT;
	}
	return rc < 0 ? rc : 0;
}

static int path_check(const char *path, char *dir, size_t dir_size, char *why, size_t size)
{
	struct stat st;

	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		snprintf(why, size, "%s exists and is no socket", path);
		return -ENOTSOCK;
	}
	return missing_dir(path, dir, dir_size, why, size);
}

int socket_path_check(const char *path, char *why, size_t size)
{
	char dir[PATH_MAX];

	return path_check(path, dir, sizeof(dir), why, size);
}

int socket_path_prepare(const char *path, char *why, size_t size)
{
	char dir[PATH_MAX];
	int rc = path_check(path, dir, sizeof(dir), why, size);

	if (rc < 0 || dir[0] == '\0')
		return rc;
	if (mkdir(dir, DIR_MODE) < 0 && errno != EEXIST) {
		rc = -errno;
		snprintf(why, size, "cannot make directory %s: %s", dir, strerror(-rc));
	}
	return rc;
}
