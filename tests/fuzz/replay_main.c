/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

/*
 * Runs a fuzz target over the files of corpus directories, without libFuzzer: what was once found
 * stays found in every build. Usage: replay DIRECTORY... Exits 1 if there is nothing to replay.
 */

static unsigned long files, bytes, failed;

/* The file's bytes go in a buffer of their very size, where a sanitizer sees a read beyond. */
static void replay_file(const char *path, size_t size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(size > 0 ? size : 1);

	if (f && data && fread(data, 1, size, f) == size) {
		LLVMFuzzerTestOneInput(data, size);
		files++;
		bytes += size;
	} else {
		perror(path);
		failed++;
	}
	free(data);
	if (f)
		fclose(f);
}

static void replay_dir(const char *dir)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, NULL, alphasort);

	if (n < 0) {
		perror(dir);
		failed++;
		return;
	}
	for (int i = 0; i < n; i++) {
		char path[4096];
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
			replay_file(path, (size_t)st.st_size);
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay_dir(argv[i]);
	/* an input that fails ends the process: a failure counted here is a file not read */
	printf("replayed %lu inputs, %lu bytes\n", files, bytes);
	printf("%lu passed, %lu failed\n", files, failed);
	return failed > 0 || files == 0;
}
