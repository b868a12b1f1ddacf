/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_eal.h>

#include "base/log.h"
#include "dataplane/fast.h"
#include "management/eal_args.h"
#include "tests/packet/scenario.h"

/*
 * packet_runner [-v] [-j WORKERS] [-s SEED] [-w FILE] [-r DIRECTORY] FILE|DIRECTORY...
 *
 * Runs packet scenarios, one after the other in this one process, so that what one leaks the next
 * one meets. -j: as if each said `workers N`. -s: other random delays; no scenario may depend on
 * them. -w: writes what the gateway sent as a capture file. -r: captures to replay as well, if the
 * directory is there.
 */

#define PATHS_MAX 1024

struct job {
	char *path[PATHS_MAX];
	unsigned n;
	unsigned skipped; /* directories of -r that are not there */
	struct scenario_options options;
};

#define EAL_ARGS 12

static int start_eal(void)
{
	static const char *const fixed[] = {"runner", "--no-huge", "-m", "512", "--no-shconf",
		"--no-telemetry", "--no-pci", "--log-level=lib.eal:error", "-l"};
	static char arg[EAL_ARGS][64]; /* EAL keeps and permutes them */
	char *argv[EAL_ARGS + 1];
	cpu_set_t cpus;
	int cpu = 0, n = 0;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, &cpus))
			cpu++;
	for (unsigned i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		snprintf(arg[n++], sizeof(arg[0]), "%s", fixed[i]);
	snprintf(arg[n++], sizeof(arg[0]), "%d", cpu);
	snprintf(arg[n++], sizeof(arg[0]), "--file-prefix=linkspan-packet-%d", (int)getpid());
	for (int i = 0; i < n; i++)
		argv[i] = arg[i];
	argv[n] = NULL;
	return rte_eal_init(n, argv) < 0 ? -1 : gateway_prepare();
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_path(struct job *j, const char *path)
{
	if (j->n == PATHS_MAX)
		return -1;
	j->path[j->n] = strdup(path);
	return j->path[j->n++] != NULL ? 0 : -1;
}

/* Scenarios of a directory: its *.txt, and its captures, *.pcap. */
static int add_directory(struct job *j, const char *dir)
{
	unsigned first = j->n;
	struct dirent *e;
	char path[4096];
	DIR *d = opendir(dir);
	int rc = 0;

	if (d == NULL)
		return -1;
	while (rc == 0 && (e = readdir(d)) != NULL) {
		const char *dot = strrchr(e->d_name, '.');

		if (dot == NULL || (strcmp(dot, ".txt") != 0 && strcmp(dot, ".pcap") != 0))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		rc = add_path(j, path);
	}
	closedir(d);
	qsort(j->path + first, j->n - first, sizeof(j->path[0]), by_name);
	return rc;
}

static int add_argument(struct job *j, const char *arg)
{
	struct stat st;

	if (stat(arg, &st) < 0) {
		fprintf(stderr, "%s: %s\n", arg, strerror(errno));
		return -1;
	}
	return S_ISDIR(st.st_mode) ? add_directory(j, arg) : add_path(j, arg);
}

/* Captures that not every checkout has beside it. */
static int add_captures(struct job *j, const char *dir)
{
	struct stat st;

	if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
		return add_directory(j, dir);
	printf("skipped: no captures\n");
	j->skipped++;
	return 0;
}

static int run(struct job *j)
{
	unsigned passed = 0, failed = 0;

	for (unsigned i = 0; i < j->n; i++) {
		const char *slash = strrchr(j->path[i], '/');
		const char *name = slash != NULL ? slash + 1 : j->path[i];
		struct scenario *s = calloc(1, sizeof(*s));

		if (s == NULL)
			abort();
		if (scenario_run(s, j->path[i], &j->options) == 0) {
			printf("ok      %s%s\n", name, s->note);
			passed++;
		} else {
			printf("FAILED  %s\n%s\n", name, s->why);
			failed++;
		}
		fflush(stdout);
		scenario_free(s);
		free(s);
	}
	if (j->skipped > 0)
		printf("%u passed, %u failed, %u skipped\n", passed, failed, j->skipped);
	else
		printf("%u passed, %u failed\n", passed, failed);
	return failed == 0 && passed > 0 ? 0 : 1;
}

static int usage(void)
{
	fprintf(stderr, "usage: packet_runner [-v] [-p] [-x VERSION] [-j WORKERS] [-s SEED] [-w "
			"FILE] [-r DIRECTORY] "
			"FILE|DIRECTORY...\n");
	return 2;
}

int main(int argc, char **argv)
{
	static struct job j = {.options = {.seed = 20240229}};
	int opt, rc, quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
	const char *log = "info"; /* as in earnest: lines count, seen or not */
	char dir[4096];

	log_set_fd(quiet);
	j.options.fast = dp_fast_choose(NULL);

	while ((opt = getopt(argc, argv, "vpx:j:s:w:r:")) != -1) {
		if (opt == 'v') {
			log = "debug";
			log_set_fd(STDERR_FILENO);
		}
		if (opt == 'p')
			j.options.plain = true;
		if (opt == 'x') {
			j.options.fast = dp_fast_choose(optarg);
			if (j.options.fast == NULL) {
				printf("skipped: this machine cannot run %s\n", optarg);
				return 77;
			}
		}
		if (opt == 'j')
			j.options.workers = (unsigned)atoi(optarg);
		else if (opt == 's')
			j.options.seed = strtoull(optarg, NULL, 0);
		else if (opt == 'w' && (j.options.pcap = pcap_open(optarg)) == NULL)
			fprintf(stderr, "%s: %s\n", optarg, strerror(errno));
		else if (opt == 'r' && add_captures(&j, optarg) < 0)
			return 2;
		if (opt == '?' || (opt == 'w' && j.options.pcap == NULL))
			return usage();
	}
	if (optind == argc)
		return usage();
	for (int i = optind; i < argc; i++)
		if (add_argument(&j, argv[i]) < 0)
			return 2;
	log_set_level(log);
	if (start_eal() < 0)
		return 2;
	rc = run(&j);
	if (j.options.pcap != NULL && pcap_close(j.options.pcap) < 0)
		rc = 1;
	for (unsigned i = 0; i < j.n; i++)
		free(j.path[i]);
	snprintf(dir, sizeof(dir), "%s", rte_eal_get_runtime_dir());
	rte_eal_cleanup();
	eal_runtime_remove(dir);
	close(quiet);
	return rc;
}
