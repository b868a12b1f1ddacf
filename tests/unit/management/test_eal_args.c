/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "management/eal_args.h"

#define MIB ((size_t)1 << 20)

static const struct eal_cpus two = {.n = 2, .cpu = {0, 1}};
static const struct eal_cpus one = {.n = 1, .cpu = {3}};

static struct eal_input input(void)
{
	return (struct eal_input){
		.program = "linkspan", .id = "t", .workers = 1, .cpus = &two, .need = 100 * MIB};
}

/* The arguments behind the program's name and the quieted telemetry. */
static const char *text(const struct eal_input *in)
{
	static char buf[512];
	struct eal_args args;

	cr_assert_eq(eal_args_make(in, &args), 0);
	eal_args_text(&args, buf, sizeof(buf));
	eal_args_free(&args);
	return strchr(buf, ' ') + 1;
}

Test(eal_args, without_hugepages_ordinary_memory)
{
	struct eal_input in = input();

	cr_assert_str_eq(
		text(&in), "--file-prefix=linkspan-t --lcores=0@0,1@1 --no-pci --no-huge -m 100");
}

Test(eal_args, with_hugepages_enough)
{
	struct eal_input in = input();

	in.huge_free = 100 * MIB;
	cr_assert_str_eq(text(&in), "--file-prefix=linkspan-t --lcores=0@0,1@1 --no-pci -m 100");
}

Test(eal_args, pci_ports_are_probed_later_by_name)
{
	struct eal_input in = input();

	in.pci = true;
	cr_assert(strstr(text(&in), "--allow=0000:00:00.0") != NULL);
	cr_assert(strstr(text(&in), "--no-pci") == NULL);
}

Test(eal_args, more_workers_than_cpus_share_in_turn)
{
	struct eal_input in = input();

	in.workers = 3;
	cr_assert(strstr(text(&in), "--lcores=0@0,1@1,2@0,3@1 ") != NULL);
	in.cpus = &one;
	cr_assert(strstr(text(&in), "--lcores=0@3,1@3,2@3,3@3 ") != NULL);
	cr_assert_eq(eal_default_workers(&one), 1);
	cr_assert_eq(eal_default_workers(&two), 1);
}

/* What is given on the command line is not said twice, in whatever form it is given. */
Test(eal_args, the_command_line_wins)
{
	static const struct {
		const char *user[3];
		unsigned n;
		const char *expect;
	} cases[] = {
		{{"-l", "0-1"}, 2, "--file-prefix=linkspan-t --no-pci --no-huge -m 100 -l 0-1"},
		{{"-l0-1"}, 1, "--file-prefix=linkspan-t --no-pci --no-huge -m 100 -l0-1"},
		{{"--lcores=(0,1)@0"}, 1,
			"--file-prefix=linkspan-t --no-pci --no-huge -m 100 --lcores=(0,1)@0"},
		{{"--file-prefix", "x"}, 2,
			"--lcores=0@0,1@1 --no-pci --no-huge -m 100 --file-prefix x"},
		{{"-a", "0000:01:00.0"}, 2,
			"--file-prefix=linkspan-t --lcores=0@0,1@1 --no-huge -m 100 -a "
			"0000:01:00.0"},
		{{"--in-memory"}, 1,
			"--file-prefix=linkspan-t --lcores=0@0,1@1 --no-pci --in-memory"},
		{{"--no-huge"}, 1,
			"--file-prefix=linkspan-t --lcores=0@0,1@1 --no-pci -m 100 --no-huge"},
		{{"-m", "64"}, 2,
			"--file-prefix=linkspan-t --lcores=0@0,1@1 --no-pci --no-huge -m 64"},
		{{"--log-level=lib.eal:debug"}, 1,
			"--file-prefix=linkspan-t --lcores=0@0,1@1 --no-pci --no-huge -m 100 "
			"--log-level=lib.eal:debug"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct eal_input in = input();

		in.user = cases[i].user;
		in.n_user = cases[i].n;
		cr_assert_str_eq(text(&in), cases[i].expect, "case %zu: %s", i, text(&in));
	}
}

/* The eal: map stands between: it beats ours and yields to the command line. */
Test(eal_args, the_files_map_stands_between)
{
	static const char *const file[] = {"--lcores=0@0,1@0", "--vdev=net_null7"};
	static const char *const user[] = {"-l", "0-1"};
	struct eal_input in = input();

	in.file = file;
	in.n_file = 2;
	cr_assert_str_eq(text(&in), "--file-prefix=linkspan-t --no-pci --no-huge -m 100 "
				    "--lcores=0@0,1@0 --vdev=net_null7");
	in.user = user;
	in.n_user = 2;
	cr_assert_str_eq(text(&in), "--file-prefix=linkspan-t --no-pci --no-huge -m 100 "
				    "--vdev=net_null7 -l 0-1");
}

Test(eal_args, say_whether_lcores_and_memory_are_ours)
{
	static const char *const user[] = {"-l", "0-1", "--no-huge"};
	struct eal_input in = input();
	struct eal_args args;

	cr_assert_eq(eal_args_make(&in, &args), 0);
	cr_assert(args.own_lcores);
	cr_assert(args.no_huge);
	cr_assert_null(args.argv[args.argc]);
	eal_args_free(&args);

	in.user = user;
	in.n_user = 3;
	cr_assert_eq(eal_args_make(&in, &args), 0);
	cr_assert_not(args.own_lcores);
	cr_assert_not(args.no_huge, "the operator's choice needs no notice");
	eal_args_free(&args);
}

Test(eal_args, a_runtime_directory_is_emptied_and_removed)
{
	char dir[] = "/tmp/linkspan-test-XXXXXX", file[64];
	FILE *f;

	cr_assert_not_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/config", dir);
	f = fopen(file, "w");
	cr_assert_not_null(f);
	fclose(f);
	eal_runtime_remove(dir);
	cr_assert_neq(access(dir, F_OK), 0);
	eal_runtime_remove(dir); /* nothing there: nothing happens */
}
