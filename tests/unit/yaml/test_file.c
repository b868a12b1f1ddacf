/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "load.h"

static char dir[] = "/tmp/linkspan-yaml-XXXXXX";

static void make_dir(void)
{
	cr_assert_not_null(mkdtemp(dir));
}

static void remove_dir(void)
{
	rmdir(dir);
}

TestSuite(file, .init = make_dir, .fini = remove_dir);

Test(file, is_read_and_named)
{
	static const char text[] = "ports: [{name: p, device: \"tap:t0\"}]\nlinks: []\n";
	struct yaml_errors errors = {0};
	struct config *config;
	char path[64];
	FILE *f;

	sprintf(path, "%s/gw.yaml", dir);
	f = fopen(path, "w");
	cr_assert_not_null(f);
	fputs(text, f);
	fclose(f);
	cr_expect(eq(int, yaml_load_file(path, &config, &errors), 0));
	cr_assert_not_null(config);
	cr_expect_str_eq(config->file, path);
	cr_expect(eq(sz, errors.n, 0));
	config_free(config);
	unlink(path);
	yaml_errors_fini(&errors);
}

static void expect_unreadable(const char *path, int ret, const char *line)
{
	struct yaml_errors errors = {0};
	struct config *config = (struct config *)1;
	char buf[256];

	cr_expect(eq(int, yaml_load_file(path, &config, &errors), ret));
	cr_expect_null(config);
	cr_assert(eq(sz, errors.n, 1));
	yaml_errors_format(&errors, 0, buf, sizeof(buf));
	cr_expect_str_eq(buf, line);
	yaml_errors_fini(&errors);
}

Test(file, missing_or_no_file)
{
	char path[64], line[128];

	sprintf(path, "%s/none.yaml", dir);
	sprintf(line, "%s: can't be read: No such file or directory", path);
	expect_unreadable(path, -ENOENT, line);
	sprintf(line, "%s: can't be read: Is a directory", dir);
	expect_unreadable(dir, -EISDIR, line);
}

Test(file, of_endless_size_is_not_read_to_the_end)
{
	expect_unreadable(
		"/dev/zero", -EINVAL, "/dev/zero: found more than 8388608 bytes, expected fewer");
}

Test(file, errors_of_several_loads_gather)
{
	static const char good[] = "ports: [{name: p, device: \"tap:t\"}]\nlinks: []\n";
	struct yaml_errors errors = {0};
	struct config *config;

	yaml_load_string("a", "", 0, &config, &errors);
	yaml_load_string("b", "x", 1, &config, &errors);
	cr_expect(eq(sz, errors.n_errors, 2));
	/* A good file after a bad one is good. */
	cr_expect(eq(int, yaml_load_string("c", good, strlen(good), &config, &errors), 0));
	cr_expect_not_null(config);
	config_free(config);
	config_free(NULL);
	yaml_errors_fini(&errors);
}
