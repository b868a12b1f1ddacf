/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/eal_args.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int eal_cpus_read(struct eal_cpus *out)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return -errno;
	out->n = 0;
	for (unsigned cpu = 0; cpu < CPU_SETSIZE && out->n < EAL_CPUS_MAX; cpu++) {
		if (CPU_ISSET(cpu, &set))
			out->cpu[out->n++] = cpu;
	}
	return out->n > 0 ? 0 : -ENODEV;
}

unsigned eal_default_workers(const struct eal_cpus *cpus)
{
	return cpus->n > 1 ? cpus->n - 1 : 1;
}

/* --- hugepages ------------------------------------------------------------------------------- */

static bool hugetlbfs_mounted(void)
{
	char line[1024], dir[512], type[32];
	FILE *f = fopen("/proc/mounts", "re");
	bool found = false;

	if (f == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%*s %511s %31s", dir, type) == 2 &&
			strcmp(type, "hugetlbfs") == 0)
			found = access(dir, W_OK) == 0;
	}
	fclose(f);
	return found;
}

static unsigned long read_number(const char *path)
{
	unsigned long n = 0;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return 0;
	if (fscanf(f, "%lu", &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

size_t eal_huge_free(void)
{
	static const char dir[] = "/sys/kernel/mm/hugepages";
	char path[sizeof(dir) + NAME_MAX + 32];
	struct dirent *e;
	size_t bytes = 0;
	DIR *d;

	if (!hugetlbfs_mounted())
		return 0;
	d = opendir(dir);
	if (d == NULL)
		return 0;
	while ((e = readdir(d)) != NULL) {
		unsigned long kb;

		if (sscanf(e->d_name, "hugepages-%lukB", &kb) != 1)
			continue;
		snprintf(path, sizeof(path), "%s/%s/free_hugepages", dir, e->d_name);
		bytes += read_number(path) * kb << 10;
	}
	closedir(d);
	return bytes;
}

/* --- putting the arguments together ---------------------------------------------------------- */

/* Options that say the same thing or forbid each other: of each group only the strongest source is
 * heard. */
enum group {
	G_NONE,
	G_LCORES,
	G_PREFIX,
	G_PCI,
	G_PAGES,
	G_SIZE,
};

static const struct {
	const char *name;
	enum group group;
} options[] = {
	{"-c", G_LCORES},
	{"-l", G_LCORES},
	{"--lcores", G_LCORES},
	{"-s", G_LCORES},
	{"-S", G_LCORES},
	{"--main-lcore", G_LCORES},
	{"--file-prefix", G_PREFIX},
	{"-a", G_PCI},
	{"-b", G_PCI},
	{"--allow", G_PCI},
	{"--block", G_PCI},
	{"--no-pci", G_PCI},
	{"--no-huge", G_PAGES},
	{"--in-memory", G_PAGES},
	{"--huge-dir", G_PAGES},
	{"--huge-unlink", G_PAGES},
	{"--legacy-mem", G_PAGES},
	{"-m", G_SIZE},
	{"--socket-mem", G_SIZE},
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

static enum group option_group(const char *arg)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		size_t len = strlen(options[i].name);

		if (strncmp(arg, options[i].name, len) != 0)
			continue;
		/* "-l0-1" and "-l 0-1", but "--allow" is no "--allow-x". */
		if (len == 2 || arg[len] == '\0' || arg[len] == '=')
			return options[i].group;
	}
	return G_NONE;
}

static unsigned groups_of(const char *const *args, unsigned n)
{
	unsigned groups = 0;

	for (unsigned i = 0; i < n; i++)
		groups |= 1u << option_group(args[i]);
	return groups & ~(1u << G_NONE);
}

static bool has_option(const struct eal_input *in, const char *name)
{
	for (unsigned i = 0; i < in->n_user; i++) {
		if (strcmp(in->user[i], name) == 0)
			return true;
	}
	for (unsigned i = 0; i < in->n_file; i++) {
		if (strcmp(in->file[i], name) == 0)
			return true;
	}
	return false;
}

static void put(struct eal_args *out, const char *arg)
{
	out->argv[out->argc++] = (char *)(uintptr_t)arg;
}

/* A value that stands in an argument of its own ("-m", "512") goes with its option. */
static void put_file(struct eal_args *out, const struct eal_input *in, unsigned taken)
{
	for (unsigned i = 0; i < in->n_file; i++) {
		bool keep = (taken & 1u << option_group(in->file[i])) == 0;
		bool value = i + 1 < in->n_file && in->file[i + 1][0] != '-';

		if (keep)
			put(out, in->file[i]);
		if (value) {
			i++;
			if (keep)
				put(out, in->file[i]);
		}
	}
}

/*
 * "0@c0,1@c1,...": lcore 0 is control, on the first CPU; workers take the CPUs behind it in turn,
 * and share control's when there are more of them, since it sleeps most of the time.
 */
static char *lcores_text(const struct eal_input *in)
{
	size_t size = (in->workers + 1) * 24 + 16, used;
	char *text = malloc(size);

	if (text == NULL)
		return NULL;
	used = (size_t)snprintf(text, size, "--lcores=0@%u", in->cpus->cpu[0]);
	for (unsigned w = 1; w <= in->workers; w++)
		used += (size_t)snprintf(
			text + used, size - used, ",%u@%u", w, in->cpus->cpu[w % in->cpus->n]);
	return text;
}

struct texts {
	char prefix[64];
	char size[32];
	char *lcores;
};

int eal_args_make(const struct eal_input *in, struct eal_args *out)
{
	unsigned user = groups_of(in->user, in->n_user);
	unsigned taken = user | groups_of(in->file, in->n_file);
	bool pages_given = (taken & 1u << G_PAGES) != 0;
	struct texts *t;

	memset(out, 0, sizeof(*out));
	out->argv = calloc(in->n_file + in->n_user + 16, sizeof(*out->argv));
	out->memory = t = calloc(1, sizeof(*t));
	if (out->argv == NULL || t == NULL)
		goto nomem;
	t->lcores = lcores_text(in);
	if (t->lcores == NULL)
		goto nomem;
	snprintf(t->prefix, sizeof(t->prefix), "--file-prefix=linkspan-%s", in->id);
	snprintf(t->size, sizeof(t->size), "%zu", (in->need + (1u << 20) - 1) >> 20);

	put(out, in->program);
	put(out, "--log-level=lib.telemetry:error"); /* it warns of a socket nobody misses */
	if ((taken & 1u << G_PREFIX) == 0)
		put(out, t->prefix);
	if ((taken & 1u << G_LCORES) == 0) {
		put(out, t->lcores);
		out->own_lcores = true;
	}
	/* Ports are probed by name later, so that an error names the port: allow nothing before. */
	if ((taken & 1u << G_PCI) == 0)
		put(out, in->pci ? "--allow=0000:00:00.0" : "--no-pci");
	if (!pages_given && in->huge_free < in->need) {
		out->no_huge = true;
		put(out, "--no-huge");
	}
	if ((taken & 1u << G_SIZE) == 0 && (!pages_given || has_option(in, "--no-huge"))) {
		put(out, "-m");
		put(out, t->size);
	}
	put_file(out, in, user);
	for (unsigned i = 0; i < in->n_user; i++)
		put(out, in->user[i]);
	return 0;

nomem:
	eal_args_free(out);
	return -ENOMEM;
}

void eal_args_free(struct eal_args *args)
{
	struct texts *t = args->memory;

	if (t != NULL)
		free(t->lcores);
	free(t);
	free(args->argv);
	memset(args, 0, sizeof(*args));
}

const char *eal_args_text(const struct eal_args *args, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (int i = 1; i < args->argc; i++) {
		int n = snprintf(buf + used, size - used, "%s%s", i > 1 ? " " : "", args->argv[i]);

		if (n < 0 || (size_t)n >= size - used)
			break;
		used += (size_t)n;
	}
	return buf;
}

/* The files of hugepages in one file system: NAMEmap_0, ... */
static void huge_remove(const char *dir, const char *name)
{
	size_t len = strlen(name);
	struct dirent *e;
	DIR *d = opendir(dir);

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL)
		if (strncmp(e->d_name, name, len) == 0 && strncmp(e->d_name + len, "map_", 4) == 0)
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
}

void eal_huge_remove(const char *runtime_dir)
{
	const char *name = strrchr(runtime_dir, '/');
	char line[1024], dir[512], type[32];
	FILE *f = name != NULL && name[1] != '\0' ? fopen("/proc/mounts", "re") : NULL;

	if (f == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%*s %511s %31s", dir, type) == 2 &&
			strcmp(type, "hugetlbfs") == 0)
			huge_remove(dir, name + 1);
	fclose(f);
}

void eal_runtime_remove(const char *dir)
{
	struct dirent *e;
	DIR *d = opendir(dir);

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			unlinkat(dirfd(d), e->d_name, 0);
	}
	closedir(d);
	rmdir(dir);
}
