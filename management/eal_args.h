/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * EAL arguments (DESIGN §3): what the gateway computes, the configuration's `eal:` map, and what
 * stood behind "--" on the command line, in rising precedence. EAL takes offence at many options
 * given twice, so of two that say the same thing only the stronger is passed on. Main thread,
 * before EAL.
 */

#define EAL_CPUS_MAX 1024

/* CPUs this process may run on, ascending. */
struct eal_cpus {
	unsigned n;
	unsigned cpu[EAL_CPUS_MAX];
};

/* Reads the process's affinity. 0 or a negative errno. */
int eal_cpus_read(struct eal_cpus *out);

/* Bytes of free hugepages that EAL could map: 0 without a writable hugetlbfs mount or without /sys.
 */
size_t eal_huge_free(void);

/* Workers when the configuration names no number: all CPUs but one, at least one. */
unsigned eal_default_workers(const struct eal_cpus *cpus);

struct eal_input {
	const char *program;
	const char *id;   /* gateway.id */
	unsigned workers; /* lcores beside the main one */
	const struct eal_cpus *cpus;
	bool pci;                /* a port is a PCI device */
	size_t need;             /* bytes of memory */
	size_t huge_free;        /* eal_huge_free() */
	const char *const *file; /* config->eal */
	unsigned n_file;
	const char *const *user; /* behind "--" */
	unsigned n_user;
};

struct eal_args {
	char **argv; /* NULL-terminated; EAL permutes it */
	int argc;
	bool no_huge;    /* ordinary memory, by our own choice */
	bool own_lcores; /* the lcores are ours: workers + 1 of them */
	void *memory;    /* what argv points into */
};

/* Puts the arguments together. 0 or -ENOMEM. Free with eal_args_free() after rte_eal_cleanup(). */
int eal_args_make(const struct eal_input *in, struct eal_args *out);

void eal_args_free(struct eal_args *args);

/* All arguments in one line, for the log; buf cut to fit. Returns buf. */
const char *eal_args_text(const struct eal_args *args, char *buf, size_t size);

/* Gives back the hugepages of the EAL that had this runtime directory: DPDK leaves their files for
 * the next start of the same prefix, and the memory with them. After rte_eal_cleanup(). */
void eal_huge_remove(const char *runtime_dir);

/* Removes the files EAL leaves in its runtime directory, and the directory. After
 * rte_eal_cleanup(). */
void eal_runtime_remove(const char *dir);
