/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

/*
 * Runs a fuzz target over the files of corpus directories, without libFuzzer: what was once found
 * stays found in every build. Usage: replay DIRECTORY... Exits 1 if there is nothing to replay.
 */

static unsigned long files, bytes;

/* The file's bytes go in a buffer of their very size, where a sanitizer sees a read beyond. */
static int replay_file(const char *path, size_t size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(size > 0 ? size : 1);
	int rc = -1;

	if (f && data && fread(data, 1, size, f) == size) {
		LLVMFuzzerTestOneInput(data, size);
		files++;
		bytes += size;
		rc = 0;
	} else {
		perror(path);
	}
	free(data);
	if (f)
		fclose(f);
	return rc;
}

static int replay_dir(const char *dir)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, NULL, alphasort), rc = 0;

	if (n < 0) {
		perror(dir);
		return -1;
	}
	for (int i = 0; i < n; i++) {
		char path[4096];
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
			replay_file(path, (size_t)st.st_size) < 0)
			rc = -1;
		free(entries[i]);
	}
	free(entries);
	return rc;
}

int main(int argc, char **argv)
{
	int rc = 0;

	for (int i = 1; i < argc; i++)
		if (replay_dir(argv[i]) < 0)
			rc = 1;
	printf("replayed %lu inputs, %lu bytes\n", files, bytes);
	return files > 0 ? rc : 1;
}
