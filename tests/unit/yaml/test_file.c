/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "load.h"

static char dir[] = "/tmp/linkspan-yaml-XXXXXX";
static char main_path[64], stations_path[64];

static void make_dir(void)
{
	cr_assert_not_null(mkdtemp(dir));
	sprintf(main_path, "%s/gw.yaml", dir);
	sprintf(stations_path, "%s/who.yaml", dir);
}

static void remove_dir(void)
{
	unlink(main_path);
	unlink(stations_path);
	rmdir(dir);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	cr_assert_not_null(f);
	fputs(text, f);
	fclose(f);
}

TestSuite(file, .init = make_dir, .fini = remove_dir);

Test(file, is_read_and_named)
{
	static const char text[] = "ports: [{name: p, device: \"tap:t0\"}]\nlinks: []\n";
	struct yaml_errors errors = {0};
	struct config *config;

	put(main_path, text);
	cr_expect(eq(int, yaml_load_file(main_path, &config, &errors), 0));
	cr_assert_not_null(config);
	cr_expect_str_eq(config->file, main_path);
	cr_expect(eq(sz, errors.n, 0));
	config_free(config);
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
		"/dev/zero", -EINVAL, "/dev/zero: found more than 33554432 bytes, expected fewer");
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

/* --- stations_file ---------------------------------------------------------------------------- */

#define MAIN "ports: [{name: p, device: \"tap:t0\"}]\nlinks: []\nlocations: {campus: {hall: {}}}\n"

/* Loads the file whose stations_file is `path`; text, if not NULL, is written there. In what is
 * said, @ stands for the one and % for the other file. */
static struct config *load_both(
	const char *more, const char *path, const char *text, const char *expected)
{
	struct yaml_errors errors = {0};
	struct config *config;
	char main_text[512], *lines, *wanted = NULL;
	size_t size;
	FILE *out = open_memstream(&wanted, &size);

	snprintf(main_text, sizeof(main_text), MAIN "stations_file: %s\n%s", path, more);
	put(main_path, main_text);
	if (text)
		put(path, text);
	for (const char *p = expected; *p; p++) {
		if (*p == '@' || *p == '%')
			fputs(*p == '@' ? main_path : stations_path, out);
		else
			fputc(*p, out);
	}
	fclose(out);
	yaml_load_file(main_path, &config, &errors);
	lines = said(&errors);
	cr_expect_str_eq(lines, wanted, "said:\n%sinstead of:\n%s", lines, wanted);
	cr_expect_eq(config != NULL, errors.n_errors == 0);
	free(lines);
	free(wanted);
	yaml_errors_fini(&errors);
	return config;
}

Test(file, of_stations)
{
	struct config *config = load_both("", stations_path,
		"\xef\xbb\xbf# by the registry\n"
		"- {mac: \"02:00:00:00:00:02\", user: bob, location: campus/hall}\n"
		"- mac: \"02:00:00:00:00:01\"\n"
		"  user: ann\n",
		"");

	cr_assert_not_null(config);
	cr_assert(eq(u32, config->n_stations, 2));
	cr_expect_str_eq(config->stations[0].user, "ann");
	cr_expect(eq(u32, config->stations[0].pos.line, 3));
	cr_expect(eq(int, (int)config->stations[0].pos.file, CONFIG_FILE_STATIONS));
	cr_expect_str_eq(config->stations[1].user, "bob");
	cr_expect_str_eq(config->locations[config->stations[1].location].path, "campus/hall");
	config_free(config);
	/* Nobody is known yet. */
	config = load_both("", stations_path, "# nothing\n", "");
	cr_assert_not_null(config);
	cr_expect(eq(u32, config->n_stations, 0));
	config_free(config);
}

Test(file, of_stations_with_errors_names_itself)
{
	load_both("pinned: nonsense\n", stations_path,
		"- {mac: \"02:00:00:00:00:02\", usr: bob}\n"
		"- {mac: \"02:00:00:00:00:01\", location: campus/attic}\n"
		"- {mac: \"02:00:00:00:00:02\", user: carl}\n",
		"@:5:9: pinned: found \"nonsense\", expected a preset, a set of services: or a "
		"service type like _ipp._tcp\n"
		"%:1:30: stations[0].usr: found an unknown key, expected one of mac, user, role, "
		"location, ap, authenticated, addresses (did you mean \"user\"?)\n"
		"%:2:40: stations[1].location: found \"campus/attic\", expected the path of a "
		"location\n"
		"%:3:9: stations[2].mac: found the address of the station at line 1, expected "
		"another\n");
	load_both("", stations_path, "- {mac: \"02:00:00:00:00:02\"\n",
		"%:2:1: invalid YAML: did not find expected ',' or '}' while parsing a flow "
		"mapping that starts at 1:3\n");
	load_both("", stations_path, "stations: []\n",
		"%:1:1: stations: found a map, expected a list of maps\n");
	load_both("", stations_path, "--- []\n--- []\n",
		"%:2:1: found a second document (---), expected one\n");
}

Test(file, of_stations_that_cannot_be_read)
{
	load_both("", "/nowhere/who", NULL,
		"@:4:16: stations_file: /nowhere/who can't be read: No such file or directory\n");
	load_both("", "/dev/zero", NULL, "@:4:16: stations_file: /dev/zero is no regular file\n");
	load_both("", "who.yaml", NULL,
		"@:4:16: stations_file: found \"who.yaml\", expected an absolute path of at most "
		"1023 bytes\n");
	cr_assert(eq(int, mkfifo(stations_path, 0600), 0));
	load_both("", stations_path, NULL, "@:4:16: stations_file: % is no regular file\n");
	load_both("stations: []\n", stations_path, NULL,
		"@:4:1: stations_file: found stations too, expected one of both\n");
}
